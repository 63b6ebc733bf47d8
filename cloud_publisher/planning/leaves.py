"""Two JSON documents side by side, leaf by leaf. Pure."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from shared_schema.plan import ValueChange


def changed_leaves(before: Any, after: Any) -> list[ValueChange]:
    """Return every leaf that differs, with its JSON pointer, in the documents' order; a list counts as one leaf."""
    old, new = dict(_leaves(before, "")), dict(_leaves(after, ""))
    return [
        ValueChange(pointer=pointer, before=old.get(pointer), after=new.get(pointer))
        for pointer in dict.fromkeys([*old, *new])
        if old.get(pointer) != new.get(pointer)
    ]


def _leaves(value: Any, pointer: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping) and value:
        for key, inner in value.items():
            step = str(key).replace("~", "~0").replace("/", "~1")
            yield from _leaves(inner, f"{pointer}/{step}")
    elif value is not None and value != {}:
        yield pointer, json.dumps(value, ensure_ascii=False, sort_keys=True)
