"""The doctor's checks: the role, the bucket, the key, the target, and the calls that `publish` and `deploy` will make.

Changes nothing. Whether a write is allowed is tried on a deployment that does not exist: AWS answers AccessDenied, or
ResourceNotFound if the call is allowed. A device's own role cannot be assumed, so its statements are named beside the
deploy role's.
"""

from collections.abc import Callable, Iterator

from cloud_publisher.cloud_errors import DENIED, asking
from cloud_publisher.doctor.bucket import examine_bucket
from cloud_publisher.doctor.check import Check, failed, not_checked, well
from cloud_publisher.doctor.facts import Facts
from cloud_publisher.doctor.fleet_index import examine_index
from cloud_publisher.doctor.sizes import examine_sizes
from cloud_publisher.errors import CloudError
from cloud_publisher.session import Account
from shared_schema.release import OUTCOME_TAG

_NOBODY = "00000000-0000-0000-0000-000000000000"
_NO_VERSION = "0.0.0-doctor"
_NOT_FOUND = {"ResourceNotFoundException"}


def examine(facts: Facts, open_account: Callable[[], Account]) -> Iterator[Check]:
    """Yield every check of a stage. ``open_account`` assumes the stage's role."""
    try:
        account = open_account()
        found = account.id
    except CloudError as error:
        statements = ("deploy-role.trust#OnlyThePipelineOfTheDevAccount", "pipeline-role#BecomeTheDeployRoles")
        yield failed("role", error.problem, error.remedy, statements if error.code in DENIED else ())
        yield not_checked("all else", "nothing can be asked without the role")
        return
    words = f"{facts.stage.role} is assumed" if facts.stage.role else "there is no role: the caller's own credentials"
    yield well("role", words)
    if found != facts.stage.account:
        yield failed(
            "account",
            f"the credentials are of account {found}, and stage {facts.name!r} is account {facts.stage.account}",
            "correct the stage's account or its role",
        )
        return
    yield well("account", found)
    yield from examine_bucket(facts, account)
    yield _group("target", facts.stage.target, account, "deploy-role#ReadOurThingGroup")
    if facts.stage.canary is not None:
        yield _canary(facts.stage.canary, facts.stage.target, account)
    yield _probe(
        "components",
        "read the versions of our components",
        lambda: account.greengrass.describe_component(arn=account.component_arn(facts.component, _NO_VERSION)),
        "components can be read",
        ("deploy-role#PublishOurComponents",),
    )
    yield _probe(
        "deployments",
        f"list the deployments of {facts.stage.target}",
        lambda: account.greengrass.list_deployments(targetArn=facts.stage.target, maxResults=1),
        "deployments can be listed",
        ("deploy-role#Deploy",),
    )
    yield _probe(
        "tags",
        "tag deployments",
        lambda: account.greengrass.tag_resource(
            resourceArn=f"arn:{account.partition}:greengrass:{account.region}:{account.id}:deployments:{_NOBODY}",
            tags={OUTCOME_TAG: "none"},
        ),
        "deployments may be tagged",
        ("deploy-role#ReadAndTagDeployments",),
    )
    yield from _devices(facts, account)
    yield examine_sizes(facts, account)
    yield examine_index(facts, account)


def _group(key: str, arn: str, account: Account, statement: str) -> Check:
    """Check a thing group. ``key`` is the stage's key in the config that names the group."""
    group = arn.partition(":thinggroup/")[2]
    try:
        with asking(f"describe the thing group {group}"):
            answer = account.iot.describe_thing_group(thingGroupName=group)
    except CloudError as error:
        if error.code in _NOT_FOUND:
            return failed(key, f"account {account.id} has no thing group {group!r}", f"create it, or correct {key}:")
        return _refused(key, error, (statement,))
    if answer["thingGroupArn"] != arn:
        return failed(key, f"the thing group is {answer['thingGroupArn']}, and not {arn}", f"correct {key}:")
    return well(key, arn)


def _canary(arn: str, target: str, account: Account) -> Check:
    """Check that `deploy` would take the canary: it has a device, and none of the target's first hundred devices."""
    group = _group("canary", arn, account, "deploy-role#TheCanaryToo")
    if group.state != "well":
        return group
    try:
        with asking(f"list the core devices of {arn}"):
            things, others = (
                {
                    each["coreDeviceThingName"]
                    for each in account.greengrass.list_core_devices(thingGroupArn=each_arn, maxResults=100)[
                        "coreDevices"
                    ]
                }
                for each_arn in (arn, target)
            )
    except CloudError as error:
        return _refused("canary", error, ("deploy-role#Deploy",))
    if not things:
        return failed(
            "canary", f"{arn} has no core device: it can confirm nothing", "add a device to it, or take canary: out"
        )
    both = sorted(things & others)
    if both:
        return failed(
            "canary",
            f"{both[0]} is in the canary and in the target: it would be in two targets",
            "take the canary's devices out of the target's group",
        )
    return group


def _devices(facts: Facts, account: Account) -> Iterator[Check]:
    try:
        with asking(f"list the core devices of {facts.stage.target}"):
            devices = account.greengrass.list_core_devices(thingGroupArn=facts.stage.target, maxResults=1)[
                "coreDevices"
            ]
    except CloudError as error:
        yield _refused("devices", error, ("deploy-role#Deploy",))
        return
    if not devices:
        yield not_checked("devices", "the target has no core device yet", "provision one to try the rest")
        return
    thing = devices[0]["coreDeviceThingName"]
    yield _probe(
        "devices",
        f"read what {thing} runs",
        lambda: account.greengrass.list_effective_deployments(coreDeviceThingName=thing, maxResults=1),
        f"what {thing} runs can be read",
        ("deploy-role#ReadDevices", "deploy-role#ReadTheirJobs"),
    )
    yield _probe(
        "confirmations",
        f"read the shadow of {thing}",
        lambda: account.iot_data.get_thing_shadow(thingName=thing, shadowName="mlops"),
        f"the shadow of {thing} can be read",
        ("deploy-role#ReadThingsAndConfirmations",),
    )


def _probe(name: str, what: str, call: Callable[[], object], words: str, statements: tuple[str, ...]) -> Check:
    """Check that a call is allowed: any answer but AccessDenied, also "not found", says so."""
    try:
        with asking(what):
            call()
    except CloudError as error:
        if error.code not in _NOT_FOUND:
            return _refused(name, error, statements)
    return well(name, words)


def _refused(name: str, error: CloudError, statements: tuple[str, ...]) -> Check:
    return failed(name, error.problem, error.remedy, statements if error.code in DENIED else ())
