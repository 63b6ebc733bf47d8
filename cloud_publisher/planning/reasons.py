"""Why a component would be built again: which file, dependency or setting changed. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any

from cloud_publisher.planning.leaves import changed_leaves
from shared_schema.plan import ValueChange

_SHOWN = 10
_DEPENDENCIES = "/ComponentDependencies/"


def reasons(before: Mapping[str, Any], after: Mapping[str, Any], since: str) -> list[str]:
    """Return the differences of two listings as text. ``since`` is the version whose listing ``before`` is."""
    found = [*_files(before.get("root") or {}, after.get("root") or {})]
    found += _recipe(before.get("recipe") or {}, after.get("recipe") or {})
    found += _others(before, after)
    more = [f"and {len(found) - _SHOWN} more changes"] if len(found) > _SHOWN else []
    return [*found[:_SHOWN], *more] or [f"its content differs from {since}'s"]


def _files(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    old, new = before.get("files") or {}, after.get("files") or {}
    for name in sorted(old.keys() | new.keys()):
        if name not in old:
            yield f"new file {name}"
        elif name not in new:
            yield f"file {name} is gone"
        elif old[name] != new[name]:
            yield f"file {name} changed"
    executable = set(after.get("executable") or ())
    for name in sorted((executable ^ set(before.get("executable") or ())) & old.keys() & new.keys()):
        yield f"file {name} {'became' if name in executable else 'is no longer'} executable"
    links = before.get("links") or {}, after.get("links") or {}
    for name in sorted(name for name in links[0].keys() | links[1].keys() if links[0].get(name) != links[1].get(name)):
        yield f"link {name} changed"


def _recipe(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for change in changed_leaves(before, after):
        name, _, rest = change.pointer.removeprefix(_DEPENDENCIES).rpartition("/")
        if change.pointer.startswith(_DEPENDENCIES) and rest == "VersionRequirement":
            yield f"dependency {name}: {_from_to(change)}"
        else:
            yield f"recipe {change.pointer}: {_from_to(change)}"


def _others(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    words = {"model": "model data", "command": "build command", "build": "build system", "wheels": "wheels"}
    for key in sorted((before.keys() | after.keys()) - {"root", "recipe"}):
        if before.get(key) == after.get(key):
            continue
        if key == "wheels":
            for change in changed_leaves(before.get(key), after.get(key)):
                yield f"wheels {change.pointer}: {_from_to(change)}"
        elif key == "model":
            yield "the model data changed"
        else:
            (change, *_) = changed_leaves({key: before.get(key)}, {key: after.get(key)})
            yield f"{words.get(key, key)}: {_from_to(change)}"


def _from_to(change: ValueChange) -> str:
    return f"{_short(change.before)} → {_short(change.after)}"


def _short(text: str | None) -> str:
    if text is None:
        return "absent"
    return text if len(text) <= 60 else f"{text[:57]}…"
