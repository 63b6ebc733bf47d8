"""Scenario 3: commands over MQTT and their replies, and what health and shadow say."""

from collections.abc import Iterator
from datetime import UTC, datetime

from rehearsal.extended import rows
from rehearsal.extended.context import ScenarioContext, pids, serves, where_it_comes_true
from rehearsal.extended.deploy_repository import CAMERA, DIGITS, MODELS
from rehearsal.timeline import Proof
from rehearsal.world import Device
from shared_schema.messages import AgentState, CommandReply, Health, Verdict
from shared_schema.topics import Command

_SCENARIO = "3 commands"
_CHANNELS = {"classic": {"validated", "subscribed"}, "lite": {"subscribed"}}


def commands(context: ScenarioContext) -> Iterator[Proof]:
    """Roll the digits model back by command, release the hold, and ask for a report."""
    before = pids(context)
    back, now = (context.released_as(each) for each in context.digits.good)
    replies, held = _changed(context, "rollback", Verdict.HELD, back)
    yield Proof(
        _SCENARIO,
        f"rollback: every device serves {DIGITS} {back} again and says HELD, the other models go on",
        all_ok(replies) and rows.on_all(context, held) and _others_go_on(context),
        words_of(replies),
    )
    replies, released = _changed(context, "release-hold", Verdict.CONFIRMED, now)
    yield Proof(
        _SCENARIO,
        f"release-hold: every device serves and confirms {DIGITS} {now}",
        all_ok(replies) and rows.on_all(context, released),
        words_of(replies),
    )
    replies = send(context, "release-hold", model=DIGITS)
    yield Proof(
        _SCENARIO,
        "a command that cannot be carried out is answered with the reason",
        len(replies) == len(context.devices) and not any(each.ok for each in replies.values()),
        words_of(replies),
    )
    yield _report(context)
    yield rows.same_processes(_SCENARIO, context, before)
    yield rows.every_scan_once(_SCENARIO, context)


def send(context: ScenarioContext, command: Command, **payload: str) -> dict[str, CommandReply]:
    """Send a command to every device, and return the replies by device."""
    marks = {device.name: context.listener(device).mark() for device in context.devices}
    for device in context.devices:
        context.listener(device).command(device.name, command, request=f"{command} of {device.name}", **payload)
    found: dict[str, CommandReply] = {}

    def came(device: Device) -> bool:
        for each in context.listener(device).replies(device.name, command, marks[device.name]):
            if each.request == f"{command} of {device.name}":
                found[device.name] = each
        return device.name in found

    where_it_comes_true(context.devices, came)
    for name, reply in found.items():
        context.rehearsal.timeline.record_message(name, f"{command}: {reply.words}", when=reply.timestamp)
    return found


def all_ok(replies: dict[str, CommandReply]) -> bool:
    """Return whether every device has replied that it carried the command out."""
    return len(replies) == len(_CHANNELS) and all(each.ok for each in replies.values())


def words_of(replies: dict[str, CommandReply]) -> str:
    """Return the replies' words for the table."""
    return "; ".join(dict.fromkeys(each.words for each in replies.values())) or "no reply"


def _changed(
    context: ScenarioContext, command: Command, verdict: Verdict, version: str
) -> tuple[dict[str, CommandReply], list[str]]:
    """Return the replies to a command, and the devices that then predict with ``version`` of the digits."""
    began = datetime.now(UTC)
    replies = send(context, command, model=DIGITS)
    return replies, where_it_comes_true(
        context.devices,
        lambda device: _verdict(context, device) is verdict and serves(device, CAMERA, version, began),
    )


def _report(context: ScenarioContext) -> Proof:
    began = datetime.now(UTC)
    replies = send(context, "report")
    shadows = where_it_comes_true(
        context.devices,
        lambda device: (
            (shadow := context.shadow(device)).timestamp > began
            and shadow.state is AgentState.SERVING
            and set(shadow.models) == set(MODELS)
        ),
    )
    healthy = where_it_comes_true(context.devices, lambda device: _is_whole(_health(context, device), device, began))
    each = [
        f"{device.name} {health.state}, {len(health.models)} models, {health.rss / 1e6:.0f} MB"
        for device in context.devices
        if (health := _health(context, device))
    ]
    return Proof(
        _SCENARIO,
        "report: health and shadow are sent at once, with every model, its latency, and the open channels",
        all_ok(replies) and rows.on_all(context, shadows) and rows.on_all(context, healthy),
        "; ".join(each),
    )


def _is_whole(health: Health | None, device: Device, since: datetime) -> bool:
    return (
        health is not None
        and health.timestamp > since
        and health.state is AgentState.SERVING
        and set(health.models) == set(MODELS)
        and all(
            model.requests > 0 and model.latency_ms is not None and model.provider for model in health.models.values()
        )
        and set(health.channels) == _CHANNELS[device.runtime]
        and health.rss > 0
        and health.free_disk > 0
    )


def _health(context: ScenarioContext, device: Device) -> Health | None:
    found = [each for each in context.listener(device).health(device.name) if set(each.models) == set(MODELS)]
    return found[-1] if found else None


def _verdict(context: ScenarioContext, device: Device) -> Verdict | str | None:
    model = context.shadow(device).models.get(DIGITS)
    return model.said.verdict if model and model.said else None


def _others_go_on(context: ScenarioContext) -> bool:
    """Return whether the other models of the last release serve as before."""
    wanted = {name: version for name, version in context.versions().items() if name != DIGITS}
    served = [
        {name: each.version for name, each in context.shadow(device).models.items()} for device in context.devices
    ]
    return all({name: versions.get(name) for name in wanted} == wanted for versions in served)
