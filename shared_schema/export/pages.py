"""Reference pages for people, from the same JSON Schemas that editors use: each key, its type, default and meaning."""

import json
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel, Field

from shared_schema.config import Config
from shared_schema.export.schemas import OTHER_SPELLING_OF, json_schema
from shared_schema.json_value import JsonValue
from shared_schema.model_manifest import ModelManifest

_REFERENCE = "#/$defs/"


class _Schema(BaseModel):
    """A JSON Schema, or a part of one, as far as the pages show it."""

    ref: str | None = Field(default=None, alias="$ref")
    definitions: dict[str, "_Schema"] = Field(default_factory=dict, alias="$defs")
    description: str = ""
    type: str | None = None
    const: JsonValue = None
    enum: list[JsonValue] | None = None
    any_of: list["_Schema"] = Field(default_factory=list, alias="anyOf")
    one_of: list["_Schema"] = Field(default_factory=list, alias="oneOf")
    items: "_Schema | None" = None
    properties: dict[str, "_Schema"] = Field(default_factory=dict)
    required: list[str] = Field(default_factory=list)
    pattern_properties: dict[str, "_Schema"] = Field(default_factory=dict, alias="patternProperties")
    additional_properties: "_Schema | bool | None" = Field(default=None, alias="additionalProperties")
    default: JsonValue = None
    minimum: float | None = None
    maximum: float | None = None
    exclusive_minimum: float | None = Field(default=None, alias="exclusiveMinimum")
    other_spelling_of: str | None = Field(default=None, alias=OTHER_SPELLING_OF)

    @property
    def values(self) -> "_Schema | None":
        """The schema of a mapping's values, if there is one."""
        for pattern in self.pattern_properties.values():
            return pattern
        return self.additional_properties if isinstance(self.additional_properties, _Schema) else None

    def references(self) -> Iterator[str]:
        """Yield the names of the definitions that it uses itself."""
        if self.ref is not None:
            yield self.ref.removeprefix(_REFERENCE)
        parts = [*self.any_of, *self.one_of, self.items, self.values, *self.properties.values()]
        for part in parts:
            if part is not None:
                yield from part.references()


@dataclass(frozen=True, slots=True)
class _Page:
    title: str
    opening: str
    schema: _Schema


def reference_pages() -> dict[str, str]:
    """Return the text of each page, by its name in ``docs/``."""
    pages = {
        "config-reference": _Page(
            "Config reference: `greengrass-config.yml`",
            "Every key of the file that says what is released. An unknown key is a fault, and `cloud-publisher "
            "validate` says which\none was meant. In text that names an artifact, `BUCKET_NAME`, `COMPONENT_NAME` and "
            "`COMPONENT_VERSION`, also written\n`$BUCKET_NAME$` and so on, are filled in by the build.",
            _Schema.model_validate(json_schema(Config)),
        ),
        "model-reference": _Page(
            "Model reference: `model.yaml`",
            "Every key of a model component's manifest. With it a component is hot-reloadable; `edge-agent check "
            "FOLDER` vets the\nfolder on a laptop as a device will.",
            _Schema.model_validate(json_schema(ModelManifest)),
        ),
    }
    return {name: _text(page) for name, page in pages.items()}


def _text(page: _Page) -> str:
    lines = [
        f"# {page.title}",
        "",
        "<!-- Written by `make schemas` from shared_schema; edit the docstrings there. -->",
        "",
        page.opening,
        "",
    ]
    definitions = page.schema.definitions
    lines += _section("The whole file", page.schema)
    for name in _in_order_of_use(page.schema, definitions):
        lines += _section(name, definitions[name])
    return "\n".join(lines).rstrip() + "\n"


def _section(name: str, schema: _Schema) -> list[str]:
    lines = [f"## {name}", ""]
    if schema.description and name != "The whole file":
        lines += [_plain(schema.description), ""]
    if not schema.properties:
        return lines
    lines += ["| key | type | default | meaning |", "|---|---|---|---|"]
    others = {key: value.other_spelling_of for key, value in schema.properties.items() if value.other_spelling_of}
    for key, value in schema.properties.items():
        if key in others:
            continue
        shown = " or ".join(f"`{each}`" for each in (key, *(other for other in others if others[other] == key)))
        default = "required" if key in schema.required else _default(value)
        lines.append(f"| {shown} | {_type(value)} | {default} | {_cell(value.description)} |")
    return [*lines, ""]


def _in_order_of_use(schema: _Schema, definitions: dict[str, _Schema]) -> list[str]:
    """Return the definitions in the order of their first use, from the top of the file downwards."""
    met: list[str] = []
    waiting = [schema]
    while waiting:
        for value in waiting.pop(0).properties.values():
            for name in value.references():
                if name not in met:
                    met.append(name)
                    waiting.append(definitions[name])
    return met


def _type(value: _Schema) -> str:
    if value.ref is not None:
        name = value.ref.removeprefix(_REFERENCE)
        return f"[{name}](#{name.lower()})"
    if value.const is not None:
        return f"`{value.const}`"
    if value.enum is not None:
        return " or ".join(f"`{each}`" for each in value.enum)
    branches = value.any_of or value.one_of
    if branches:
        return " or ".join(dict.fromkeys(_type(each) for each in branches if each.type != "null"))
    match value.type:
        case "array":
            return f"list of {_type(value.items or _Schema())}"
        case "object":
            return f"mapping to {_type(value.values)}" if value.values else "mapping"
        case kind:
            words = {"string": "text", "boolean": "true or false", "integer": "whole number", "number": "number"}
            return words.get(str(kind), "anything") + _bounds(value)


def _bounds(value: _Schema) -> str:
    bounds = {"≥": value.minimum, "≤": value.maximum, ">": value.exclusive_minimum}
    shown = [f"{sign} {bound:g}" for sign, bound in bounds.items() if bound is not None]
    return f" ({', '.join(shown)})" if shown else ""


def _default(value: _Schema) -> str:
    return "" if value.default in (None, []) else f"`{json.dumps(value.default)}`"


def _plain(text: str) -> str:
    return text.replace("``", "`")


def _cell(text: str) -> str:
    return _plain(" ".join(text.split())).replace("|", "\\|")
