"""A canary: a group of its own that gets the release first, and must confirm it before the target gets anything.

Disjoint from the target, as a device may have one target only.
"""

from dataclasses import replace

from cloud_publisher.deploying.as_planned import hold_to_plan, needed
from cloud_publisher.deploying.delivery import Delivery
from cloud_publisher.deploying.deploy import deploy, steps_now
from cloud_publisher.deploying.reports import DeployReport
from cloud_publisher.deploying.steps import Order
from cloud_publisher.errors import WrongUseError
from cloud_publisher.fleet.outcome import Outcome
from shared_schema.plan import TargetPlan

_SHOWN = 5


def deploy_canary_first(
    order: Order,
    canary: Delivery,
    target: Delivery,
    *,
    canary_plan: TargetPlan | None = None,
    target_plan: TargetPlan | None = None,
) -> DeployReport:
    """Deploy the release to the canary, wait until it confirms, and only then deploy it to the target.

    The report is the target's, with the canary's in it; nothing was delivered where the canary did not confirm. Raises
    what `deploy` raises, and ``WrongUseError`` for a canary that shares a device with the target, or has none.
    """
    check_canary(canary, target)
    # Checked before the canary is changed: otherwise the canary could get a release that the target then refuses.
    current = target.settle(target.deployments.current())
    channel, steps, _ = steps_now(order, target, current)
    if target_plan is not None:
        by_runtimes = target.terms.channel is None
        hold_to_plan(target_plan, current, channel, needed(steps, current, channel, by_runtimes=by_runtimes))
    target.watch.say(f"{canary.target.words} is the canary: it gets the release first")
    first = deploy(order, canary, canary_plan)
    if first.outcome is not Outcome.CONFIRMED:
        target.watch.say(f"the canary did not confirm: {target.target.words} is left as it is")
        return DeployReport(target.target, None, (), canary=first)
    return replace(deploy(order, target, target_plan), canary=first)


def check_canary(canary: Delivery, target: Delivery) -> None:
    """Raises ``WrongUseError`` for a canary that is no group of its own with devices in it, and ``CloudError``."""
    canary.deployments.check_target()
    target.deployments.check_target()
    things = {device.thing for device in canary.devices()}
    if not things:
        raise WrongUseError(
            f"the canary, {canary.target.words}, has no core device: it can confirm nothing",
            "add a device to it, or deploy without --canary",
        )
    both = sorted(things & {device.thing for device in target.devices()})
    if both:
        more = f", and {len(both) - _SHOWN} more" if len(both) > _SHOWN else ""
        raise WrongUseError(
            f"{', '.join(both[:_SHOWN])}{more} would be in two targets: both in the canary, {canary.target.words}, and "
            f"in {target.target.words}",
            "take the canary's devices out of the target's group: a device may have one target only",
        )
