"""How nucleus lite counts a document, and its limits. Pure: JSON in, numbers out.

Lite has buffers of a fixed size in each daemon and never allocates more. What does not fit is refused, mostly without
telling anybody. Sources: aws-greengrass-lite v2.6.0 (``modules/…``) and its SDK (``include/gg``), built for 64 bits.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from shared_schema.json_value import JsonValue, json_pointer, leaves

ITEM_BYTES: Final = 11
"""Memory of an item of a list (gg/types.h, GgObject)."""
PAIR_BYTES: Final = 21
"""Memory of a key with its value, without the key's text (gg/types.h, GgKV)."""

MOST_OBJECTS: Final = 255
"""Objects of one document: a key and its value are two, an item of a list is one (gg/object.h)."""
MOST_LEVELS: Final = 15
"""Levels of one document; a text is one level (gg/object.h, GG_MAX_OBJECT_DEPTH)."""
DEPLOYMENT_BYTES: Final = 5_000
"""Memory of a deployment that waits (ggdeploymentd/src/deployment_queue.c, DEPLOYMENT_MEM_SIZE)."""
JOB_BYTES: Final = 4_096
"""Memory of the keys and lists of the message with a job (ggdeploymentd/src/iot_jobs_listener.c)."""
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
LONGEST_LEAF: Final = 1_024
"""Bytes of a leaf's JSON in the configuration store, a tree whose leaves are written one by one; a list is one leaf
(ggconfigd: ggconfig_process_nonmap)."""
LONGEST_TEXT: Final = 900
"""Bytes of a text that IPC surely returns: GetConfiguration answers ServiceError from about 1,000 on (observed)."""

_STATE: Final = "FINISHED"
_OWN_SERVICES: Final = ("aws.greengrass.NucleusLite", "DeploymentService", "FleetStatusService")
"""Entries that are listed besides the components, and take memory in a fleet status (``ggl_gg_config_list``)."""


@dataclass(frozen=True, slots=True)
class Measure:
    """A document's size. ``frame`` is the memory of its keys and lists, ``texts`` that of the texts in them."""

    objects: int
    levels: int
    frame: int
    texts: int

    @property
    def memory(self) -> int:
        """Bytes of a copy of the document (the SDK's arena.c, gg_arena_claim_obj). A number is within its pair."""
        return self.frame + self.texts


def measured(value: JsonValue) -> Measure:
    """Return the size of a document as lite counts it (the SDK's object_visit.c)."""
    if isinstance(value, dict):
        keys = sum(len(str(key).encode()) for key in value)
        return _sum(list(value.values()), objects=2, frame=PAIR_BYTES, texts=keys)
    if isinstance(value, list):
        return _sum(value, objects=1, frame=ITEM_BYTES, texts=0)
    return Measure(0, 1, 0, len(value.encode()) if isinstance(value, str) else 0)


def _sum(values: Sequence[JsonValue], *, objects: int, frame: int, texts: int) -> Measure:
    """Return the size of a map or list of these values; each adds ``objects`` and ``frame`` for itself."""
    parts = [measured(value) for value in values]
    return Measure(
        objects=objects * len(parts) + sum(part.objects for part in parts),
        levels=1 + max((part.levels for part in parts), default=0),
        frame=frame * len(parts) + sum(part.frame for part in parts),
        texts=texts + sum(part.texts for part in parts),
    )


def json_bytes(value: JsonValue) -> int:
    """Return a document's bytes as JSON without spaces, in UTF-8."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str).encode())


def packet_bytes(topic: str, payload: int) -> int:
    """Return the bytes of an MQTT 5 PUBLISH of QoS 1 without properties, for a payload of so many bytes."""
    rest = 2 + len(topic.encode()) + 2 + 1 + payload
    return 1 + 1 + sum(rest >= limit for limit in (1 << 7, 1 << 14, 1 << 21)) + rest


def deployment_memory(components: JsonValue, arn: str, *ids: str) -> int:
    """Return the memory of a queued deployment, with ids, ARN, group (deployment_queue.c, deep_copy_deployment)."""
    group = arn.rpartition("/")[2].rpartition(":")[0]
    return measured(components).memory + sum(len(text.encode()) for text in (*ids, arn, group))


def write_frame(component: str, merge: JsonValue) -> int:
    """Return the memory of keys and lists in the request that writes a ``merge`` (ggdeploymentd component_config.c)."""
    return measured({"key_path": ["services", component, "configuration"], "value": merge}).frame


def fleet_status_memory(components: Mapping[str, str], arn: str) -> int:
    """Return the memory of a fleet status's components: version by name, each with one deployment's ARN.

    It has a component's state too (core-bus-gghealthd/src/gg_healthd.c, …_retrieve_component_status).
    """
    listed = measured([*_OWN_SERVICES, *components]).memory
    each = ITEM_BYTES + len(arn.encode()) + len(_STATE)
    return listed + sum(len(version.encode()) + each for version in components.values())


def texts_of(document: JsonValue) -> Iterator[tuple[str, int]]:
    """Yield the JSON pointer and the bytes of each text of a document; a list's texts do not count."""
    for path, leaf in leaves(document):
        if isinstance(leaf, str):
            yield json_pointer(path), len(leaf.encode())


def too_long_leaves(configuration: JsonValue) -> Iterator[tuple[str, int]]:
    """Yield the JSON pointer and the bytes of each leaf that is too long; a deployment with one fails half written."""
    for path, leaf in leaves(configuration):
        if (size := json_bytes(leaf)) > LONGEST_LEAF:
            yield json_pointer(path), size
