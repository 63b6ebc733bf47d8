"""What is indexed, as ``UpdateIndexingConfiguration`` sets it: off by default, as in AWS.

Source: AWS IoT API reference, ThingIndexingConfiguration and IndexingFilter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from greengrass_emulator.cloud.api_errors import InvalidRequestException
from greengrass_emulator.cloud.moto_memory.thing_documents import Covered

MAXIMUM_NAMED_SHADOWS = 10
_OFF = {
    "thingIndexingMode": "OFF",
    "thingConnectivityIndexingMode": "OFF",
    "deviceDefenderIndexingMode": "OFF",
    "namedShadowIndexingMode": "OFF",
}
_MANAGED = [
    {"name": "thingId", "type": "String"},
    {"name": "registry.version", "type": "Number"},
    {"name": "registry.thingTypeName", "type": "String"},
    {"name": "registry.thingGroupNames", "type": "String"},
]
_SCHEMAS = {
    ("REGISTRY", "OFF"): "REGISTRY",
    ("REGISTRY", "STATUS"): "REGISTRY_AND_CONNECTIVITY_STATUS",
    ("REGISTRY_AND_SHADOW", "OFF"): "REGISTRY_AND_SHADOW",
    ("REGISTRY_AND_SHADOW", "STATUS"): "REGISTRY_AND_SHADOW_AND_CONNECTIVITY_STATUS",
}


@dataclass(frozen=True, slots=True)
class ThingIndexing:
    """The configuration of the index AWS_Things, whole."""

    settings: Mapping[str, Any] = field(default_factory=lambda: dict(_OFF))

    @classmethod
    def read(cls, given: Mapping[str, Any]) -> "ThingIndexing":
        """Read a request's configuration, which replaces the former one as a whole.

        Raises ``InvalidRequestException``.
        """
        settings = {**_OFF, **given}
        managed = settings.pop("managedFields", None)
        if managed is not None and managed != _MANAGED:
            raise InvalidRequestException("managedFields cannot be modified")
        names = settings.get("filter", {}).get("namedShadowNames", [])
        if len(names) > MAXIMUM_NAMED_SHADOWS:
            raise InvalidRequestException(f"At most {MAXIMUM_NAMED_SHADOWS} named shadows can be indexed")
        if settings["thingIndexingMode"] == "OFF" and any(settings[mode] != "OFF" for mode in _OFF):
            raise InvalidRequestException("Nothing else can be indexed while thingIndexingMode is OFF")
        return cls(settings)

    @property
    def on(self) -> bool:
        """Whether there is an index of things."""
        return bool(self.settings["thingIndexingMode"] != "OFF")

    @property
    def covered(self) -> Covered:
        """The shadows that are indexed."""
        named = self.settings["namedShadowIndexingMode"] == "ON"
        return Covered(
            unnamed=self.settings["thingIndexingMode"] == "REGISTRY_AND_SHADOW",
            named=frozenset(self.settings.get("filter", {}).get("namedShadowNames", ()) if named else ()),
        )

    @property
    def schema(self) -> str:
        """What ``DescribeIndex`` says of it."""
        if "ON" in self.settings.values() or "VIOLATIONS" in self.settings.values():
            return "MULTI_INDEXING_MODE"
        return _SCHEMAS[self.settings["thingIndexingMode"], self.settings["thingConnectivityIndexingMode"]]

    def as_answer(self) -> dict[str, Any]:
        """As ``GetIndexingConfiguration`` gives it."""
        return dict(self.settings) | ({"managedFields": _MANAGED} if self.on else {})
