"""`rollback`: the newest confirmed deployment before the current one, or a named one, under a new release number."""

from cloud_publisher.deploying.channels import channel_of, next_release
from cloud_publisher.deploying.content.forms import has_unknown_form
from cloud_publisher.deploying.content.restoring import components_of_release, last_confirmed_before, restored
from cloud_publisher.deploying.deployment import Deployment
from cloud_publisher.deploying.rollout.delivery import Delivery
from cloud_publisher.deploying.rollout.reports import Delivered, DeployReport
from cloud_publisher.deploying.target_state import TargetState
from cloud_publisher.errors import WorkFailedError, WrongUseError


def rollback(delivery: Delivery, to: str | None) -> DeployReport:
    """Put an earlier deployment back, and report what was done and how it ended on the devices.

    Raises ``WrongUseError`` when there is no such target, and what `roll_back` raises.
    """
    delivered = roll_back(delivery, delivery.access.read(), to=to, must_wait=delivery.options.wait)
    return DeployReport(delivery.target, channel_of(delivered.deployment.content), (delivered,))


def roll_back(delivery: Delivery, state: TargetState, *, to: str | None, must_wait: bool) -> Delivered:
    """Put the deployment ``to`` back; without one, the newest confirmed deployment before the current one.

    Raises ``WorkFailedError`` when there is none, ``WrongUseError`` (a deployment of another target, a desired state of
    an unknown form), and what ``Delivery.deliver`` raises.
    """
    current = state.current
    if current is None:
        raise WorkFailedError(
            f"{delivery.target.words} has no deployment, so there is nothing to go back from",
            "deploy a release first (cloud-publisher deploy)",
        )
    earlier = _named(delivery, to) if to else _last_confirmed(delivery, current)
    form = has_unknown_form(earlier.content)
    if form is not None:
        raise WrongUseError(
            f"deployment {earlier.id} of {delivery.target.words} holds a desired state of form {form!r}, which this "
            "publisher does not read, and so cannot put back under a new release number. It was not deployed",
            "roll back with the cloud-publisher that deployed it, name another deployment with --to, or deploy a "
            "release of this one",
        )
    delivery.watch.say(f"putting back deployment {earlier.id} of {earlier.created:%Y-%m-%d %H:%M:%S} UTC")
    number = next_release(state.now, current.content)
    return delivery.deliver(
        lambda channel: restored(earlier, current.content, channel=channel, number=number),
        state,
        ours=components_of_release(earlier),
        part="rollback",
        must_wait=must_wait,
    )


def _last_confirmed(delivery: Delivery, current: Deployment) -> Deployment:
    found = last_confirmed_before(current, delivery.access.deployments.history())
    if found is None:
        raise WorkFailedError(
            f"no earlier deployment of {delivery.target.words} was confirmed, so there is none to go back to",
            "name one with --to DEPLOYMENT (aws greengrassv2 list-deployments --history-filter ALL lists them)",
        )
    return found


def _named(delivery: Delivery, deployment_id: str) -> Deployment:
    found = delivery.access.deployments.find(deployment_id)
    if found is None or found.target_arn != delivery.target.arn:
        where = f"it is of {found.target_arn}" if found else "there is no such deployment"
        raise WrongUseError(
            f"{deployment_id} is no deployment of {delivery.target.words}: {where}",
            "give --to the id of one that was (aws greengrassv2 list-deployments --history-filter ALL lists them)",
        )
    return found
