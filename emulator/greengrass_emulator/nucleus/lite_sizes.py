"""The limits of lite's fixed buffers, and how lite counts each of them. Pure; the input is JSON.

Lite allocates no memory: each daemon has buffers of a fixed size, and refuses what does not fit, mostly without a
message. Sources: aws-greengrass-lite v2.6.0 (``modules/…``) and its SDK v1.0.4 (``include/gg``, ``src``), built for
64 bits; the functions below name theirs.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from greengrass_emulator.json_value import JsonObject, JsonValue

OBJECT_BYTES = 11
"""Memory of one item of a list (gg/types.h, GgObject)."""
PAIR_BYTES = 21
"""Memory of one key with its value in an object, without the key's text (gg/types.h, GgKV)."""
MOST_OBJECTS = 255
"""Items of lists, and keys and values of objects, within one document (gg/object.h, GG_MAX_OBJECT_SUBOBJECTS)."""
DEEPEST = 15
"""Levels of one document; a text is one (gg/object.h, GG_MAX_OBJECT_DEPTH)."""

LARGEST_PACKET = 5_000
"""Bytes of an MQTT packet that lite takes in (iotcored/src/mqtt.c, IOTCORED_NETWORK_BUFFER_SIZE)."""
JOB_FRAME_BYTES = 4_096
"""Memory for the objects and lists of a job's message (ggdeploymentd/src/iot_jobs_listener.c, both ``_scratch``)."""
DEPLOYMENT_BYTES = 5_000
"""Memory for a deployment that waits (ggdeploymentd/src/deployment_queue.c, DEPLOYMENT_MEM_SIZE)."""
RECIPE_FILE_BYTES = 8_196
"""Bytes of a recipe's text (ggl-recipe/src/recipe.c, ``file_mem``)."""
RECIPE_BYTES = 16_384
"""Memory for a recipe that is read (ggl/nucleus/constants.h, GGL_COMPONENT_RECIPE_MAX_LEN)."""
IPC_REQUEST_FRAME_BYTES = 2_805
"""Memory for the objects and lists of an IPC request (ggipcd/src/ipc_server.c, ``payload_decode_alloc``)."""
BUS_REQUEST_FRAME_BYTES = 2_200
"""Memory for the objects and lists of what one daemon asks of another (core-bus/src/server.c, 200 GgObjects)."""
BUS_MESSAGE_BYTES = 10_000
"""Bytes of a message between daemons (ggl/core_bus/constants.h, GGL_COREBUS_MAX_MSG_LEN)."""
CONFIGURATION_READ_BYTES = 10_000
"""Memory for a configuration that is read from its store (ggconfigd/src/db_interface.c, ``key_value_memory``)."""
FLEET_STATUS_ROOM = 4_872
"""Memory for the components of a fleet status (gg-fleet-statusd/src/fleet_status_service.c, 5,000 - 128)."""
FLEET_STATUS_BYTES = 5_000
"""Bytes of a fleet status as JSON (the same, PAYLOAD_BUFFER_LEN)."""

_BUS_ENVELOPE = 12 + 4
"""Prelude and checksum of a message between daemons."""
_WRITE_HEADERS = 25
"""``method`` and ``type`` of a write to ggconfigd."""
_OWN_SERVICES = ("aws.greengrass.NucleusLite", "DeploymentService", "FleetStatusService")
"""What stands beside the components in ggconfigd's ``services``, and is listed with them."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One document's size in bytes: ``frame`` for its objects and lists, ``texts`` for keys and texts."""

    objects: int = 0
    depth: int = 1
    frame: int = 0
    texts: int = 0

    @property
    def memory(self) -> int:
        """Bytes of a copy of the document (src/arena.c, gg_arena_claim_obj). Numbers take none of their own."""
        return self.frame + self.texts

    @property
    def fault(self) -> str | None:
        """Why no daemon can traverse this document, or None (src/object_visit.c, gg_obj_visit)."""
        if self.objects > MOST_OBJECTS:
            return f"it has {self.objects} objects, and {MOST_OBJECTS} is the most"
        if self.depth > DEEPEST:
            return f"it is {self.depth} levels deep, and {DEEPEST} is the most"
        return None


def measured(value: JsonValue) -> Measure:
    """Return the size of a document: a pair of an object counts as two objects, an item of a list as one."""
    if isinstance(value, dict):
        parts = [measured(part) for part in value.values()]
        keys = sum(len(key.encode()) for key in value)
        return _sum(parts, own_objects=2 * len(parts), own_frame=PAIR_BYTES * len(parts), own_texts=keys)
    if isinstance(value, list):
        parts = [measured(part) for part in value]
        return _sum(parts, own_objects=len(parts), own_frame=OBJECT_BYTES * len(parts), own_texts=0)
    return Measure(texts=len(value.encode()) if isinstance(value, str) else 0)


def _sum(parts: Sequence[Measure], *, own_objects: int, own_frame: int, own_texts: int) -> Measure:
    return Measure(
        objects=own_objects + sum(part.objects for part in parts),
        depth=1 + max((part.depth for part in parts), default=0),
        frame=own_frame + sum(part.frame for part in parts),
        texts=own_texts + sum(part.texts for part in parts),
    )


def json_bytes(value: JsonValue) -> int:
    """Return the length in bytes of a document as lite writes it: without spaces, in UTF-8."""
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())


def packet_bytes(topic: str, payload: int) -> int:
    """Return the bytes of an MQTT 5 PUBLISH of QoS 1 without properties, for a payload of so many bytes."""
    rest = 2 + len(topic.encode()) + 2 + 1 + payload
    length = 1 + sum(rest >= limit for limit in (1 << 7, 1 << 14, 1 << 21))
    return 1 + length + rest


