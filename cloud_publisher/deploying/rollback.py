"""`rollback`: the newest confirmed deployment before the current one, or a named one, under a new release number."""

from itertools import dropwhile, islice

from cloud_publisher.deploying.channels import carrier, held, next_release
from cloud_publisher.deploying.comparing import same
from cloud_publisher.deploying.delivery import Delivery
from cloud_publisher.deploying.deployment import Deployment
from cloud_publisher.deploying.deployments import outcome_tag
from cloud_publisher.deploying.forms import has_unknown_form
from cloud_publisher.deploying.reports import Delivered, DeployReport
from cloud_publisher.deploying.restoring import RESTORES_TAG, restored
from cloud_publisher.errors import WorkFailedError, WrongUseError
from cloud_publisher.fleet.outcome import Outcome
from shared_schema.messages import Channel


def rollback(delivery: Delivery, to: str | None) -> DeployReport:
    """Put an earlier deployment back, and report what was done and how it ended on the devices.

    Raises ``WorkFailedError`` when there is nothing to go back to, ``WrongUseError`` (no such target, a deployment of
    another), and ``CloudError``.
    """
    delivery.deployments.check_target()
    current = delivery.settle(delivery.deployments.current())
    if current is None:
        raise WorkFailedError(
            f"{delivery.target.words} has no deployment, so there is nothing to go back from",
            "deploy a release first (cloud-publisher deploy)",
        )
    goal = _named(delivery, to) if to else None
    delivered = roll_back(delivery, current, goal=goal, must_wait=delivery.terms.wait)
    return DeployReport(delivery.target, channel_of(delivered.deployment), (delivered,))


def roll_back(delivery: Delivery, current: Deployment, *, goal: Deployment | None, must_wait: bool) -> Delivered:
    """Put ``goal`` back; if it is None, the newest confirmed deployment before the current one.

    Raises ``WorkFailedError`` when there is none, ``WrongUseError`` for a desired state of an unknown form, and
    what ``Delivery.deliver`` raises.
    """
    goal = goal or _last_confirmed(delivery, current)
    form = has_unknown_form(goal.content)
    if form is not None:
        raise WrongUseError(
            f"deployment {goal.id} of {delivery.target.words} holds a desired state of form {form!r}, which this "
            "publisher does not read, and so cannot put back under a new release number. It was not deployed",
            "roll back with the cloud-publisher that deployed it, name another deployment with --to, or deploy a "
            "release of this one",
        )
    delivery.watch.say(f"putting back deployment {goal.id} of {goal.created:%Y-%m-%d %H:%M:%S} UTC")
    number = next_release(int(delivery.now().timestamp()), current.content)
    return delivery.deliver(
        lambda channel: restored(goal, current.content, channel=channel, number=number),
        current,
        ours=_ours(goal),
        part="rollback",
        must_wait=must_wait,
    )


def channel_of(deployment: Deployment) -> Channel | None:
    """Return the channel that delivers a deployment's desired state; None where it has none."""
    found = held(deployment.content)
    return found.channel if found else None


def _last_confirmed(delivery: Delivery, current: Deployment) -> Deployment:
    """Return the newest confirmed deployment before the current one, or before the one that the current one put back.

    So a second rollback goes one release further back.
    """
    origin = current.content.tags.get(RESTORES_TAG, current.id)
    number = next_release(0, current.content)

    def differs(earlier: Deployment) -> bool:
        # A deployment with the current content would change nothing.
        contents = (restored(earlier, current.content, channel=channel, number=number) for channel in Channel)
        return not any(same(content, current.content) for content in contents)

    history = dropwhile(lambda each: each.id != origin, delivery.deployments.history())
    for earlier in islice(history, 1, None):
        if outcome_tag(earlier) is Outcome.CONFIRMED and differs(earlier):
            return earlier
    raise WorkFailedError(
        f"no earlier deployment of {delivery.target.words} was confirmed, so there is none to go back to",
        "name one with --to DEPLOYMENT (aws greengrassv2 list-deployments --history-filter ALL lists them)",
    )


def _named(delivery: Delivery, deployment_id: str) -> Deployment:
    found = delivery.deployments.find(deployment_id)
    if found is None or found.target_arn != delivery.target.arn:
        where = f"it is of {found.target_arn}" if found else "there is no such deployment"
        raise WrongUseError(
            f"{deployment_id} is no deployment of {delivery.target.words}: {where}",
            "give --to the id of one that was (aws greengrassv2 list-deployments --history-filter ALL lists them)",
        )
    return found


def _ours(goal: Deployment) -> set[str]:
    found = held(goal.content)
    if found is None:
        return set()
    carriers = {carrier(found.agent, channel) for channel in Channel}
    return carriers | {each.component for each in found.state.models.values()}
