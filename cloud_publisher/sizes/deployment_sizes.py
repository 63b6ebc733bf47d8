"""The sizes of a deployment, and whether they are too large for the devices of its target. Pure.

If one device of the target runs lite, lite's limits count for all. For classic we set limits ourselves, so that a
device's shadow and health have room for what it reports of the deployment.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from cloud_publisher.deploying.channels import applied_state
from cloud_publisher.deploying.deployment import DeploymentContent
from cloud_publisher.errors import WrongUseError
from cloud_publisher.fleet.targets import Target
from cloud_publisher.sizes.device_messages import fleet_status_bytes, shadow_bytes
from cloud_publisher.sizes.figure import Figure, reasons, recipe_figures, remedies, too_large
from cloud_publisher.sizes.job_message import AN_ID, JobMessage, job_message
from cloud_publisher.sizes.lite_memory import (
    DEPLOYMENT_BYTES,
    FLEET_STATUS_BYTES,
    FLEET_STATUS_ROOM,
    JOB_BYTES,
    LONGEST_LEAF,
    LONGEST_TEXT,
    MOST_COMPONENTS,
    MOST_LEVELS,
    MOST_OBJECTS,
    PACKET_BYTES,
    WRITE_BYTES,
    deployment_memory,
    fleet_status_memory,
    json_bytes,
    measured,
    packet_bytes,
    texts_of,
    too_long_leaves,
    write_frame,
)
from shared_schema.desired_state import DesiredState
from shared_schema.json_value import JsonValue
from shared_schema.release import Release
from shared_schema.shadow import MAXIMUM_SHADOW_BYTES

CLASSIC_DESIRED_BYTES: Final = 6_000
"""A desired state at classic nuclei. Their own bound is far above (10 MB of configuration); ours is a thing's shadow,
8 KB, by which a single thing's deployment comes: this leaves a quarter of it to everything else in the deployment."""

_SILENT: Final = "nucleus lite tells nobody: the job would stay QUEUED for ever"
_NOT_TOLD: Final = "nucleus lite sends no status of such a device: the cloud would take it for one that is away"
_TOLD_LATE: Final = "the cloud gets these components only with the next status, at the latest within a day"
_HALF: Final = "nucleus lite would fail there, and leave the configuration half written"
_FEWER: Final = (
    "deploy fewer models, or components, to one device (another thing group takes the rest), shorten the components' "
    "names, or shorten agent.settings"
)
_SHORTER: Final = "shorten that component's configuration: move long texts into a file of an artifact"


@dataclass(frozen=True, slots=True)
class Place:
    """A deployment's target. ``thing`` is the longest name of a device, ``lite`` whether any may run lite."""

    target: Target
    thing: str
    lite: bool

    @property
    def words(self) -> str:
        """The nucleus whose limits count."""
        return f"{'nucleus lite' if self.lite else 'the devices'} in {self.target.words}"


def place_of(target: Target, things: Sequence[str], *, lite: bool) -> Place:
    """Return a place with the longest of these names; without any, a name of a usual length."""
    return Place(target, max(things, key=len, default="t" * 32), lite)


def deployment_figures(content: DeploymentContent, place: Place) -> list[Figure]:
    """Return every size of a deployment that its devices limit."""
    found = applied_state(content)
    message = job_message(content, place.target, place.thing)
    figures = list(_at_lite(content, message, place)) if place.lite else []
    if found is not None:
        figures += _of_agent(found.state, place)
    return figures


def refuse_too_large(figures: Sequence[Figure], place: Place) -> None:
    """Raise ``WrongUseError`` if a figure is too large; the message has all such figures."""
    over = too_large(figures)
    if over:
        sizes = "; ".join(each.words for each in over)
        raise WrongUseError(
            f"too large for {place.words}: {sizes}. {reasons(over)}. It was not deployed",
            remedies(over),
        )


def refuse_recipes(release: Release, place: Place) -> None:
    """Raise ``WrongUseError`` if a recipe of the release is too large for the target's nuclei."""
    if place.lite:
        figures = [recipe_figures(each.name, each.recipe, _read(each.recipe)) for each in release.components]
        refuse_too_large([figure for several in figures for figure in several], place)


