"""The plan that `deploy --plan` is given: read once, and refused where target, release or options differ from it."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from cloud_publisher.deploying.content.comparing import fingerprint
from cloud_publisher.deploying.target_state import TargetState
from cloud_publisher.documents import read_valid
from cloud_publisher.errors import InvalidDocumentError, WorkFailedError, WrongUseError
from shared_schema.messages import Channel
from shared_schema.plan import Plan, PlannedDeployment, TargetPlan
from shared_schema.release import Release

_AGAIN = "run plan again, read what it says now, and deploy that"


@dataclass(frozen=True, slots=True)
class GivenPlan:
    """The plans of the target, and of the canary if there is one."""

    target: TargetPlan
    canary: TargetPlan | None


def read_given_plan(
    path: Path, release: Release, *, target_arn: str | None, canary: str | None, removals: Collection[str]
) -> GivenPlan:
    """Return the plan in a file, which must be for this release. The others are what the command's options name.

    Raises ``InvalidDocumentError``, and ``WrongUseError`` for another release or an option that differs from the plan.
    """
    document = read_valid(path, Plan)
    plan = document.value
    if not plan.targets or any(not each.canary for each in plan.targets[:-1]) or plan.targets[-1].canary:
        found = document.diagnostic(
            ("targets",), "has no target, or something else than a canary before it", "run plan with --target-arn"
        )
        raise InvalidDocumentError([found])
    _check_release(plan, release)
    of_target, of_canary = plan.targets[-1], plan.targets[0] if len(plan.targets) > 1 else None
    if target_arn not in (None, of_target.target_arn):
        raise WrongUseError(
            f"{path} is a plan for {of_target.target_arn}, and the target is {target_arn}",
            "plan for this target, or leave out --target-arn (TARGET_ARN)",
        )
    if canary or removals:
        raise WrongUseError(
            "--canary and --allow-removal are part of a plan, and one is given with --plan",
            "give them to plan, and deploy what it writes",
        )
    return GivenPlan(of_target, of_canary)


def hold_to_plan(plan: TargetPlan, state: TargetState, needed: Sequence[PlannedDeployment]) -> None:
    """Raise ``WorkFailedError`` when the target has changed since the plan. ``needed`` is what it needs now.

    A target that took the first of the planned deployments, and nothing else, has not changed: an interrupted run goes
    on where it ended.
    """
    planned, needed_now, channel = plan.deployments, list(needed), state.channel
    current_fingerprint = fingerprint(state.content) if state.content else None
    current_id = state.current.id if state.current else None
    taken = next((index + 1 for index, each in enumerate(planned) if each.fingerprint == current_fingerprint), None)
    if current_id == plan.replaces:
        if needed_now == planned:
            return
        raise WorkFailedError(
            f"what {plan.target_arn} needs has changed since the plan, though its deployment has not"
            + _why(plan, channel),
            _AGAIN,
        )
    if taken is None:
        raise WorkFailedError(
            f"{plan.target_arn} has moved since the plan: its deployment is {current_id or 'gone'} now, and the plan "
            f"was made {'on top of ' + plan.replaces if plan.replaces else 'when it had none'}",
            _AGAIN,
        )
    # The planned deployment that the target has already may be waited for once more, or made again.
    if needed_now not in (planned[taken:], planned[taken - 1 :]):
        raise WorkFailedError(f"{plan.target_arn} needs something else now than planned{_why(plan, channel)}", _AGAIN)


def _check_release(plan: Plan, release: Release) -> None:
    """Raise ``WrongUseError`` unless the release is the planned one: the same versions of the same content."""
    planned = {each.name: (each.version, each.content_digest) for each in plan.components}
    built = {each.name: (each.version, each.content_digest) for each in release.components}
    names = sorted(name for name in planned.keys() | built.keys() if planned.get(name) != built.get(name))
    if names:
        raise WrongUseError(
            f"the plan is not of this release: {', '.join(_difference(name, planned, built) for name in names)}",
            "deploy the release that was planned, or run plan --built, and deploy that",
        )


def _why(plan: TargetPlan, channel: Channel) -> str:
    if plan.channel is not None and plan.channel is not channel:
        return (
            f": its devices take the desired state by the {channel.value} channel now, "
            f"and the plan was for {plan.channel.value}"
        )
    return ": another template, other devices, or the outcome of an earlier deployment"


def _difference(name: str, planned: dict[str, tuple[str, str]], built: dict[str, tuple[str, str]]) -> str:
    if name not in built:
        return f"{name} was planned, and is not in it"
    if name not in planned:
        return f"{name} was not planned"
    if planned[name][0] != built[name][0]:
        return f"{name} {built[name][0]}, planned was {planned[name][0]}"
    return f"{name} {built[name][0]} with other content"
