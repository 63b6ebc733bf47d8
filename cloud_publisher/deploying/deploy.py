"""`deploy`: from a release to a deployment of a target, step by step, once, and back if told to.

What it decides is in `steps`, `merging`, `channels` and `comparing`; what it does, in `delivery`.
"""

from cloud_publisher.deploying.as_planned import hold_to_plan, needed
from cloud_publisher.deploying.delivery import Delivery
from cloud_publisher.deploying.deployment import Deployment, DeploymentContent
from cloud_publisher.deploying.deployments import outcome_tag
from cloud_publisher.deploying.reports import Delivered, DeployReport
from cloud_publisher.deploying.rollback import channel_of, roll_back
from cloud_publisher.deploying.steps import Order, Situation, Step, kept_of, missing_of, removed_of, steps_of
from cloud_publisher.errors import WorkFailedError, WrongUseError
from cloud_publisher.fleet.outcome import Outcome
from cloud_publisher.sizes.deployment_sizes import refuse_recipes
from cloud_publisher.sizes.figure import Figure
from shared_schema.messages import Channel
from shared_schema.plan import TargetPlan

_WORDS = {
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
    delivery.deployments.check_target()
    current = delivery.settle(delivery.deployments.current())
    channel, steps, _ = steps_now(order, delivery, current)
    if plan is not None:
        hold_to_plan(
            plan, current, channel, needed(steps, current, channel, by_runtimes=delivery.terms.channel is None)
        )
    before = current.content if current else None
    for name in missing_of(order, before):
        delivery.watch.say(f"{name} is not on the target: there is nothing to remove")
    ours = {component.name for component in order.release.components}
    delivered: list[Delivered] = []
    for step in steps:
        last = step is steps[-1]
        if step.part in _WORDS:
            delivery.watch.say(_WORDS[step.part])
        must_wait = not last or delivery.terms.wait or delivery.terms.rollback_on_failure
        delivered.append(
            delivery.deliver(step.build, current, ours=ours, part=step.part, must_wait=must_wait, release=order.release)
        )
        current = delivered[-1].deployment
        if not last and delivered[-1].outcome is not Outcome.CONFIRMED:
            break
    report = DeployReport(
        delivery.target,
        channel_of(delivered[-1].deployment),
        tuple(delivered),
        kept_of(order, before),
        removed_of(order, before),
    )
    if not delivery.terms.rollback_on_failure or report.outcome in (None, Outcome.CONFIRMED):
        return report
    return _rolled_back(report, delivery)


def steps_now(
    order: Order, delivery: Delivery, current: Deployment | None
) -> tuple[Channel, tuple[Step, ...], list[Figure]]:
    """Return the channel, the deployments that the target needs now, and the sizes in them that are worth a warning.

    Raises what `steps_of` and ``Delivery.check`` raise. All deployments are checked before the first is made.
    """
    devices = delivery.devices()
    channel = delivery.channel(devices)

    def confirmed() -> DeploymentContent | None:
        if current is not None and outcome_tag(current) is Outcome.CONFIRMED:
            return current.content
        found = (each for each in delivery.deployments.history() if outcome_tag(each) is Outcome.CONFIRMED)
        return next((each.content for each in found), None)

    situation = Situation(
        current,
        confirmed,
        has_devices=bool(devices),
        now=int(delivery.now().timestamp()),
        by_runtimes=delivery.terms.channel is None,
    )
    steps = steps_of(order, situation, channel)
    if not needed(steps, current, channel, by_runtimes=situation.by_runtimes):
        return channel, steps, []
    before, warned = current.content if current else None, list[Figure]()
    for step in steps:
        content = step.build(channel)
        warned += delivery.check(content, before, devices, order.release)
        before = content
    refuse_recipes(order.release, delivery.place(devices))
    return channel, steps, warned


def _rolled_back(report: DeployReport, delivery: Delivery) -> DeployReport:
    try:
        back = roll_back(delivery, report.delivered[-1].deployment, goal=None, must_wait=True)
    except (WorkFailedError, WrongUseError) as error:
        # The devices' refusal decides the exit code; a failed rollback is only reported beside it.
        delivery.watch.say(f"not rolled back: {error}")
        return report
    return DeployReport(report.target, report.channel, report.delivered, report.kept, report.removed, back)
