"""Scenario 3: commands over MQTT, each answered, and what health and shadow say."""

from collections.abc import Iterator
from datetime import UTC, datetime

from greengrass_emulator.rehearsal.extended import rows
from greengrass_emulator.rehearsal.extended.deploy_repository import CAMERA, DIGITS, MODELS
from greengrass_emulator.rehearsal.extended.play import Play, pids, serves
from greengrass_emulator.rehearsal.extended.waiting import where_it_comes_true
from greengrass_emulator.rehearsal.timeline import Proof
from greengrass_emulator.rehearsal.world import Device
from shared_schema.messages import AgentState, CommandReply, Health, Verdict
from shared_schema.topics import Command

_SCENARIO = "3 commands"
_CHANNELS = {"classic": {"validated", "subscribed"}, "lite": {"subscribed"}}


def commands(play: Play) -> Iterator[Proof]:
    """Back to the previous digits model by command, and forth again; a report on demand."""
    before = pids(play)
    now, back = play.stage.models.better.released_as, play.stage.models.linear.released_as
    replies, held = _changed(play, "rollback", Verdict.HELD, back)
    yield Proof(
        _SCENARIO,
        f"rollback: every device serves {DIGITS} {back} again and says HELD, the other models go on",
        all_ok(replies) and rows.on_all(play, held) and _others_go_on(play),
        words_of(replies),
    )
    replies, released = _changed(play, "release-hold", Verdict.CONFIRMED, now)
    yield Proof(
        _SCENARIO,
        f"release-hold: every device serves and confirms {DIGITS} {now}",
        all_ok(replies) and rows.on_all(play, released),
        words_of(replies),
    )
    replies = send(play, "release-hold", model=DIGITS)
    yield Proof(
        _SCENARIO,
        "a command that cannot be done is answered with the reason",
        len(replies) == len(play.devices) and not any(each.ok for each in replies.values()),
        words_of(replies),
    )
    yield _report(play)
    yield rows.same_processes(_SCENARIO, play, before)
    yield rows.every_scan_once(_SCENARIO, play)


def send(play: Play, command: Command, **payload: str) -> dict[str, CommandReply]:
    """Send it to every device; the replies that came, by device."""
    marks = {device.name: play.ear(device).mark() for device in play.devices}
    for device in play.devices:
        play.ear(device).command(device.name, command, request=f"{command} of {device.name}", **payload)
    found: dict[str, CommandReply] = {}

    def came(device: Device) -> bool:
        for each in play.ear(device).replies(device.name, command, marks[device.name]):
            if each.request == f"{command} of {device.name}":
                found[device.name] = each
        return device.name in found

    where_it_comes_true(play.devices, came)
    for name, reply in found.items():
        play.stage.timeline.told(name, f"{command}: {reply.words}", when=reply.timestamp)
    return found


def all_ok(replies: dict[str, CommandReply]) -> bool:
    """Whether every device has answered, and has done it."""
    return len(replies) == len(_CHANNELS) and all(each.ok for each in replies.values())


def words_of(replies: dict[str, CommandReply]) -> str:
    """What the devices answered, as it is shown."""
    return "; ".join(dict.fromkeys(each.words for each in replies.values())) or "no reply"


def _changed(play: Play, command: Command, verdict: Verdict, version: str) -> tuple[dict[str, CommandReply], list[str]]:
    """The replies to a command, and the devices on which it has made a version of the digits predict."""
    began = datetime.now(UTC)
    replies = send(play, command, model=DIGITS)
    return replies, where_it_comes_true(
        play.devices,
        lambda device: _verdict(play, device) is verdict and serves(device, CAMERA, version, began),
    )


def _report(play: Play) -> Proof:
    began = datetime.now(UTC)
    replies = send(play, "report")
    shadows = where_it_comes_true(
        play.devices,
        lambda device: (
            (said := play.shadow(device)).timestamp > began
            and said.state is AgentState.SERVING
            and set(said.models) == set(MODELS)
        ),
    )
    healthy = where_it_comes_true(play.devices, lambda device: _is_whole(_health(play, device), device, began))
    each = [
        f"{device.name} {health.state}, {len(health.models)} models, {health.rss / 1e6:.0f} MB"
        for device in play.devices
        if (health := _health(play, device))
    ]
    return Proof(
        _SCENARIO,
        "report: health and shadow are sent at once, with every model, its latency, and the channels that are open",
        all_ok(replies) and rows.on_all(play, shadows) and rows.on_all(play, healthy),
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


def _health(play: Play, device: Device) -> Health | None:
    found = [each for each in play.ear(device).health(device.name) if set(each.models) == set(MODELS)]
    return found[-1] if found else None


def _verdict(play: Play, device: Device) -> Verdict | str | None:
    model = play.shadow(device).models.get(DIGITS)
    return model.said.verdict if model and model.said else None


def _others_go_on(play: Play) -> bool:
    """What else the last release brought serves as it did."""
    wanted = {name: version for name, version in play.versions().items() if name != DIGITS}
    told = [{name: each.version for name, each in play.shadow(device).models.items()} for device in play.devices]
    return all({name: versions.get(name) for name in wanted} == wanted for versions in told)
