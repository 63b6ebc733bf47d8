"""What `deploy` would do to one target: deployments, component changes and warnings. Reads only."""

from collections.abc import Callable

from cloud_publisher.deploying.as_planned import needed
from cloud_publisher.deploying.delivery import Delivery
from cloud_publisher.deploying.deploy import steps_now
from cloud_publisher.deploying.deployment import Deployment
from cloud_publisher.deploying.deployments import outcome_tag
from cloud_publisher.deploying.steps import Order, Step, kept_of, missing_of, reconfigured
from cloud_publisher.fleet.outcome import Outcome
from cloud_publisher.planning.differences import component_changes, setting_changes
from shared_schema.messages import Channel
from shared_schema.plan import PlannedDeployment, TargetPlan

Ours = Callable[[str, str], bool]
"""Returns whether this tool published a component (name, version)."""


def plan_target(order: Order, delivery: Delivery, ours: Ours, *, canary: bool = False) -> TargetPlan:
    """Return the plan of one target. Raises what `deploy` would raise before it makes a deployment."""
    delivery.deployments.check_target()
    current = delivery.settle(delivery.deployments.current(), record=False)
    channel, steps, warned = steps_now(order, delivery, current)
    deployments = needed(steps, current, channel, by_runtimes=delivery.terms.channel is None)
    before = current.content if current else None
    # If no deployment would be made, compare the target with itself: a change of the channel alone is no difference.
    after = steps[-1].build(channel) if deployments or before is None else before
    kept = {name: _kept(name, after.components[name].version, ours) for name in kept_of(order, before)}
    return TargetPlan(
        target_arn=delivery.target.arn,
        canary=canary,
        replaces=current.id if current else None,
        channel=channel if order.release.agent else None,
        removals=sorted(order.removals),
        deployments=deployments,
        components=component_changes(before, after, kept=kept),
        settings=setting_changes(before, after),
        warnings=[*_warnings(order, current, steps, deployments, channel), *(each.warning for each in warned)],
    )


def _kept(name: str, version: str, ours: Ours) -> str:
    if ours(name, version):
        return f"this tool published it, and it is not in the release: --allow-removal {name} removes it"
    return "it is not ours"


def _warnings(
    order: Order,
    current: Deployment | None,
    steps: tuple[Step, ...],
    deployments: list[PlannedDeployment],
    channel: Channel,
) -> list[str]:
    missing = missing_of(order, current.content if current else None)
    found = [f"{name} is not on the target: there is nothing to remove" for name in missing]
    outcome = outcome_tag(current) if current else None
    if current is not None and not deployments and outcome in (Outcome.FAILED, Outcome.REJECTED):
        found.append(f"the target has this release, and it {outcome.value} there: deploy --retry makes a new revision")
    if steps[0].part == "agent":
        found.append("agent and models change: deploy brings the agent first, with the current models")
    if current is None or channel is not Channel.VALIDATED or not deployments:
        return found
    names = ", ".join(reconfigured(order, steps[-1].build(channel), current.content))
    if steps[0].part == "configuration":
        found.append(
            f"the configuration of {names or 'other components'} changes while the version stays: deploy brings it "
            "first, by itself, because the nucleus would wait for it, and time out, once it asks the agent to validate"
        )
    elif names and len(steps) == 1:
        found.append(
            f"the configuration of {names} changes while the version stays, and there is no confirmed deployment to "
            "keep meanwhile: the nucleus may wait for it, time out, and fail the deployment"
        )
    return found
