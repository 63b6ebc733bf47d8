"""Rows that the standard scenarios show. Each reads what the accounts and the devices have, and says what it saw."""

import os
import pwd
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from rehearsal.cloud_view import Published
from rehearsal.context import Rehearsal
from rehearsal.feeder import Feeder, settle
from rehearsal.pipeline import PipelineRun
from rehearsal.timeline import Proof
from rehearsal.world import Device
from shared_schema.messages import Verdict
from shared_schema.shadow import ShadowModel

RELOAD, REFUSAL = "2 hot reload", "3 refusal"
_SECONDS_TO_SETTLE = 20.0

Serving = Mapping[str, Mapping[str, ShadowModel | None]]
"""By device: what its shadow says of each served model."""


def serving_now(rehearsal: Rehearsal) -> Serving:
    keys = [each.key for each in rehearsal.served]
    return {device.name: {key: _model_of(rehearsal, device, key) for key in keys} for device in rehearsal.world.devices}


def all_confirm(scenario: str, claim: str, serving: Serving, wanted: Mapping[str, str]) -> Proof:
    confirmed = [
        device
        for device, models in serving.items()
        if all(_confirms(models[key], version) for key, version in wanted.items())
    ]
    words = claim.format(in_words(wanted))
    return Proof(scenario, words, len(confirmed) == len(serving), f"{len(confirmed)} of {len(serving)} devices")


def in_words(wanted: Mapping[str, str]) -> str:
    """Return the versions in words: of one model the version alone."""
    if len(wanted) == 1:
        return next(iter(wanted.values()))
    return listed(f"{key} {version}" for key, version in wanted.items())


def listed(names: Iterable[str]) -> str:
    return ", ".join(names)


def only_one_version(rehearsal: Rehearsal) -> Proof:
    key = rehearsal.models[0].key
    remedy = f"give the next one too: --model-data {key}=FOLDER --model-data {key}=FOLDER, or versions/2"
    seen = f"left out: there is one version of {listed(each.key for each in rehearsal.models)}; {remedy}"
    return Proof(RELOAD, "a running agent takes the next version of a model", True, seen, tried=False)


