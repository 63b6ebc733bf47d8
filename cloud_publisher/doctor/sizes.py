"""Checks how near the current deployment of a stage's target is to the limits of its devices."""

from cloud_publisher.deploying.channels import choose_channel
from cloud_publisher.deploying.deployments import TargetDeployments
from cloud_publisher.doctor.check import Check, failed, not_checked, refused, well
from cloud_publisher.doctor.facts import Facts
from cloud_publisher.errors import CloudError
from cloud_publisher.fleet.observing import FleetView
from cloud_publisher.fleet.targets import parse_target
from cloud_publisher.session import Account
from cloud_publisher.sizes.deployment_sizes import deployment_figures, place_of
from cloud_publisher.sizes.figure import Figure, remedies, too_large
from shared_schema.messages import Channel

_NAME = "sizes"
_SHOWN = 4


def check_sizes(facts: Facts, account: Account) -> Check:
    """Check the sizes of the current deployment, the nearest to its limit first. The check fails beyond a limit."""
    target = parse_target(facts.stage.target)
    try:
        current = TargetDeployments(account.greengrass, account.iot, target).current()
        devices = FleetView(account.greengrass, account.iot_data).core_devices(target)
    except CloudError as error:
        return refused(facts, _NAME, error, ("deploy-role#Deploy", "deploy-role#ReadAndTagDeployments"))
    if current is None:
        return not_checked(facts, _NAME, "the target has no deployment yet", "plan measures the first one")
    channel = choose_channel(device.runtime for device in devices)
    place = place_of(target, [device.thing for device in devices], lite=channel is Channel.SUBSCRIBED)
    figures = sorted(deployment_figures(current.content, place), key=lambda each: -each.share)
    over = too_large(figures)
    words = f"deployment {current.id}, for {place.words}: {'; '.join(_near(each) for each in figures[:_SHOWN])}"
    return failed(facts, _NAME, words, remedies(over)) if over else well(_NAME, words)


def _near(figure: Figure) -> str:
    return f"{figure.what} {figure.share:.0%} ({figure.size} of {figure.most} {figure.unit})"
