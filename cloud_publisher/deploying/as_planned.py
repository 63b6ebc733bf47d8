"""Hold `deploy --plan` to its plan: refuse what the plan does not say. Pure."""

from cloud_publisher.deploying.comparing import fingerprint
from cloud_publisher.deploying.deployment import Deployment
from cloud_publisher.deploying.steps import Step, is_there
from cloud_publisher.errors import WorkFailedError, WrongUseError
from shared_schema.messages import Channel
from shared_schema.plan import Plan, PlannedDeployment, TargetPlan
from shared_schema.release import Release

_AGAIN = "run plan again, read what it says now, and deploy that"


def check_release(plan: Plan, release: Release) -> None:
    """Raises ``WrongUseError`` unless the release is the planned one: the same versions of the same content."""
    planned = {each.name: (each.version, each.content_digest) for each in plan.components}
    built = {each.name: (each.version, each.content_digest) for each in release.components}
    names = sorted(name for name in planned.keys() | built.keys() if planned.get(name) != built.get(name))
    if names:
        raise WrongUseError(
            f"the plan is not of this release: {', '.join(_difference(name, planned, built) for name in names)}",
            "deploy the release that was planned, or run plan --built, and deploy that",
        )


def needed(
    steps: tuple[Step, ...], current: Deployment | None, channel: Channel, *, by_runtimes: bool
) -> list[PlannedDeployment]:
    """Return the deployments to be made: none where the current one asks the same already."""
    if len(steps) == 1 and current is not None and is_there(steps[0].build, current, channel, by_runtimes=by_runtimes):
        return []
    return [PlannedDeployment(part=step.part, fingerprint=fingerprint(step.build(channel))) for step in steps]


def hold_to_plan(
    plan: TargetPlan, current: Deployment | None, channel: Channel, now_needed: list[PlannedDeployment]
) -> None:
    """Raise ``WorkFailedError`` when the target has changed since the plan.

    A target that took the first of the planned deployments, and nothing else, has not changed: an interrupted run goes
    on where it ended.
    """
    planned = plan.deployments
    there = fingerprint(current.content) if current else None
    here = current.id if current else None
    taken = next((index + 1 for index, each in enumerate(planned) if each.fingerprint == there), None)
    if here == plan.replaces:
        if now_needed == planned:
            return
        raise WorkFailedError(
            f"what {plan.target_arn} needs has changed since the plan, though its deployment has not"
            + _why(plan, channel),
            _AGAIN,
        )
    if taken is None:
        raise WorkFailedError(
            f"{plan.target_arn} has moved since the plan: its deployment is {here or 'gone'} now, and the plan was "
            f"made {'on top of ' + plan.replaces if plan.replaces else 'when it had none'}",
            _AGAIN,
        )
    # The planned deployment that the target has already may be waited for once more, or made again.
    if now_needed not in (planned[taken:], planned[taken - 1 :]):
        raise WorkFailedError(f"{plan.target_arn} needs something else now than planned{_why(plan, channel)}", _AGAIN)


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