def refusals(rehearsal: Rehearsal, bad: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return the devices that refuse each bad model, and end the deployment as their runtime does; and how all end."""
    refused: list[str] = []
    statuses: list[str] = []
    for device in rehearsal.world.devices:
        models = [_model_of(rehearsal, device, key) for key in bad]
        outcome = device.view.outcome(device.name)
        detailed = device.detailed_status()
        statuses.append(f"{device.name} {detailed or outcome.status}")
        wanted = "SUCCEEDED" if device.runtime == "lite" else "FAILED_NO_STATE_CHANGE"
        rejected = [each for each in models if each and each.said and each.said.verdict is Verdict.REJECTED]
        if len(rejected) == len(bad) and wanted in {detailed, outcome.status}:
            refused.append(device.name)
    return refused, statuses


def undisturbed(
    rehearsal: Rehearsal, feeders: Sequence[Feeder], before: Mapping[str, int | None], wanted: Mapping[str, str]
) -> Proof:
    fed = {feeder.model for feeder in feeders}
    calm = [
        device.name
        for device in rehearsal.world.devices
        if device.agent_pid() == before[device.name]
        and all(
            (model := _model_of(rehearsal, device, key)) is not None
            and model.version == version
            and (key not in fed or device.serves_now(key) == version)
            for key, version in wanted.items()
        )
    ]
    devices = len(rehearsal.world.devices)
    claim = f"every device goes on serving {in_words(wanted)}, in the same process"
    return Proof(REFUSAL, claim, len(calm) == devices, f"{len(calm)} of {devices} devices")


def _model_of(rehearsal: Rehearsal, device: Device, key: str) -> ShadowModel | None:
    try:
        report = device.view.shadow(device.name)
    except LookupError:
        return None
    model = report.models.get(key)
    if model and model.said:
        words = f"{key} {model.said.verdict} {model.said.version}"
        rehearsal.timeline.record_message(device.name, words, when=report.timestamp)
    return model


def _confirms(model: ShadowModel | None, version: str) -> bool:
    """Return whether the served and the last confirmed version are both the wanted one, with one digest."""
    if model is None or model.said is None:
        return False
    confirmation = model.said
    return (
        confirmation.verdict is Verdict.CONFIRMED
        and confirmation.version == model.version == version
        and confirmation.digest == model.digest
    )


def same_digest(scenario: str, serving: Serving) -> Proof:
    keys = list(next(iter(serving.values())))
    digests = {key: {model.digest if (model := each[key]) else None for each in serving.values()} for key in keys}
    shown = {key: ", ".join(sorted(str(digest)[:12] for digest in found)) for key, found in digests.items()}
    return Proof(
        scenario,
        "one digest in all accounts" if len(keys) == 1 else "one digest of each model in all accounts",
        all(len(found) == 1 and None not in found for found in digests.values()),
        in_words(shown),
    )


def both_channels(scenario: str, rehearsal: Rehearsal) -> Proof:
    runtimes = {device.runtime for device in rehearsal.world.devices}
    channels = {
        account.name: account.view.channel(account.target_arn, rehearsal.world.agent.name)
        for account in rehearsal.world.accounts.values()
    }
    return Proof(
        scenario,
        "classic groups are released by the validated channel, the lite one by the subscribed channel",
        runtimes == {"classic", "lite"}
        and channels == {a.name: a.wanted_channel for a in rehearsal.world.accounts.values()},
        ", ".join(f"{name}: {channel}" for name, channel in channels.items()),
    )


def as_another_user(scenario: str, rehearsal: Rehearsal) -> Proof:
    """Return the proof that no agent runs as its nucleus's user; not tried where this machine cannot do it."""
    claim = "components run as another user than their nucleus, as under AWS's default"
    user = rehearsal.user
    if isinstance(user, str):
        return Proof(scenario, claim, True, f"not tried: {user}", tried=False)
    users = {device.name: _user_of(device) for device in rehearsal.world.devices}
    return Proof(
        scenario,
        claim,
        all(each == user.uid for each in users.values()),
        f"{user.name}, on classic by {user.by}: {len(users)} devices",
    )


def with_their_own_python(scenario: str, rehearsal: Rehearsal) -> Proof:
    """Return the proof that each agent runs with its device's Python, in which nothing of this repository is."""
    python = rehearsal.world.python
    installed = sorted(each.name for each in python.glob("lib/*/site-packages/*.dist-info")) if python else []
    programs = {_program_of(device) for device in rehearsal.world.devices}
    return Proof(
        scenario,
        "agents run with their devices' own Python, which has what the agent requires and nothing of the tool",
        python is not None
        and programs == {(python / "bin" / "python3").resolve()}
        and not any(each.startswith(("mlops_at_edge", "greengrass_emulator")) for each in installed),
        f"{len(installed)} distributions, so the rehearsed agent brings no wheels",
    )


def _program_of(device: Device) -> Path | None:
    pid = device.agent_pid()
    if pid is None:
        return None
    try:
        return Path(f"/proc/{pid}/exe").resolve()
    except PermissionError:
        # The agent closes its memory to others, and so its links in /proc to all but root.
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        return Path(os.fsdecode(words[0])).resolve()


def _user_of(device: Device) -> int | None:
    pid = device.agent_pid()
    return None if pid is None else Path(f"/proc/{pid}").stat().st_uid


def every_frame_once(scenario: str, rehearsal: Rehearsal, feeders: Sequence[Feeder]) -> list[Proof]:
    """Return a proof for the frames in folders, and one for the requests by topic, as far as there are such."""
    folders = [feeder for feeder in feeders if not feeder.asks]
    topics = [feeder for feeder in feeders if feeder.asks]
    claims = [
        ("every frame has exactly one prediction", folders),
        ("every request on a local topic is answered", topics),
    ]
    return [_frames_of(scenario, claim, rehearsal, fed) for claim, fed in claims if fed]


def _frames_of(scenario: str, claim: str, rehearsal: Rehearsal, feeders: Sequence[Feeder]) -> Proof:
    devices = rehearsal.world.devices
    wrong: list[str] = []
    fed: dict[str, int] = {}
    for feeder in feeders:
        for device in devices:
            a = settle(feeder, device.name, device.predictions, deadline=_SECONDS_TO_SETTLE, source=feeder.source)
            fed[feeder.model] = fed.get(feeder.model, 0) + a.fed
            # A request that an agent took with it when it ended is asked again.
            twice = () if feeder.asks else a.twice
            if not a.fed or a.lost or twice or a.foreign:
                wrong.append(
                    f"{device.name}, {feeder.source}: {a.fed} fed, {len(a.lost)} lost, {len(twice)} twice, "
                    f"{len(a.foreign)} foreign"
                )
    what = "requests" if feeders[0].asks else "frames"
    counts = listed(f"{count} {what}" + (f" of {model}" if len(fed) > 1 else "") for model, count in fed.items())
    none = "all answered" if feeders[0].asks else "none lost, none twice"
    return Proof(scenario, claim, not wrong, "; ".join(wrong) or f"{counts} on {len(devices)} devices: {none}")


def all_zero(run: PipelineRun) -> bool:
    return set(run.exit_codes().values()) == {0} and len(run.deploys) > 0


def deploy_codes(run: PipelineRun) -> dict[str, int]:
    return {name: result.exit_code for name, result in run.deploys.items()}


def codes(run: PipelineRun) -> str:
    return ", ".join(f"{name} {code}" for name, code in run.exit_codes().items())


def count_versions(published: Published) -> str:
    return ", ".join(f"{name} {len(versions)} versions" for name, versions in published.versions.items())


def count_deployments(published: Published) -> str:
    return ", ".join(f"{name} {len(ids)} deployments" for name, ids in published.deployments.items())


def installed_by_each_stage(scenario: str, rehearsal: Rehearsal, run: PipelineRun) -> Proof:
    """Say whether each stage installed the tool from its inputs, in its own container."""
    claim = "each stage installs the tool from what the pipeline gives it, where there is nothing else of ours"
    containers = rehearsal.pipeline.containers
    if containers is None:
        return Proof(scenario, claim, True, "not tried: the stages share this environment; add --bare", tried=False)
    stages = {"build": run.build, **run.deploys}
    seen = [
        f"{name} {next((each.seconds for each in stage.phases if each.phase == 'install'), 0.0):.0f} s"
        + (f" as {pwd.getpwuid(user.uid).pw_name}" if (user := containers.user(name)) else "")
        for name, stage in stages.items()
    ]
    return Proof(scenario, claim, all(containers.installed(name) for name in stages), ", ".join(seen))
