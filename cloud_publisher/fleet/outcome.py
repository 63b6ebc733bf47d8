"""Compute each device's standing, and a deployment's outcome, from what was observed.

Source of the rules: docs/architecture.md, "Outcomes".

Pure. An outcome is certain once every device that counts has a final standing, or a quorum has confirmed.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cloud_publisher.fleet.devices import OPEN, SUCCEEDED, DeviceStanding, Execution, Observation, Standing
from cloud_publisher.fleet.remedies import LITE, remedy_for
from shared_schema.desired_state import DesiredModel, DesiredState
from shared_schema.messages import AgentState, StateReason, Verdict, tells_not_brought_up
from shared_schema.shadow import Said, ShadowReport

CONFIRMATION_GRACE = timedelta(seconds=5)
"""How long to wait for a confirmation after a failure: it and the job's update may reach the cloud in either order."""


class Outcome(StrEnum):
    """How a deployment ended, as its tag ``mlops:outcome`` says."""

    CONFIRMED = "confirmed"
    REJECTED = "rejected"
    FAILED = "failed"
    TIMED_OUT = "timed-out"


@dataclass(frozen=True, slots=True)
class Quorum:
    """``percent`` of the devices seen within ``seen_within`` must confirm; the rest may be away or late."""

    percent: float = 100.0
    seen_within: timedelta = timedelta(hours=24)

    def needed(self, seen: int) -> int:
        """Return how many of the ``seen`` devices must confirm: at least one."""
        # The 1e-9 keeps a rounding error (29.000000000000004) from asking for one device more.
        return max(1, math.ceil(seen * self.percent / 100 - 1e-9))


@dataclass(frozen=True, slots=True)
class Wanted:
    """The state that devices should reach: a deployment, and its desired state (None without an agent).

    ``agent`` is the version of the agent's component in it: a report of another version confirms nothing.
    ``configured`` names the other components that the deployment configures: the nucleus waits for them, and times out,
    if their configuration changes while their version does not.
    """

    deployment_id: str
    state: DesiredState | None
    configured: tuple[str, ...] = ()
    agent: str | None = None


def standing_of(
    seen: Observation, wanted: Wanted, quorum: Quorum, now: datetime, waited: timedelta | None = None
) -> DeviceStanding:
    """Return one device's standing. ``waited`` is how long its job status has been so; None for a single look."""
    standing, words = _standing(seen, wanted, now, waited)
    return DeviceStanding(
        thing=seen.device.thing,
        standing=standing,
        words=words,
        seen=now - seen.device.reported <= quorum.seen_within,
        runtime=seen.device.runtime,
        remedy=remedy_for(seen.execution.errors, seen.device.runtime)
        if seen.execution and standing is Standing.FAILED
        else None,
    )


def outcome_of(standings: Sequence[DeviceStanding], quorum: Quorum) -> Outcome | None:
    """Return the outcome if it is certain, else None; also None if no device was seen recently."""
    counted = [each for each in standings if each.seen]
    if not counted:
        return None
    confirmed = sum(each.standing is Standing.CONFIRMED for each in counted)
    if confirmed >= quorum.needed(len(counted)):
        return Outcome.CONFIRMED
    if all(each.final for each in counted):
        return _refusal(counted)
    return None


def outcome_at_deadline(standings: Sequence[DeviceStanding], quorum: Quorum) -> Outcome:
    """Return the outcome at the time-out: a refusal if the quorum can no longer be reached, else timed out."""
    counted = [each for each in standings if each.seen]
    possible = sum(each.standing is Standing.CONFIRMED or not each.final for each in counted)
    if counted and possible < quorum.needed(len(counted)):
        return _refusal(counted)
    return Outcome.TIMED_OUT


def as_released(report: ShadowReport, name: str, model: DesiredModel, release: str) -> bool:
    """Return whether an agent serves a model of a release and has confirmed it.

    The confirmation may be of an earlier release, if the agent applies this one and the digest is the same.
    """
    found = report.models.get(name)
    if found is None or found.said is None or found.serves is None:
        return False
    of_this_release = release in (found.said.release, report.release)
    serves = found.serves.digest == found.said.digest == model.digest
    return serves and of_this_release and found.said.verdict is Verdict.CONFIRMED


