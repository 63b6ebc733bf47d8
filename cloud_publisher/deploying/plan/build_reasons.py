"""Why a component would be built again: which file, dependency or setting changed. Pure."""

from collections.abc import Iterator

from pydantic import BaseModel, ConfigDict

from cloud_publisher.deploying.plan.differences import changed_leaves
from shared_schema.diagnostics import first_few
from shared_schema.json_value import JsonObject, JsonValue
from shared_schema.plan import ValueChange

_SHOWN = 10
_DEPENDENCIES = "/ComponentDependencies/"
_NAMES = {"command": "build command", "build": "build system"}
"""What people call a part of a listing, where its key does not say it."""


class _Root(BaseModel):
    """The files of a component's root: the digest of each, which are executable, and the links."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    files: dict[str, JsonValue] = {}
    executable: frozenset[str] = frozenset()
    links: dict[str, JsonValue] = {}


class _Listing(BaseModel):
    """What a version was made from (``artifacts.listings``). Every other part of it is in ``model_extra``."""

    model_config = ConfigDict(extra="allow", frozen=True)

    root: _Root = _Root()
    recipe: JsonObject = {}
    wheels: JsonObject | None = None

    @property
    def others(self) -> JsonObject:
        """The parts that no field has."""
        return self.model_extra or {}


def build_reasons(before: JsonObject, after: JsonObject, since: str) -> list[str]:
    """Return the differences of two listings as text. ``since`` is the version whose listing ``before`` is."""
    old, new = _Listing.model_validate(before), _Listing.model_validate(after)
    found = [*_files(old.root, new.root), *_recipe(old.recipe, new.recipe), *_others(old.others, new.others)]
    wheels = changed_leaves(old.wheels or {}, new.wheels or {})
    found += [f"wheels {change.pointer}: {_from_to(change)}" for change in wheels]
    return first_few(found, _SHOWN) or [f"its content differs from {since}'s"]


def _files(old: _Root, new: _Root) -> Iterator[str]:
    for name in sorted(old.files.keys() | new.files.keys()):
        if name not in old.files:
            yield f"new file {name}"
        elif name not in new.files:
            yield f"file {name} is gone"
        elif old.files[name] != new.files[name]:
            yield f"file {name} changed"
    for name in sorted((old.executable ^ new.executable) & old.files.keys() & new.files.keys()):
        yield f"file {name} {'became' if name in new.executable else 'is no longer'} executable"
    for name in sorted(old.links.keys() | new.links.keys()):
        if old.links.get(name) != new.links.get(name):
            yield f"link {name} changed"


def _recipe(before: JsonObject, after: JsonObject) -> Iterator[str]:
    for change in changed_leaves(before, after):
        name, _, rest = change.pointer.removeprefix(_DEPENDENCIES).rpartition("/")
        if change.pointer.startswith(_DEPENDENCIES) and rest == "VersionRequirement":
            yield f"dependency {name}: {_from_to(change)}"
        else:
            yield f"recipe {change.pointer}: {_from_to(change)}"


def _others(before: JsonObject, after: JsonObject) -> Iterator[str]:
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) == after.get(key):
            continue
        if key == "model":
            yield "the model data changed"
        else:
            (change, *_) = changed_leaves({key: before.get(key)}, {key: after.get(key)})
            yield f"{_NAMES.get(key, key)}: {_from_to(change)}"


def _from_to(change: ValueChange) -> str:
    return f"{_short(change.before)} → {_short(change.after)}"


def _short(text: str | None) -> str:
    if text is None:
        return "absent"
    return text if len(text) <= 60 else f"{text[:57]}…"
