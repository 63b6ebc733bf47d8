"""`deploy`: from a release to a deployment of a target, step by step, once, and back if told to.

What it decides is in ``steps``, ``checks`` and ``given_plan``; what it does, in ``delivery``.
"""

from dataclasses import replace

from cloud_publisher.deploying.channels import channel_of
from cloud_publisher.deploying.rollout.checks import CheckedSteps, checked_steps
from cloud_publisher.deploying.rollout.delivery import Delivery
from cloud_publisher.deploying.rollout.given_plan import hold_to_plan
from cloud_publisher.deploying.rollout.reports import Delivered, DeployReport
from cloud_publisher.deploying.rollout.rollback import roll_back
from cloud_publisher.deploying.rollout.steps import Order, kept_of, missing_of, removed_of
from cloud_publisher.deploying.target_state import TargetState
from cloud_publisher.errors import WorkFailedError, WrongUseError
from cloud_publisher.fleet.outcome import Outcome
from shared_schema.plan import Part, TargetPlan

_WHY_FIRST: dict[Part, str] = {
    "agent": "the release has a new agent and new models: the agent goes first, with the current models",
    "configuration": "the configuration of other components changes while their versions stay: it goes first, because "
    "the nucleus would wait for these components, and time out, once it asks the agent to validate",
}


def deploy(order: Order, delivery: Delivery, plan: TargetPlan | None = None) -> DeployReport:
    """Deploy the release to the target, and report what was done and how it ended on the devices.

    With a ``plan`` it does exactly that, or raises ``WorkFailedError`` if the target has changed since. Raises
    ``WrongUseError`` (no such target, a device with two targets, a deployment that is too large or that an agent cannot
    read), ``InvalidDocumentError`` (the template), ``WorkFailedError`` (superseded meanwhile) and ``CloudError``.
    """
    return roll_out(order, delivery, delivery.access.read(order), plan)


def roll_out(order: Order, delivery: Delivery, state: TargetState, plan: TargetPlan | None = None) -> DeployReport:
    """Deploy the release to a target that was just read. Raises what `deploy` raises."""
    before, watch, options = state.content, delivery.watch, delivery.options
    steps = steps_to_take(order, delivery, state, plan).steps
    for name in missing_of(order, before):
        watch.say(f"{name} is not on the target: there is nothing to remove")
    ours = {component.name for component in order.release.components}
    delivered: list[Delivered] = []
    for step in steps:
        last = step is steps[-1]
        if step.part in _WHY_FIRST:
            watch.say(_WHY_FIRST[step.part])
        if delivered:
            state = delivery.access.read_after(state, delivered[-1].deployment)
        must_wait = not last or options.wait or options.rollback_on_failure
        delivered.append(
            delivery.deliver(step.build, state, ours=ours, part=step.part, must_wait=must_wait, release=order.release)
        )
        if not last and delivered[-1].outcome is not Outcome.CONFIRMED:
            break
    report = DeployReport(
        target=delivery.target,
        channel=channel_of(delivered[-1].deployment.content),
        delivered=tuple(delivered),
        kept=kept_of(order, before),
        removed=removed_of(order, before),
    )
    if not options.rollback_on_failure or report.outcome in (None, Outcome.CONFIRMED):
        return report
    return _rolled_back(report, delivery, state)


def steps_to_take(order: Order, delivery: Delivery, state: TargetState, plan: TargetPlan | None) -> CheckedSteps:
    """Return the deployments that the target needs, checked, and held to the plan if there is one.

    Raises what `checked_steps` and `hold_to_plan` raise.
    """
    checked = checked_steps(order, state, delivery.access.forms_of)
    if plan is not None:
        hold_to_plan(plan, state, checked.needed)
    return checked


def _rolled_back(report: DeployReport, delivery: Delivery, state: TargetState) -> DeployReport:
    try:
        after = delivery.access.read_after(state, report.delivered[-1].deployment)
        back = roll_back(delivery, after, to=None, must_wait=True)
    except (WorkFailedError, WrongUseError) as error:
        # The devices' refusal decides the exit code; a failed rollback is only reported beside it.
        delivery.watch.say(f"not rolled back: {error}")
        return report
    return replace(report, rolled_back=back)