def confirms(report: ShadowReport, wanted: Wanted) -> bool:
    """Return whether an agent reports exactly what is wanted: the release, and each of its models by digest."""
    if wanted.state is None or _refusals(report, wanted):
        return False
    return _of_agent(report, wanted.state, wanted.agent)[0] is Standing.CONFIRMED


def _standing(seen: Observation, wanted: Wanted, now: datetime, waited: timedelta | None) -> tuple[Standing, str]:
    execution = seen.execution
    if execution is None:
        return Standing.QUEUED, "has not received the deployment yet"
    if execution.status in OPEN:
        if execution.status == "QUEUED":
            return Standing.QUEUED, execution.reason or "has not begun with the deployment yet"
        return Standing.IN_PROGRESS, execution.reason or "is working on the deployment"
    # After a success an earlier agent may still run until the new one is up; its refusals do not count.
    by_another = execution.status in SUCCEEDED and seen.report is not None and _is_another(seen.report, wanted.agent)
    refusals = [] if by_another else _refusals(seen.report, wanted)
    if refusals:
        return Standing.REJECTED, "; ".join(refusals)
    if execution.status not in SUCCEEDED:
        standing, words = _failed(execution, wanted, _age(execution, now, waited))
        says = _trouble_of(seen.report) if seen.device.runtime == LITE else ""
        return standing, f"{words}{says}"
    if wanted.state is None:
        return Standing.CONFIRMED, "its deployment succeeded"
    return _of_agent(seen.report, wanted.state, wanted.agent)


def _is_another(report: ShadowReport, agent: str | None) -> bool:
    return agent is not None and report.agent_version != agent


def _of_agent(report: ShadowReport | None, state: DesiredState, agent: str | None) -> tuple[Standing, str]:
    if report is None:
        return Standing.UNCONFIRMED, "its deployment succeeded, and its agent has not written the shadow yet"
    if _is_another(report, agent):
        return _of_another_agent(report, agent)
    if not state.models:
        if report.release == state.release:
            return Standing.CONFIRMED, f"applies release {state.release}, which names no model"
        applied = f"release {report.release}" if report.release else "no release"
        return Standing.UNCONFIRMED, f"its agent still applies {applied}"
    verdicts = {name: _verdict(report, name, model, state.release) for name, model in state.models.items()}
    for standing in (Standing.FAILED, Standing.HELD, Standing.UNCONFIRMED):
        words = [text for found, text in verdicts.values() if found is standing]
        if words:
            return standing, "; ".join(words)
    return Standing.CONFIRMED, "; ".join(text for _, text in verdicts.values())


def _of_another_agent(report: ShadowReport, agent: str | None) -> tuple[Standing, str]:
    """An earlier agent still runs: failed if it reports that the wanted version could not be brought up."""
    if report.reason == StateReason.INSTALL and agent is not None and tells_not_brought_up(report.why, agent):
        return Standing.FAILED, f"its agent {report.agent_version} serves on: {report.why}"
    return Standing.UNCONFIRMED, f"its agent is still {report.agent_version}, and the deployment names {agent}"


def _verdict(report: ShadowReport, name: str, model: DesiredModel, release: str) -> tuple[Standing, str]:
    if as_released(report, name, model, release):
        return Standing.CONFIRMED, f"{name} {model.version} {model.digest[:12]}"
    confirmation = _confirmation(report, name, model, release)
    if confirmation is not None and confirmation.verdict is Verdict.HELD:
        return Standing.HELD, f"{name} {model.version}: an operator holds it back (release-hold lets it serve)"
    if confirmation is not None and confirmation.verdict is Verdict.FAILED:
        return Standing.FAILED, f"{name} {model.version}: {_reason(confirmation)}"
    found = report.models.get(name)
    now = f"serves {found.serves.version}" if found and found.serves else "serves none"
    # A verdict that this publisher does not know (a newer agent's) is shown, but decides nothing.
    unknown = ""
    if confirmation is not None and not isinstance(confirmation.verdict, Verdict):
        unknown = f" ({confirmation.verdict}: {_reason(confirmation)})"
    agent = f"its agent is {report.state}{f' ({report.reason})' if report.reason else ''} and {now}"
    return Standing.UNCONFIRMED, f"{name} {model.version}: not confirmed yet{unknown}; {agent}"


