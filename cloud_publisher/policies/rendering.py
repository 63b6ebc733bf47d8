"""Fills in the named parameters of a policy document.

``${Name}`` is ours; ``${prefix:name}`` is AWS's own variable and stays. Pure: texts and parameters in, texts out.
"""

import json
import re
from dataclasses import dataclass
from typing import Literal

from cloud_publisher.errors import WorkFailedError
from cloud_publisher.policies.parameters import Parameters, Value
from shared_schema.json_value import JsonValue, leaves, with_texts

Kind = Literal["identity", "trust", "bucket", "key", "iot"]
_PARAMETER = re.compile(r"\$\{([A-Za-z]+)\}")
_KINDS: dict[str, Kind] = {"artifact-bucket": "bucket", "artifact-key": "key", "core-device": "iot"}
_OF_DEV = ("artifact-", "build-role", "pipeline-role")


@dataclass(frozen=True, slots=True)
class RenderedPolicy:
    """A complete document. ``kind`` says what it is attached to, ``account`` in which account."""

    name: str
    kind: Kind
    account: str
    text: str


def render_policy(name: str, text: str, parameters: Parameters) -> RenderedPolicy:
    """Fill in one document. A statement whose resource or principal would be an empty list is left out.

    Raises ``WorkFailedError`` for a document that names a parameter which does not exist: a fault of this package.
    """
    document = json.loads(text)
    statements = [filled for each in document["Statement"] if (filled := _filled(each, parameters, name)) is not None]
    complete = {**document, "Statement": statements}
    account = parameters.text("DevAccount" if name.startswith(_OF_DEV) else "TargetAccount")
    return RenderedPolicy(name, kind_of(name), account, json.dumps(complete, indent=2) + "\n")


def kind_of(name: str) -> Kind:
    """Return what a document of this name is attached to."""
    return "trust" if name.endswith(".trust") else _KINDS.get(name, "identity")


def _filled(statement: JsonValue, parameters: Parameters, name: str) -> JsonValue:
    """Return the statement, filled in; None if a list in it is empty: it would name no principal or no resource."""
    filled = with_texts(statement, lambda text: _text(text, parameters, name))
    return None if any(leaf == [] for _, leaf in leaves(filled)) else filled


def _text(text: str, parameters: Parameters, name: str) -> JsonValue:
    whole = _PARAMETER.fullmatch(text)
    if whole:
        value = _of(whole[1], parameters, name)
        return list(value) if isinstance(value, tuple) else value

    def fill(match: re.Match[str]) -> str:
        value = _of(match[1], parameters, name)
        if not isinstance(value, str):
            raise WorkFailedError(
                f"Policy document {name} puts the list {match[1]} inside a text: {text}",
                "make the text that parameter and nothing else",
            )
        return value

    return _PARAMETER.sub(fill, text)


def _of(parameter: str, parameters: Parameters, name: str) -> Value:
    if parameter not in parameters.values:
        raise WorkFailedError(
            f"Policy document {name} names a parameter ${{{parameter}}} that does not exist",
            f"use one of: {', '.join(sorted(parameters.values))}",
        )
    return parameters.values[parameter]
