"""A canary: a group of its own that gets the release first, and must confirm it before the target gets anything.

Disjoint from the target, as a device may have one target only.
"""

from dataclasses import replace

from cloud_publisher.deploying.rollout.delivery import Delivery
from cloud_publisher.deploying.rollout.deploy import roll_out, steps_to_take
from cloud_publisher.deploying.rollout.reports import DeployReport
from cloud_publisher.deploying.rollout.steps import Order
from cloud_publisher.deploying.target_state import TargetState
from cloud_publisher.errors import WrongUseError
from cloud_publisher.fleet.outcome import Outcome
from shared_schema.diagnostics import first_few
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
    canary_state, target_state = canary.access.read(order), target.access.read(order)
    check_canary(canary_state, target_state)
    # Checked before the canary is changed: otherwise the canary could get a release that the target then refuses.
    steps_to_take(order, target, target_state, target_plan)
    target.watch.say(f"{canary.target.words} is the canary: it gets the release first")
    first = roll_out(order, canary, canary_state, canary_plan)
    if first.outcome is not Outcome.CONFIRMED:
        target.watch.say(f"the canary did not confirm: {target.target.words} is left as it is")
        return DeployReport(target.target, None, (), canary=first)
    # The canary was waited for: meanwhile another may have deployed to the target, or a device may have joined it.
    return replace(roll_out(order, target, target.access.read_again(order), target_plan), canary=first)


def check_canary(canary: TargetState, target: TargetState) -> None:
    """Raise ``WrongUseError`` for a canary without devices, or with a device of the target."""
    things = {device.thing for device in canary.devices}
    if not things:
        raise WrongUseError(
            f"the canary, {canary.target.words}, has no core device: it can confirm nothing",
            "add a device to it, or deploy without --canary",
        )
    both = sorted(things & {device.thing for device in target.devices})
    if both:
        raise WrongUseError(
            f"{', '.join(first_few(both, _SHOWN))} would be in two targets: both in the canary, {canary.target.words}, "
            f"and in {target.target.words}",
            "take the canary's devices out of the target's group: a device may have one target only",
        )
