"""JSON values before a model has read them, the one walk over their leaves, and the one change of their texts."""

from collections.abc import Callable, Iterator
from typing import TypeAlias

from pydantic import JsonValue

__all__ = ["JsonObject", "JsonPath", "JsonValue", "json_pointer", "leaves", "with_texts"]

JsonObject: TypeAlias = dict[str, JsonValue]
JsonPath: TypeAlias = tuple[str, ...]


def leaves(value: JsonValue, path: JsonPath = ()) -> Iterator[tuple[JsonPath, JsonValue]]:
    """Yield the path and value of each leaf, depth first, in the document's order.

    A leaf is whatever is no object with keys: text, number, truth value, null, a list as a whole, an empty object.
    That is what both nuclei take for one value of a configuration.
    """
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, (*path, key))
    else:
        yield path, value


def json_pointer(path: JsonPath) -> str:
    """Return a path as a JSON pointer (RFC 6901), such as ``/models/digits``; empty for the document itself."""
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path)


def with_texts(value: JsonValue, changed: Callable[[str], JsonValue]) -> JsonValue:
    """Return a value with each text replaced by what ``changed`` returns for it. Keys stay as they are."""
    if isinstance(value, str):
        return changed(value)
    if isinstance(value, dict):
        return {key: with_texts(inner, changed) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_texts(inner, changed) for inner in value]
    return value
