"""The five scenarios of the rehearsal, each a function from the world to the proofs that it gives.

A scenario does what an operator would (approve a package, run the pipeline). Then it looks at the accounts through the
API, and at what the devices wrote. No row of the table is assumed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal.cloud_view import Published
from rehearsal.feeder import Account, Feeder, settle
from rehearsal.other_user import OtherUser
from rehearsal.pipeline import Pipeline, PipelineRun
from rehearsal.registry import Registrations, Registry, TrainedModel
from rehearsal.restarts import restart_devices
from rehearsal.timeline import Proof, Timeline
from rehearsal.world import AGENT, Device, World
from shared_schema.messages import Verdict
from shared_schema.shadow import ShadowModel

MODEL = "digits"
REJECTED = 5
_SECONDS_TO_SETTLE = 20.0


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What every scenario needs."""

    world: World
    pipeline: Pipeline
    registry: Registry
    models: Registrations
    timeline: Timeline
    user: OtherUser | str = "not asked for"
    """The user that runs the devices' components, or the reason why it is the nucleus's own."""

    def approve(self, model: TrainedModel) -> None:
        """Set a package to Approved, as a person would after looking at its metrics."""
        self.registry.set_status(model, "Approved")
        self.timeline.add("registry", f"{model.name} approved")

    def run_pipeline(self, *, gated: bool = True) -> PipelineRun:
        """Run the pipeline once, and record it on the timeline."""
        at = self.timeline.now()
        run = self.pipeline.run(gated=gated)
        for name, stage in {"build": run.build, **run.deploys}.items():
            self.timeline.record(name, f"run {run.number}: exit code {stage.exit_code}", at=at, seconds=stage.seconds)
            at += stage.seconds
        return run


def first_release(rehearsal: Rehearsal) -> list[Proof]:
    """Release the linear model: from Approved until every device serves and confirms it."""
    scenario = "1 first release"
    rehearsal.approve(rehearsal.models.linear)
    run = rehearsal.run_pipeline()
    serving = _serving(rehearsal)
    return [
        Proof(scenario, "build, and publish and deploy in three accounts", _all_zero(run), _codes(run)),
        _all_confirm(scenario, "every device serves and confirms {version}", serving, rehearsal.models.linear),
        _same_digest(scenario, serving),
        _both_channels(scenario, rehearsal),
        as_another_user(scenario, rehearsal),
    ]


def better_model(rehearsal: Rehearsal, feeder: Feeder) -> list[Proof]:
    """Release the better model: it replaces the first in the same process, and every scan gets its prediction.

    Each classic nucleus was just restarted, one of them without a network: it must not take what it reads back from
    its own store for a change.
    """
    scenario = "2 hot reload"
    booted = restart_devices(scenario, rehearsal.world)
    before = {device.name: device.agent_pid() for device in rehearsal.world.devices}
    rehearsal.approve(rehearsal.models.better)
    run = rehearsal.run_pipeline()
    serving = _serving(rehearsal)
    after = {device.name: device.agent_pid() for device in rehearsal.world.devices}
    kept = [name for name, pid in after.items() if pid is not None and pid == before[name]]
    return [
        booted,
        Proof(scenario, "the pipeline releases the better model", _all_zero(run), _codes(run)),
        _all_confirm(scenario, "every device serves and confirms {version}", serving, rehearsal.models.better),
        Proof(
            scenario,
            "no agent was restarted by the first release after its nucleus's start",
            len(kept) == len(after),
            ", ".join(f"{name} pid {pid}" for name, pid in after.items()),
        ),
        _every_scan_once(scenario, rehearsal, feeder),
    ]


def bad_model(rehearsal: Rehearsal, feeder: Feeder) -> list[Proof]:
    """Release the bad model: every device refuses it, and goes on serving."""
    scenario = "3 refusal"
    before = {device.name: device.agent_pid() for device in rehearsal.world.devices}
    rehearsal.approve(rehearsal.models.bad)
    run = rehearsal.run_pipeline(gated=False)
    deploys = {name: result.exit_code for name, result in run.deploys.items()}
    refused: list[str] = []
    statuses: list[str] = []
    undisturbed: list[str] = []
    for device in rehearsal.world.devices:
        model = _model_of(rehearsal, device)
        verdict = model.said.verdict if model and model.said else None
        outcome = device.view.outcome(device.name)
        detailed = device.detailed_status()
        wanted = "SUCCEEDED" if device.runtime == "lite" else "FAILED_NO_STATE_CHANGE"
        statuses.append(f"{device.name} {detailed or outcome.status}")
        if verdict is Verdict.REJECTED and wanted in {detailed, outcome.status}:
            refused.append(device.name)
        if (
            model
            and model.version == rehearsal.models.better.released_as
            and device.agent_pid() == before[device.name]
            and device.serves_now(MODEL) == rehearsal.models.better.released_as
        ):
            undisturbed.append(device.name)
    devices = len(rehearsal.world.devices)
    return [
        Proof(
            scenario,
            "each deploy exits with 5: rejected by the devices' own checks",
            run.build.exit_code == 0
            and set(deploys.values()) == {REJECTED}
            and len(deploys) == len(rehearsal.world.accounts),
            _codes(run),
        ),
        Proof(
            scenario,
            "classic ends FAILED_NO_STATE_CHANGE, lite SUCCEEDED with a REJECTED confirmation",
            len(refused) == devices,
            ", ".join(statuses),
        ),
        Proof(
            scenario,
            f"every device goes on serving {rehearsal.models.better.released_as}, in the same process",
            len(undisturbed) == devices,
            f"{len(undisturbed)} of {devices} devices",
        ),
        _every_scan_once(scenario, rehearsal, feeder),
    ]


