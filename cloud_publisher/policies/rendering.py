"""Fills in the named parameters of a policy document.

``${Name}`` is ours; ``${prefix:name}`` is AWS's own variable and stays. Pure: texts and parameters in, texts out.
"""

import json
import re
from dataclasses import dataclass
from typing import Any, Literal

from cloud_publisher.errors import WorkFailedError
from cloud_publisher.policies.parameters import Parameters, Value

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


class _EmptyListError(Exception):
    """A list parameter is empty: the statement would name no principal or no resource."""


def _filled(statement: dict[str, Any], parameters: Parameters, name: str) -> dict[str, Any] | None:
    try:
        filled = _value(statement, parameters, name)
    except _EmptyListError:
        return None
    return dict(filled)


def _value(value: Any, parameters: Parameters, name: str) -> Any:
    if isinstance(value, dict):
        return {key: _value(inner, parameters, name) for key, inner in value.items()}
    if isinstance(value, list):
        return [_value(inner, parameters, name) for inner in value]
    return _text(value, parameters, name) if isinstance(value, str) else value


def _text(text: str, parameters: Parameters, name: str) -> str | list[str]:
    whole = _PARAMETER.fullmatch(text)
    if whole:
        value = _of(whole[1], parameters, name)
        if value == ():
            raise _EmptyListError
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
