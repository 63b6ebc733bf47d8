"""What `deploy` would do to one target: deployments, component changes and warnings.

Pure, except for the passed-in question whether this tool published a component.
"""

from collections.abc import Callable

from cloud_publisher.deploying.plan.differences import component_changes, setting_changes
from cloud_publisher.deploying.rollout.checks import CheckedSteps
from cloud_publisher.deploying.rollout.steps import Order, kept_of, missing_of, reconfigured
from cloud_publisher.deploying.target_state import TargetState
from cloud_publisher.fleet.outcome import Outcome
from shared_schema.messages import Channel
from shared_schema.plan import TargetPlan

Ours = Callable[[str, str], bool]
"""Returns whether this tool published a component (name, version)."""


def plan_target(
    order: Order, state: TargetState, checked: CheckedSteps, ours: Ours, *, canary: bool = False
) -> TargetPlan:
    """Return the plan of one target. Raises what ``ours`` raises."""
    before = state.content
    # If no deployment would be made, compare the target with itself: a change of the channel alone is no difference.
    after = checked.steps[-1].build(state.channel) if checked.needed or before is None else before
    kept = {name: _why_kept(name, after.components[name].version, ours) for name in kept_of(order, before)}
    return TargetPlan(
        target_arn=state.target.arn,
        canary=canary,
        replaces=state.current.id if state.current else None,
        channel=state.channel if order.release.agent else None,
        removals=sorted(order.removals),
        deployments=list(checked.needed),
        components=component_changes(before, after, kept=kept),
        settings=setting_changes(before, after),
        warnings=[*_warnings(order, state, checked), *(each.warning for each in checked.warned)],
    )


def _why_kept(name: str, version: str, ours: Ours) -> str:
    if ours(name, version):
        return f"this tool published it, and it is not in the release: --allow-removal {name} removes it"
    return "it is not ours"


def _warnings(order: Order, state: TargetState, checked: CheckedSteps) -> list[str]:
    current, steps = state.current, checked.steps
    found = [f"{name} is not on the target: there is nothing to remove" for name in missing_of(order, state.content)]
    if current is not None and not checked.needed and current.outcome in (Outcome.FAILED, Outcome.REJECTED):
        outcome = current.outcome.value
        found.append(f"the target has this release, and it {outcome} there: deploy --retry makes a new revision")
    if steps[0].part == "agent":
        found.append("agent and models change: deploy brings the agent first, with the current models")
    if current is None or state.channel is not Channel.VALIDATED or not checked.needed:
        return found
    names = ", ".join(reconfigured(order, steps[-1].build(state.channel), current.content))
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
