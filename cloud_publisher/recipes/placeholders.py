"""A config's placeholders: ``$COMPONENT_NAME$`` in any text, and the seed's bare ``COMPONENT_NAME`` in artifact URIs.

A bare name in a script is left as it is: there it may be a shell variable's.
"""

import re
from collections.abc import Iterator
from typing import Literal

from shared_schema.json_value import JsonValue

BUCKET, NAME, VERSION = "BUCKET_NAME", "COMPONENT_NAME", "COMPONENT_VERSION"
KNOWN = (BUCKET, NAME, VERSION)
Fills = Literal["nothing", "marked", "both spellings"]
"""The placeholders that are filled in at a place: none, ``$NAME$`` (recipes), or ``NAME`` too (artifact URIs)."""

# `$MODEL$SUFFIX` in a script is two shell variables, not a placeholder: no name may continue after it.
_MARKED = re.compile(r"\$([A-Z][A-Z0-9_]*)\$(?![A-Za-z0-9_{(])")
_BARE = re.compile(r"(?<![A-Za-z0-9_${])(" + "|".join(KNOWN) + r")(?![A-Za-z0-9_$])")


def filled(text: str, values: dict[str, str]) -> str:
    """Return the text with each ``$NAME$`` of ``values`` replaced."""
    return _MARKED.sub(lambda match: values.get(match[1], match[0]), text)


def filled_everywhere(value: JsonValue, values: dict[str, str]) -> JsonValue:
    """Return a JSON value with ``filled`` applied to every text and key."""
    if isinstance(value, str):
        return filled(value, values)
    if isinstance(value, dict):
        return {filled(key, values): filled_everywhere(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [filled_everywhere(inner, values) for inner in value]
    return value


def filled_name(text: str, values: dict[str, str]) -> str:
    """Return an artifact's file name with placeholders of either spelling replaced."""
    return _BARE.sub(lambda match: values.get(match[1], match[0]), filled(text, values))


def left_over(text: str, fills: Fills) -> Iterator[tuple[str, str]]:
    """Yield each placeholder that stays in a text, and the remedy; ``fills`` says what is filled in at its place."""
    for match in _MARKED.finditer(text):
        if fills == "nothing":
            yield match[0], "write the value itself: nothing is filled in here"
        elif match[1] not in KNOWN:
            yield match[0], f"write the value itself, or one of {', '.join(f'${name}$' for name in KNOWN)}"
    if fills != "both spellings":
        for match in _BARE.finditer(text):
            marked = f"${match[0]}$ (the bare name is for artifact URIs), or " if fills == "marked" else ""
            yield match[0], f"write {marked}the value itself"