def bus_bytes(value: JsonValue) -> int:
    """Return the bytes of a document between two daemons (core-bus/src/object_serde.c)."""
    if isinstance(value, dict):
        return 5 + sum(4 + len(key.encode()) + bus_bytes(part) for key, part in value.items())
    if isinstance(value, list):
        return 5 + sum(map(bus_bytes, value))
    if isinstance(value, str):
        return 5 + len(value.encode())
    if value is None:
        return 1
    return 2 if isinstance(value, bool) else 9


def deployment_memory(document: JsonObject, job_id: str) -> int:
    """Return the memory for a job's document while it waits (deployment_queue.c, deep_copy_deployment)."""
    arn = str(document.get("configurationArn") or "")
    group = arn.rpartition("/")[2].rpartition(":")[0]
    kept = (str(document.get("deploymentId") or ""), job_id, arn, group)
    return measured(document.get("components") or {}).memory + sum(len(text.encode()) for text in kept)


def fault_of_job_message(message: JsonValue) -> str | None:
    """Return why lite cannot read a job's message, or None. Lite then reports nothing, and asks again."""
    needed = measured(message).frame
    if needed > JOB_FRAME_BYTES:
        return f"its objects and lists need {needed} bytes, and there are {JOB_FRAME_BYTES}"
    return None


def fault_of_deployment(document: JsonObject, job_id: str) -> str | None:
    """Return why lite does not take a job's document, or None. The job then stays QUEUED."""
    if (fault := measured(document.get("components") or {}).fault) is not None:
        return fault
    needed = deployment_memory(document, job_id)
    if needed > DEPLOYMENT_BYTES:
        return f"it needs {needed} bytes of memory, and there are {DEPLOYMENT_BYTES}"
    return None


def fault_of_recipe(text: str, document: JsonValue) -> str | None:
    """Return why lite cannot read a recipe, or None (ggl-recipe/src/recipe.c, ggl_recipe_get_from_file)."""
    size = len(text.encode())
    if size > RECIPE_FILE_BYTES:
        return f"it has {size} bytes, and {RECIPE_FILE_BYTES} is the most"
    measure = measured(document)
    if measure.memory > RECIPE_BYTES:
        return f"it needs {measure.memory} bytes of memory, and there are {RECIPE_BYTES}"
    return measure.fault


def fault_of_ipc_request(request: JsonValue) -> str | None:
    """Return why ggipcd cannot read a request, or None. It then answers ServiceError."""
    needed = measured(request).frame
    if needed > IPC_REQUEST_FRAME_BYTES:
        return f"its objects and lists need {needed} bytes, and there are {IPC_REQUEST_FRAME_BYTES}"
    return None


def fault_of_write(component: str, value: JsonValue, key_path: Sequence[str] = (), *, dated: bool = True) -> str | None:
    """Return why ggconfigd refuses a write in a component's configuration, or None (core-bus/src/server.c).

    ``dated``: the write has a time of its own; a deployment's ``merge`` has none (component_config.c).
    """
    request: JsonObject = {"key_path": ["services", component, "configuration", *key_path], "value": value}
    if dated:
        request["timestamp"] = 0
    needed = measured(request).frame
    if needed > BUS_REQUEST_FRAME_BYTES:
        return f"its objects and lists need {needed} bytes, and there are {BUS_REQUEST_FRAME_BYTES}"
    size = _BUS_ENVELOPE + _WRITE_HEADERS + bus_bytes(request)
    if size > BUS_MESSAGE_BYTES:
        return f"it has {size} bytes between two daemons, and {BUS_MESSAGE_BYTES} is the most"
    return None


def fault_of_reading(value: JsonValue) -> str | None:
    """Return why a configuration cannot be read at once, or None (db_interface.c, read_key_recursive; client.c)."""
    needed = _stored_bytes(value)
    if needed > CONFIGURATION_READ_BYTES:
        return f"it needs {needed} bytes of memory, and there are {CONFIGURATION_READ_BYTES}"
    size = _BUS_ENVELOPE + bus_bytes(value)
    if size > BUS_MESSAGE_BYTES:
        return f"it has {size} bytes between two daemons, and {BUS_MESSAGE_BYTES} is the most"
    return measured(value).fault


def _stored_bytes(value: JsonValue) -> int:
    # Objects are keys in the store; everything else is a leaf, kept as its JSON.
    if isinstance(value, dict):
        return sum(PAIR_BYTES + len(key.encode()) + _stored_bytes(part) for key, part in value.items())
    return json_bytes(value)


@dataclass(frozen=True, slots=True)
class ReportedComponent:
    """The parts of one component for which a fleet status needs memory."""

    name: str
    version: str
    state: str
    arns: tuple[str, ...]


def reported(components: Iterable[ReportedComponent]) -> tuple[ReportedComponent, ...]:
    """Return the components that fit into a fleet status; those for which the memory is used up are left out.

    fleet_status_service.c, publish_fleet_status_update: first the names of all, then each one's version, state
    (core-bus-gghealthd/src/gg_healthd.c) and ARNs.
    """
    wanted = tuple(components)
    names = (*_OWN_SERVICES, *(each.name for each in wanted))
    room = FLEET_STATUS_ROOM - measured([*names]).memory
    if room < 0:
        return ()
    taken: list[ReportedComponent] = []
    for each in wanted:
        arns = [len(arn.encode()) for arn in each.arns]
        for size in (len(each.version.encode()), len(each.state), OBJECT_BYTES * len(arns), *arns):
            if size > room:
                break
            room -= size
        else:
            taken.append(each)
    return tuple(taken)
