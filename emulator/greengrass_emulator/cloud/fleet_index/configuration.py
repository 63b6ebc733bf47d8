"""What is indexed, as ``UpdateIndexingConfiguration`` sets it: off by default, as in AWS.

Source: AWS IoT API reference, ThingIndexingConfiguration and IndexingFilter.
"""

from collections.abc import Mapping

from pydantic import ConfigDict

from greengrass_emulator.cloud.api_errors import InvalidRequestException
from greengrass_emulator.cloud.moto_memory.thing_documents import Covered
from greengrass_emulator.cloud.rest_json.reading import ApiStructure

MAXIMUM_NAMED_SHADOWS = 10
_MANAGED = (
    {"name": "thingId", "type": "String"},
    {"name": "registry.version", "type": "Number"},
    {"name": "registry.thingTypeName", "type": "String"},
    {"name": "registry.thingGroupNames", "type": "String"},
)
_SCHEMAS = {
    ("REGISTRY", "OFF"): "REGISTRY",
    ("REGISTRY", "STATUS"): "REGISTRY_AND_CONNECTIVITY_STATUS",
    ("REGISTRY_AND_SHADOW", "OFF"): "REGISTRY_AND_SHADOW",
    ("REGISTRY_AND_SHADOW", "STATUS"): "REGISTRY_AND_SHADOW_AND_CONNECTIVITY_STATUS",
}


class IndexingFilter(ApiStructure):
    """The named shadows to index. What else AWS filters by is stored and answered, and changes nothing here."""

    model_config = ConfigDict(extra="allow")

    named_shadow_names: tuple[str, ...] | None = None


class ThingIndexing(ApiStructure):
    """The configuration of the index AWS_Things, whole. Its custom fields are stored and answered only."""

    model_config = ConfigDict(extra="allow")

    thing_indexing_mode: str = "OFF"
    thing_connectivity_indexing_mode: str = "OFF"
    device_defender_indexing_mode: str = "OFF"
    named_shadow_indexing_mode: str = "OFF"
    managed_fields: tuple[Mapping[str, str], ...] | None = None
    filter: IndexingFilter | None = None

    def checked(self) -> "ThingIndexing":
        """Return it without the managed fields, which are AWS's own. Raises ``InvalidRequestException``.

        Checks what the service model does not.
        """
        if self.managed_fields is not None and self.managed_fields != _MANAGED:
            raise InvalidRequestException("managedFields cannot be modified")
        if len(self._named_shadows) > MAXIMUM_NAMED_SHADOWS:
            raise InvalidRequestException(f"At most {MAXIMUM_NAMED_SHADOWS} named shadows can be indexed")
        if not self.on and self._modes != {"OFF"}:
            raise InvalidRequestException("Nothing else can be indexed while thingIndexingMode is OFF")
        return self.model_copy(update={"managed_fields": None})

    @property
    def on(self) -> bool:
        """Whether there is an index of things."""
        return self.thing_indexing_mode != "OFF"

    @property
    def covered(self) -> Covered:
        """The shadows that are indexed."""
        return Covered(
            unnamed=self.thing_indexing_mode == "REGISTRY_AND_SHADOW",
            named=frozenset(self._named_shadows if self.named_shadow_indexing_mode == "ON" else ()),
        )

    @property
    def schema_name(self) -> str:
        """The ``schema`` of ``DescribeIndex``."""
        if self._modes & {"ON", "VIOLATIONS"}:
            return "MULTI_INDEXING_MODE"
        return _SCHEMAS[self.thing_indexing_mode, self.thing_connectivity_indexing_mode]

    def as_answer(self) -> dict[str, object]:
        """Return it as ``GetIndexingConfiguration`` does."""
        return super().as_answer() | ({"managedFields": _MANAGED} if self.on else {})

    @property
    def _named_shadows(self) -> tuple[str, ...]:
        return (self.filter and self.filter.named_shadow_names) or ()

    @property
    def _modes(self) -> set[str]:
        return {
            self.thing_indexing_mode,
            self.thing_connectivity_indexing_mode,
            self.device_defender_indexing_mode,
            self.named_shadow_indexing_mode,
        }