def way_back(rehearsal: Rehearsal, feeder: Feeder) -> list[Proof]:
    """Reject the bad package in the registry: the pipeline deploys the good model again."""
    scenario = "4 way back"
    rehearsal.registry.set_status(rehearsal.models.bad, "Rejected")
    rehearsal.timeline.add("registry", f"{rehearsal.models.bad.name} rejected")
    run = rehearsal.run_pipeline()
    return [
        Proof(scenario, "the pipeline deploys the good model as it was built before", _all_zero(run), _codes(run)),
        _all_confirm(scenario, "every device confirms {version} again", _serving(rehearsal), rehearsal.models.better),
        _every_scan_once(scenario, rehearsal, feeder),
    ]


def nothing_to_do(rehearsal: Rehearsal) -> list[Proof]:
    """Run the same pipeline once more: it must change nothing."""
    scenario = "5 nothing new"
    before = rehearsal.world.published()
    run = rehearsal.run_pipeline()
    after = rehearsal.world.published()
    return [
        Proof(scenario, "the pipeline runs once more and ends well", _all_zero(run), _codes(run)),
        Proof(
            scenario, "nothing is built or uploaded", before.objects == after.objects, f"{len(after.objects)} objects"
        ),
        Proof(scenario, "nothing is published", before.versions == after.versions, _count(after)),
        Proof(scenario, "nothing is deployed", before.deployments == after.deployments, _deployments(after)),
    ]


def _serving(rehearsal: Rehearsal) -> dict[str, ShadowModel | None]:
    """Return what each device's shadow says of the model."""
    return {device.name: _model_of(rehearsal, device) for device in rehearsal.world.devices}


def _all_confirm(scenario: str, claim: str, serving: Mapping[str, ShadowModel | None], wanted: TrainedModel) -> Proof:
    confirmed = [name for name, model in serving.items() if _confirms(model, wanted)]
    words = claim.format(version=wanted.released_as)
    return Proof(scenario, words, len(confirmed) == len(serving), f"{len(confirmed)} of {len(serving)} devices")


def _model_of(rehearsal: Rehearsal, device: Device) -> ShadowModel | None:
    try:
        report = device.view.shadow(device.name)
    except LookupError:
        return None
    model = report.models.get(MODEL)
    if model and model.said:
        words = f"{model.said.verdict} {model.said.version}"
        rehearsal.timeline.record_message(device.name, words, when=report.timestamp)
    return model


def _confirms(model: ShadowModel | None, wanted: TrainedModel) -> bool:
    """Return whether the served and the last confirmed version are both the wanted one, with one digest."""
    if model is None or model.said is None:
        return False
    confirmation = model.said
    return (
        confirmation.verdict is Verdict.CONFIRMED
        and confirmation.version == model.version == wanted.released_as
        and confirmation.digest == model.digest
    )


def _same_digest(scenario: str, serving: Mapping[str, ShadowModel | None]) -> Proof:
    digests = {model.digest if model else None for model in serving.values()}
    shown = ", ".join(sorted(str(digest)[:12] for digest in digests))
    return Proof(scenario, "one digest in all accounts", len(digests) == 1 and None not in digests, shown)


def _both_channels(scenario: str, rehearsal: Rehearsal) -> Proof:
    runtimes = {device.runtime for device in rehearsal.world.devices}
    channels = {
        account.name: account.view.channel(account.target_arn, AGENT) for account in rehearsal.world.accounts.values()
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


def _user_of(device: Device) -> int | None:
    pid = device.agent_pid()
    return None if pid is None else Path(f"/proc/{pid}").stat().st_uid


def _every_scan_once(scenario: str, rehearsal: Rehearsal, feeder: Feeder) -> Proof:
    accounts: dict[str, Account] = {
        device.name: settle(feeder, device.name, device.predictions, deadline=_SECONDS_TO_SETTLE)
        for device in rehearsal.world.devices
    }
    wrong = [
        f"{name}: {len(a.lost)} lost, {len(a.twice)} twice, {len(a.foreign)} foreign"
        for name, a in accounts.items()
        if not a.balances
    ]
    fed = sum(account.fed for account in accounts.values())
    return Proof(
        scenario,
        "every scan has exactly one prediction",
        not wrong,
        "; ".join(wrong) or f"{fed} scans on {len(accounts)} devices: none lost, none twice",
    )


def _all_zero(run: PipelineRun) -> bool:
    return set(run.exit_codes().values()) == {0} and len(run.deploys) > 0


def _codes(run: PipelineRun) -> str:
    return ", ".join(f"{name} {code}" for name, code in run.exit_codes().items())


def _count(published: Published) -> str:
    return ", ".join(f"{name} {len(versions)} versions" for name, versions in published.versions.items())


def _deployments(published: Published) -> str:
    return ", ".join(f"{name} {len(ids)} deployments" for name, ids in published.deployments.items())
