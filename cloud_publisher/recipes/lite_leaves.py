"""The limits of lite's configuration store: it is a tree, and each leaf is written by itself."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

LONGEST_LEAF = 1_024
"""Bytes of a leaf's JSON (aws-greengrass-lite, ggconfigd: ggconfig_process_nonmap). A list is one leaf."""


def leaf_bytes(value: Any) -> int:
    """Return the bytes of a leaf as the store writes it: JSON without spaces, in UTF-8."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode())


def too_long_leaves(value: Any, place: str = "") -> Iterator[tuple[str, int]]:
    """Yield the JSON pointer and the bytes of each leaf that is too long; a deployment with one fails half written."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from too_long_leaves(inner, f"{place}/{key}")
    elif (size := leaf_bytes(value)) > LONGEST_LEAF:
        yield place, size
