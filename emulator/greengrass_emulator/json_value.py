"""JSON values before a model has read them, and the one walk over their leaves."""

from collections.abc import Iterator, Sequence
from typing import TypeAlias

from pydantic import JsonValue

__all__ = ["JsonObject", "JsonPath", "JsonValue", "json_pointer", "key_path", "leaves", "object_in", "value_at"]

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


def object_in(value: JsonValue, *steps: str) -> JsonObject:
    """Return the object at a path within a value; an empty one where there is none."""
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value if isinstance(value, dict) else {}


def value_at(value: JsonValue, path: Sequence[str]) -> JsonValue:
    """Return the value under a path in an object. Raises KeyError if there is none."""
    found = value
    for key in path:
        if not isinstance(found, dict) or key not in found:
            raise KeyError("/" + "/".join(path))
        found = found[key]
    return found


def key_path(pointer: str) -> JsonPath:
    """Return the path of a JSON pointer (RFC 6901), the inverse of ``json_pointer``. ``/`` is the document, too."""
    if not pointer or pointer == "/":
        return ()
    return tuple(part.replace("~1", "/").replace("~0", "~") for part in pointer.removeprefix("/").split("/"))
