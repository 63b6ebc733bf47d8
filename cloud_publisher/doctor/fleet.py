"""Checks the stage's fleet: its thing groups and devices, the size of its deployment, and the fleet index.

The index saves `status` and `deploy --wait` one call for each device.
"""

from collections.abc import Callable, Iterator

from cloud_publisher.cloud_errors import DENIED, asking
from cloud_publisher.deploying.channels import choose_channel
from cloud_publisher.deploying.target_deployments import TargetDeployments
from cloud_publisher.doctor.check import Check, failed, not_checked, refused, well
from cloud_publisher.doctor.facts import Facts
from cloud_publisher.errors import CloudError
from cloud_publisher.fleet.index import NAME, NO_INDEX, query_for
from cloud_publisher.fleet.observing import FleetView
from cloud_publisher.fleet.targets import parse_target
from cloud_publisher.session import Account
from cloud_publisher.sizes.deployment_sizes import deployment_figures, place_of
from cloud_publisher.sizes.figure import Figure, remedies, too_large
from shared_schema.messages import Channel
from shared_schema.topics import SHADOW

NOT_FOUND = frozenset({"ResourceNotFoundException"})
_INDEX = "fleet index"
_SIZES = "sizes"
_FIGURES_SHOWN = 4
_WITHOUT_INDEX = "each device's shadow is read by itself, which is right for a small fleet"
_LARGE_FLEET = "for a large one, bring up infra_policies/cloudformation/fleet-health.yaml: it turns indexing on"


def check_group(facts: Facts, key: str, arn: str, account: Account, statement: str) -> Check:
    """Check a thing group. ``key`` is the stage's key in the config that names the group."""
    group = arn.partition(":thinggroup/")[2]
    try:
        with asking(f"describe the thing group {group}"):
            answer = account.iot.describe_thing_group(thingGroupName=group)
    except CloudError as error:
        if error.code in NOT_FOUND:
            problem = f"account {account.id} has no thing group {group!r}"
            return failed(facts, key, problem, f"create it, or correct {key}:", key=key)
        return refused(facts, key, error, (statement,))
    if answer["thingGroupArn"] != arn:
        problem = f"the thing group is {answer['thingGroupArn']}, and not {arn}"
        return failed(facts, key, problem, f"correct {key}:", key=key)
    return well(key, arn)


def check_canary(facts: Facts, arn: str, account: Account) -> Check:
    """Check that `deploy` would take the canary: it has a device, and none of the target's first hundred devices."""
    group = check_group(facts, "canary", arn, account, "deploy-role#TheCanaryToo")
    if group.state != "well":
        return group
    try:
        with asking(f"list the core devices of {arn}"):
            things, others = (_first_things(account, each) for each in (arn, facts.stage.target))
    except CloudError as error:
        return refused(facts, "canary", error, ("deploy-role#Deploy",))
    if not things:
        problem = f"{arn} has no core device: it can confirm nothing"
        return failed(facts, "canary", problem, "add a device to it, or take canary: out", key="canary")
    both = sorted(things & others)
    if both:
        problem = f"{both[0]} is in the canary and in the target: it would be in two targets"
        remedy = "take the canary's devices out of the target's group"
        return failed(facts, "canary", problem, remedy, key="canary")
    return group


def _first_things(account: Account, group: str) -> set[str]:
    found = account.greengrass.list_core_devices(thingGroupArn=group, maxResults=100)["coreDevices"]
    return {each["coreDeviceThingName"] for each in found}


def check_devices(facts: Facts, account: Account) -> Iterator[Check]:
    """Check that what a device runs, and has confirmed, can be read: tried on the target's first device."""
    try:
        with asking(f"list the core devices of {facts.stage.target}"):
            devices = account.greengrass.list_core_devices(thingGroupArn=facts.stage.target, maxResults=1)[
                "coreDevices"
            ]
    except CloudError as error:
        yield refused(facts, "devices", error, ("deploy-role#Deploy",))
        return
    if not devices:
        yield not_checked(facts, "devices", "the target has no core device yet", "provision one to try the rest")
        return
    thing = devices[0]["coreDeviceThingName"]
    yield check_call(
        facts,
        "devices",
        f"read what {thing} runs",
        lambda: account.greengrass.list_effective_deployments(coreDeviceThingName=thing, maxResults=1),
        f"what {thing} runs can be read",
        ("deploy-role#ReadDevices", "deploy-role#ReadTheirJobs"),
    )
    yield check_call(
        facts,
        "confirmations",
        f"read the shadow of {thing}",
        lambda: account.iot_data.get_thing_shadow(thingName=thing, shadowName=SHADOW),
        f"the shadow of {thing} can be read",
        ("deploy-role#ReadThingsAndConfirmations",),
    )


def check_index(facts: Facts, account: Account) -> Check:
    """Check the index. Never a failed check: a missing index is named with its remedy. Raises ``CloudError``."""
    query = query_for(parse_target(facts.stage.target), None)
    try:
        with asking(f"search the fleet index {NAME}"):
            found = account.iot.search_index(indexName=NAME, queryString=query, maxResults=1).get("things", ())
    except CloudError as error:
        if error.code in DENIED:
            problem = f"it may not be searched: {_WITHOUT_INDEX}"
            return not_checked(facts, _INDEX, problem, error.remedy, ("deploy-role#SearchTheFleetIndex",))
        if error.code in NO_INDEX:
            return not_checked(facts, _INDEX, f"there is none, or it is being built: {_WITHOUT_INDEX}", _LARGE_FLEET)
        raise
    return well(_INDEX, f"it shows the shadow {SHADOW} of the target's devices" if found else "it can be searched")


def check_call(
    facts: Facts, name: str, what: str, call: Callable[[], object], words: str, statements: tuple[str, ...]
) -> Check:
    """Check that a call is allowed: any answer but AccessDenied, also "not found", says so."""
    try:
        with asking(what):
            call()
    except CloudError as error:
        if error.code not in NOT_FOUND:
            return refused(facts, name, error, statements)
    return well(name, words)


def check_sizes(facts: Facts, account: Account) -> Check:
    """Check the sizes of the current deployment, the nearest to its limit first. The check fails beyond a limit."""
    target = parse_target(facts.stage.target)
    try:
        current = TargetDeployments(account.greengrass, account.iot, target).current()
        devices = FleetView(account.greengrass, account.iot_data).core_devices(target)
    except CloudError as error:
        return refused(facts, _SIZES, error, ("deploy-role#Deploy", "deploy-role#ReadAndTagDeployments"))
    if current is None:
        return not_checked(facts, _SIZES, "the target has no deployment yet", "plan measures the first one")
    channel = choose_channel(device.runtime for device in devices)
    place = place_of(target, [device.thing for device in devices], lite=channel is Channel.SUBSCRIBED)
    figures = sorted(deployment_figures(current.content, place), key=lambda each: -each.share)
    over = too_large(figures)
    words = f"deployment {current.id}, for {place.words}: {'; '.join(_near(each) for each in figures[:_FIGURES_SHOWN])}"
    return failed(facts, _SIZES, words, remedies(over)) if over else well(_SIZES, words)


def _near(figure: Figure) -> str:
    return f"{figure.what} {figure.share:.0%} ({figure.size} of {figure.most} {figure.unit})"
