"""Things' documents for fleet indexing, read from moto's registry and shadow store.

Source of the document's shape: AWS IoT API reference, ThingDocument, and the developer guide's "Managing thing
indexing". What connectivity and Device Defender would add is not emulated.
"""

import copy
from collections.abc import Iterable
from dataclasses import dataclass

from moto.iot.models import FakeThing, IoTBackend, iot_backends

from greengrass_emulator.cloud.accounts import Account
from greengrass_emulator.json_value import JsonObject, JsonValue, object_in


@dataclass(frozen=True, slots=True)
class Covered:
    """The indexed shadows: the unnamed one, and those with these names."""

    unnamed: bool = False
    named: frozenset[str] = frozenset()


class ThingDocuments:
    """Reads one account's things. Holds nothing of its own."""

    def __init__(self, account: Account) -> None:
        self._account = account

    @property
    def _backend(self) -> IoTBackend:
        return iot_backends[self._account.id][self._account.region]

    def every(self, covered: Covered) -> dict[str, JsonObject]:
        """Return all things' documents, by name."""
        things = list(self._backend.things.values())
        groups: dict[str, list[str]] = {thing.arn: [] for thing in things}
        for group in list(self._backend.thing_groups.values()):
            for arn in list(group.things):
                if arn in groups:
                    groups[arn].append(group.thing_group_name)
        return {thing.thing_name: _document(thing, groups[thing.arn], covered) for thing in things}

    def shadows(self, name: str, covered: Covered) -> JsonObject | None:
        """Return the shadows of one thing, as its document has them; None for an unknown thing."""
        thing = self._find(name)
        return None if thing is None else _shadows(thing, covered)

    def _find(self, name: str) -> FakeThing | None:
        prefix = f"arn:aws:iot:{self._account.region}:{self._account.id}:thing/"
        found: FakeThing | None = self._backend.things.get(f"{prefix}{name}")
        return found


def _document(thing: FakeThing, groups: Iterable[str], covered: Covered) -> JsonObject:
    names: list[JsonValue] = [*groups]
    kind = thing.thing_type.thing_type_name if thing.thing_type else None
    if thing.billing_group_name:
        # Source: "Thing group and billing group names" (ThingDocument).
        names.append(thing.billing_group_name)
    return {
        "thingName": thing.thing_name,
        "thingId": thing.thing_id,
        "thingTypeName": kind,
        "thingGroupNames": sorted(names, key=str),
        "attributes": dict(thing.attributes or {}),
        "shadow": _shadows(thing, covered),
    }


def _shadows(thing: FakeThing, covered: Covered) -> JsonObject:
    there = {name: shadow for name, shadow in thing.thing_shadows.items() if not shadow.deleted}
    found: JsonObject = _shadow(there[None].to_dict()) if covered.unnamed and None in there else {}
    named: JsonObject = {name: _shadow(there[name].to_dict()) for name in sorted(covered.named) if name in there}
    return {**found, "name": named} if named else found


def _shadow(whole: JsonObject) -> JsonObject:
    state = object_in(whole, "state")
    parts = {name: state[name] for name in ("desired", "reported", "delta") if state.get(name)}
    rest = {"metadata": whole.get("metadata", {}), "hasDelta": "delta" in parts, "version": whole.get("version")}
    # moto merges the next update into the objects that it returned.
    return copy.deepcopy(parts | rest)
