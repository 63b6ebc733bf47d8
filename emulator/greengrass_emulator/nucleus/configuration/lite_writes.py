"""How lite's store writes a configuration: leaf by leaf, and not every leaf. Pure.

A value never replaces an object, nor an object a value. A leaf that is too long is refused. A leaf that was written
later stays. (ggconfigd: ``ggconfig_process_map`` and ``ggconfig_process_nonmap``; db_interface.c,
``create_key_path``, ``ggconfig_write_value_at_key`` and ``ggconfig_write_empty_map``.)
"""

import json
from collections.abc import Callable, Iterator

from greengrass_emulator.json_value import JsonObject, JsonPath, JsonValue, json_pointer, value_at
from greengrass_emulator.nucleus.configuration.changes import Written, writes
from greengrass_emulator.nucleus.errors import LeafRefused

_LONGEST_LEAF = 1_024
"""Bytes of JSON: ggconfigd's buffer for one encoded leaf."""


def lite_writes(
    current: JsonObject, value: JsonObject, at: float, written_at: Callable[[JsonPath], float]
) -> Iterator[Written]:
    """The writes that lay ``value`` over a configuration, in their order; ``at`` and ``written_at`` in seconds.

    An unchanged leaf is written too, which makes it younger. Raises ``LeafRefused`` at the leaf's turn.
    """
    for leaf in writes(value):
        _refuse(current, leaf)
        stands = _standing(current, leaf.path) is not None
        if not stands or (not isinstance(leaf.value, dict) and written_at(leaf.path) <= at):
            yield leaf


def _refuse(current: JsonObject, leaf: Written) -> None:
    place = json_pointer(leaf.path)
    for length in range(1, len(leaf.path)):
        above = _standing(current, leaf.path[:length])
        if above is not None and not isinstance(above, dict):
            raise LeafRefused(f"{json_pointer(leaf.path[:length])} holds a value, and {place} wants an object there")
    standing = _standing(current, leaf.path)
    if isinstance(leaf.value, dict):
        if standing is not None and not isinstance(standing, dict):
            raise LeafRefused(f"{place} holds a value, and no object is put in its place")
        return
    if isinstance(standing, dict):
        raise LeafRefused(f"{place} is an object, and no value is put in its place")
    size = len(json.dumps(leaf.value, ensure_ascii=False, separators=(",", ":")).encode())
    if size > _LONGEST_LEAF:
        raise LeafRefused(f"{place} has {size} bytes as JSON, and {_LONGEST_LEAF} is the most of a leaf")


def _standing(current: JsonObject, path: JsonPath) -> JsonValue:
    """Return the value under a path, null as text; None if there is none."""
    try:
        found = value_at(current, path)
    except KeyError:
        return None
    return "null" if found is None else found
