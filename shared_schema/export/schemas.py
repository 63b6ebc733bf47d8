"""JSON Schemas of our documents and messages, for editors and for other teams' programs.

They are pydantic's own, with three changes: every spelling that a field may have, the docstring below each field, and
no titles, which would only repeat the keys.
"""

import ast
import inspect
import itertools
import json
import textwrap
from typing import Any

from pydantic import AliasChoices, BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from shared_schema.config import Config
from shared_schema.deployment import DeploymentTemplate
from shared_schema.desired_state import DesiredState
from shared_schema.json_value import JsonObject
from shared_schema.messages import CommandReply, Confirmation, Health, Prediction, PublishedPrediction
from shared_schema.model_manifest import ModelManifest
from shared_schema.plan import Plan
from shared_schema.recipe import Recipe
from shared_schema.release import Release
from shared_schema.settings import AgentSettings
from shared_schema.shadow import ShadowReport

DOCUMENTS: dict[str, type[BaseModel]] = {
    "agent-settings": AgentSettings,
    "command-reply": CommandReply,
    "config": Config,
    "confirmation": Confirmation,
    "deployment": DeploymentTemplate,
    "desired-state": DesiredState,
    "health": Health,
    "model-manifest": ModelManifest,
    "plan": Plan,
    "prediction": Prediction,
    "published-prediction": PublishedPrediction,
    "recipe": Recipe,
    "release": Release,
    "shadow-report": ShadowReport,
}
"""The exported models, by the names of their files."""
OTHER_SPELLING_OF = "x-other-spelling-of"
"""Our own annotation of a property with another spelling: its canonical key."""


def json_schema(model: type[BaseModel]) -> JsonObject:
    """Return the JSON Schema (draft 2020-12) of what the model reads."""
    schema = model.model_json_schema(by_alias=True, mode="validation", schema_generator=_ForEditors)
    return {"$schema": _ForEditors.schema_dialect, **schema}


def schema_texts() -> dict[str, str]:
    """Return the text of every exported schema, by its name in ``DOCUMENTS``."""
    return {
        name: json.dumps(json_schema(model), indent=2, ensure_ascii=False) + "\n" for name, model in DOCUMENTS.items()
    }


class _ForEditors(GenerateJsonSchema):
    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's signature
        return False

    def dict_schema(self, schema: core_schema.DictSchema) -> JsonSchemaValue:
        written = super().dict_schema(schema)
        if "patternProperties" in written:
            # A key that does not match the pattern is a fault to our models, so it must be one to an editor.
            written["additionalProperties"] = False
        return written

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        model: type[BaseModel] = schema["cls"]
        written = super().model_schema(schema)
        properties = written.get("properties", {})
        docstrings = _docstrings_of_fields(model)
        for name, field in model.model_fields.items():
            spellings = _spellings(field.validation_alias, name)
            found = properties.get(spellings[0])
            if found is None:
                continue
            if name in docstrings:
                found.setdefault("description", docstrings[name])
            for other in spellings[1:]:
                properties[other] = found | {OTHER_SPELLING_OF: spellings[0]}
            _require_one_of(written, spellings)
        written.pop("title", None)
        return written


def _require_one_of(written: JsonSchemaValue, spellings: list[str]) -> None:
    if len(spellings) > 1 and spellings[0] in written.get("required", []):
        written["required"].remove(spellings[0])
        written.setdefault("allOf", []).append({"anyOf": [{"required": [each]} for each in spellings]})
        if not written["required"]:
            del written["required"]


def _spellings(alias: Any, name: str) -> list[str]:
    if isinstance(alias, AliasChoices):
        return [choice for choice in alias.choices if isinstance(choice, str)]
    return [alias if isinstance(alias, str) else name]


def _docstrings_of_fields(model: type[BaseModel]) -> dict[str, str]:
    """Return the docstring below each field. Pydantic could read them too, but would slow every program's start."""
    docstrings: dict[str, str] = {}
    for ancestor in reversed(model.__mro__):
        if issubclass(ancestor, BaseModel) and ancestor.__module__.startswith("shared_schema."):
            docstrings |= _docstrings_in(ancestor)
    return docstrings


def _docstrings_in(model: type[Any]) -> dict[str, str]:
    tree = ast.parse(textwrap.dedent(inspect.getsource(model))).body[0]
    body = tree.body if isinstance(tree, ast.ClassDef) else []
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