def _read(recipe: str) -> JsonValue:
    try:
        read: JsonValue = json.loads(recipe)
    except ValueError:
        # `publish` has sent it to the cloud, which refuses a recipe that is too large.
        return {}
    return read


def _at_lite(content: DeploymentContent, message: JobMessage, place: Place) -> Iterator[Figure]:
    memory = deployment_memory(message.components, message.arn, AN_ID, AN_ID)
    what = "the deployment's document"
    yield Figure(what, memory, DEPLOYMENT_BYTES, _SILENT, _FEWER, "bytes in lite's memory")
    counted = measured(message.components)
    yield Figure(what, counted.objects, MOST_OBJECTS, _SILENT, _FEWER, "objects")
    yield Figure(what, counted.levels, MOST_LEVELS, _SILENT, _SHORTER, "levels")
    frame = measured(message.payload).frame
    yield Figure("the job's message", frame, JOB_BYTES, _SILENT, _FEWER, "bytes of keys and lists in lite's memory")
    packet = packet_bytes(message.topic, json_bytes(message.payload))
    yield Figure("the job's MQTT packet", packet, PACKET_BYTES, _SILENT, _FEWER)
    versions = {name: each.version for name, each in content.components.items()}
    yield Figure("the deployment", len(versions), MOST_COMPONENTS, _NOT_TOLD, _FEWER, "components")
    daily = fleet_status_bytes(versions, message.arn, place.thing, deployed=False)
    yield Figure("lite's fleet status", daily, FLEET_STATUS_BYTES, _NOT_TOLD, _FEWER)
    after = fleet_status_bytes(versions, message.arn, place.thing, deployed=True)
    what = "lite's fleet status after the deployment"
    yield Figure(what, after, FLEET_STATUS_BYTES, _TOLD_LATE, _FEWER, binding=False)
    memory = fleet_status_memory(versions, message.arn)
    yield Figure("lite's fleet status", memory, FLEET_STATUS_ROOM, _NOT_TOLD, _FEWER, "bytes in lite's memory")
    yield from _configurations(message)


def _configurations(message: JobMessage) -> Iterator[Figure]:
    """Yield the sizes of each component's configuration update: the largest write, and each leaf that is too long."""
    merges = {name: _merge_of(component) for name, component in message.components.items()}
    frames = {name: write_frame(name, merge) for name, merge in merges.items() if isinstance(merge, dict)}
    largest = max(frames, key=lambda name: frames[name], default=None)
    if largest is not None:
        what, unit = f"the configuration of {largest}", "bytes of keys and lists in lite's memory"
        yield Figure(what, frames[largest], WRITE_BYTES, _HALF, _SHORTER, unit)
    for name, merge in merges.items():
        for pointer, size in too_long_leaves(merge):
            yield Figure(f"{pointer} of {name}", size, LONGEST_LEAF, _HALF, _SHORTER)


def _merge_of(component: JsonValue) -> JsonValue:
    update = component.get("configurationUpdate") if isinstance(component, dict) else None
    return (update.get("merge") if isinstance(update, dict) else None) or {}


def _of_agent(state: DesiredState, place: Place) -> Iterator[Figure]:
    document = state.sealed()
    if place.lite:
        pointer, size = max(texts_of(document), key=lambda each: each[1])
        why = "nucleus lite does not give it to the agent, which would go on as it is"
        yield Figure(f"{pointer} of the desired state", size, LONGEST_TEXT, why, "shorten it in agent.settings")
    else:
        why = "a device must be able to take it, and to say what became of it"
        yield Figure("the desired state", json_bytes(document), CLASSIC_DESIRED_BYTES, why, _FEWER)
    size = shadow_bytes(state, place.thing)
    why = "AWS would refuse what the device says, were every model rejected"
    yield Figure("the devices' shadow", size, MAXIMUM_SHADOW_BYTES, why, _FEWER)