def _refusals(report: ShadowReport | None, wanted: Wanted) -> list[str]:
    if report is None or wanted.state is None:
        return []
    confirmations = {
        name: _confirmation(report, name, model, wanted.state.release) for name, model in wanted.state.models.items()
    }
    return [
        f"{name} {each.version}: {_reason(each)}"
        for name, each in confirmations.items()
        if each and each.verdict is Verdict.REJECTED
    ]


def _confirmation(report: ShadowReport, name: str, model: DesiredModel, release: str) -> Said | None:
    """Return the agent's confirmation of this model in this release. Those of earlier releases are ignored."""
    found = report.models.get(name)
    if found is None or found.said is None:
        return None
    one = found.said
    return one if one.release == release and one.digest == model.digest else None


def _reason(confirmation: Said) -> str:
    parts = (confirmation.reason, confirmation.words)
    return ": ".join(part for part in parts if part) or str(confirmation.verdict)


def _age(execution: Execution, now: datetime, waited: timedelta | None) -> timedelta:
    """Return how long ago a device ended. If our clock is behind the cloud's, use the time that we observed."""
    age = now - execution.modified
    if age >= timedelta(0):
        return age
    return waited if waited is not None else -age


def _failed(execution: Execution, wanted: Wanted, age: timedelta) -> tuple[Standing, str]:
    words = execution.words
    has_models = wanted.state is not None and wanted.state.models
    if has_models and execution.status == "FAILED" and age < CONFIRMATION_GRACE:
        return Standing.IN_PROGRESS, f"its deployment failed ({words}); its agent may still say why"
    if has_models and _validation_timed_out(words):
        return Standing.FAILED, f"{words}. {_why_validation_fails(wanted.configured)}"
    return Standing.FAILED, words


def _trouble_of(report: ShadowReport | None) -> str:
    """Return what the agent reports, for nucleus lite, which gives no cause of a failure."""
    if report is None:
        return "; nucleus lite gives no cause, and its agent has never written the shadow"
    why = ": ".join(part for part in (report.reason, report.why) if part)
    models = [f"{name} {each.verdict}: {_reason(each)}" for name, each in _not_confirmed(report)]
    state = [] if report.state in (AgentState.SERVING, AgentState.IDLE) and not why else [why or "without a reason"]
    trouble = "; ".join([*state, *models])
    agent = f"its agent {report.agent_version} is {report.state}"
    return f"; nucleus lite gives no cause; {agent}{f' ({trouble})' if trouble else ''}"


def _not_confirmed(report: ShadowReport) -> list[tuple[str, Said]]:
    return [
        (name, each.said)
        for name, each in sorted(report.models.items())
        if each.said is not None and each.said.verdict is not Verdict.CONFIRMED
    ]


def _validation_timed_out(words: str) -> bool:
    # The nucleus: "Error while waiting for validation report for one or more components"
    # (docs/greengrass-facts.md, "Validation").
    return "while waiting" in words and "validat" in words


def _why_validation_fails(configured: Iterable[str]) -> str:
    names = ", ".join(configured)
    kept = (
        f"or the nucleus waited for another component whose configuration changes with the deployment ({names}), until "
        f"it timed out: deploy that change by itself first"
        if names
        else "or a component on the device has changed its own configuration, and the nucleus waited for it until it "
        "timed out"
    )
    return f"Either the agent died while it vetted (its log says more), {kept}. Then run deploy --retry"


def _refusal(counted: Sequence[DeviceStanding]) -> Outcome:
    # A model that a device's checks refused tells an operator more than a deployment that failed elsewhere.
    return Outcome.REJECTED if any(each.standing is Standing.REJECTED for each in counted) else Outcome.FAILED
