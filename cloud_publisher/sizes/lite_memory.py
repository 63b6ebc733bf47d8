"""How nucleus lite counts a document, and how much of each it takes. Pure; all that it asks for is JSON.

Lite allocates nothing: each daemon has buffers of a fixed size, and what does not fit is refused, mostly without a word
to anybody. Sources: aws-greengrass-lite v2.6.0 (``modules/…``) and its SDK (``include/gg``), built for 64 bits.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

ITEM_BYTES: Final = 11
"""Memory of an item of a list (gg/types.h, GgObject)."""
PAIR_BYTES: Final = 21
"""Memory of a key with its value, without the key's text (gg/types.h, GgKV)."""

MOST_OBJECTS: Final = 255
"""Objects of one document: a key and its value are two, an item of a list is one (gg/object.h)."""
MOST_LEVELS: Final = 15
"""Levels of one document, a text being one (gg/object.h, GG_MAX_OBJECT_DEPTH)."""
DEPLOYMENT_BYTES: Final = 5_000
"""Memory of a deployment that waits (ggdeploymentd/src/deployment_queue.c, DEPLOYMENT_MEM_SIZE)."""
JOB_BYTES: Final = 4_096
"""Memory of the keys and lists of the message that brings a job (ggdeploymentd/src/iot_jobs_listener.c)."""
PACKET_BYTES: Final = 5_000
"""An MQTT packet that lite takes (iotcored/src/mqtt.c, IOTCORED_NETWORK_BUFFER_SIZE)."""
WRITE_BYTES: Final = 2_200
"""Memory of the keys and lists of one component's ``merge`` on its way to ggconfigd (core-bus/src/server.c)."""
MOST_COMPONENTS: Final = 50
"""Components of a device (ggl/nucleus/constants.h, GGL_MAX_GENERIC_COMPONENTS)."""
RECIPE_FILE_BYTES: Final = 8_196
"""A recipe's text (ggl-recipe/src/recipe.c, ``file_mem``)."""
RECIPE_BYTES: Final = 16_384
"""Memory of a recipe that is read (ggl/nucleus/constants.h, GGL_COMPONENT_RECIPE_MAX_LEN)."""
FLEET_STATUS_ROOM: Final = 4_872
"""Memory of the components of a fleet status (gg-fleet-statusd/src/fleet_status_service.c, 5,000 - 128)."""
FLEET_STATUS_BYTES: Final = 5_000
"""A fleet status as JSON (the same, PAYLOAD_BUFFER_LEN)."""
LONGEST_TEXT: Final = 900
"""A text that its IPC surely gives out: GetConfiguration answers ServiceError from about 1,000 bytes on (observed)."""

_STATE: Final = "FINISHED"
_OWN_SERVICES: Final = ("aws.greengrass.NucleusLite", "DeploymentService", "FleetStatusService")
"""What is listed beside the components, and takes memory in a fleet status (``ggl_gg_config_list``)."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A document's size. ``frame`` is the memory of its keys and lists, ``texts`` that of the texts in them."""

    objects: int
    levels: int
    frame: int
    texts: int

    @property
    def memory(self) -> int:
        """Bytes of a copy of it (the SDK's arena.c, gg_arena_claim_obj). Numbers take no more than their pair."""
        return self.frame + self.texts


def measured(value: Any) -> Measure:
    """The size of a document as lite goes through it (the SDK's object_visit.c)."""
    if isinstance(value, Mapping):
        keys = sum(len(str(key).encode()) for key in value)
        return _sum(list(value.values()), objects=2, frame=PAIR_BYTES, texts=keys)
    if isinstance(value, list | tuple):
        return _sum(value, objects=1, frame=ITEM_BYTES, texts=0)
    return Measure(0, 1, 0, len(value.encode()) if isinstance(value, str) else 0)


def _sum(values: Sequence[Any], *, objects: int, frame: int, texts: int) -> Measure:
    """A map or list of these values, each of which takes so many objects and so much of the frame by itself."""
    parts = [measured(value) for value in values]
    return Measure(
        objects=objects * len(parts) + sum(part.objects for part in parts),
        levels=1 + max((part.levels for part in parts), default=0),
        frame=frame * len(parts) + sum(part.frame for part in parts),
        texts=texts + sum(part.texts for part in parts),
    )


def json_bytes(value: Any) -> int:
    """A document's bytes as JSON without spaces, in UTF-8."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode())


def packet_bytes(topic: str, payload: int) -> int:
    """The bytes of an MQTT 5 PUBLISH of QoS 1 without properties, for a payload of so many bytes."""
    rest = 2 + len(topic.encode()) + 2 + 1 + payload
    return 1 + 1 + sum(rest >= limit for limit in (1 << 7, 1 << 14, 1 << 21)) + rest


def deployment_memory(components: Any, arn: str, *ids: str) -> int:
    """Memory of a deployment that waits: components, ids, ARN, group (deployment_queue.c, deep_copy_deployment)."""
    group = arn.rpartition("/")[2].rpartition(":")[0]
    return measured(components).memory + sum(len(text.encode()) for text in (*ids, arn, group))


def write_frame(component: str, merge: Mapping[str, Any]) -> int:
    """Memory of the keys and lists of the request that writes a ``merge`` (ggdeploymentd/src/component_config.c)."""
    return measured({"key_path": ["services", component, "configuration"], "value": merge}).frame


def fleet_status_memory(components: Mapping[str, str], arn: str) -> int:
    """Memory of a fleet status' components, given by name with their version, each of one deployment's ARN.

    A component's state is kept there too (core-bus-gghealthd/src/gg_healthd.c, …_retrieve_component_status).
    """
    listed = measured((*_OWN_SERVICES, *components)).memory
    each = ITEM_BYTES + len(arn.encode()) + len(_STATE)
    return listed + sum(len(version.encode()) + each for version in components.values())


def texts_of(value: Any, place: str = "") -> Iterator[tuple[str, int]]:
    """The JSON pointer and the bytes of each text of a document."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from texts_of(inner, f"{place}/{key}")
    elif isinstance(value, str):
        yield place, len(value.encode())
