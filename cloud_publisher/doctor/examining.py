"""The doctor's checks: the role, the bucket, the key, the target, and the calls that `publish` and `deploy` will make.

Changes nothing. Whether a write is allowed is tried on a deployment that does not exist: AWS answers AccessDenied, or
ResourceNotFound if the call is allowed. A device's own role cannot be assumed, so its statements are named beside the
deploy role's.
"""

from collections.abc import Callable, Iterator

from cloud_publisher.doctor.bucket import check_bucket
from cloud_publisher.doctor.check import Check, failed, not_checked, refused, well
from cloud_publisher.doctor.facts import Facts
from cloud_publisher.doctor.fleet import check_call, check_canary, check_devices, check_group, check_index, check_sizes
from cloud_publisher.errors import CloudError
from cloud_publisher.session import Account
from shared_schema.release import OUTCOME_TAG

_NO_DEPLOYMENT = "00000000-0000-0000-0000-000000000000"
_NO_VERSION = "0.0.0-doctor"


def examine(facts: Facts, open_account: Callable[[], Account]) -> Iterator[Check]:
    """Yield every check of a stage. ``open_account`` assumes the stage's role."""
    try:
        account = open_account()
        found = account.id
    except CloudError as error:
        statements = ("deploy-role.trust#OnlyThePipelineOfTheDevAccount", "pipeline-role#BecomeTheDeployRoles")
        yield refused(facts, "role", error, statements)
        yield not_checked(facts, "all else", "nothing can be asked without the role")
        return
    words = f"{facts.stage.role} is assumed" if facts.stage.role else "there is no role: the caller's own credentials"
    yield well("role", words)
    if found != facts.stage.account:
        yield failed(
            facts,
            "account",
            f"the credentials are of account {found}, and stage {facts.name!r} is account {facts.stage.account}",
            "correct the stage's account or its role",
            key="account",
        )
        return
    yield well("account", found)
    yield from check_bucket(facts, account)
    yield check_group(facts, "target", facts.stage.target, account, "deploy-role#ReadOurThingGroup")
    if facts.stage.canary is not None:
        yield check_canary(facts, facts.stage.canary, account)
    yield check_call(
        facts,
        "components",
        "read the versions of our components",
        lambda: account.greengrass.describe_component(arn=account.component_arn(facts.component, _NO_VERSION)),
        "components can be read",
        ("deploy-role#PublishOurComponents",),
    )
    yield check_call(
        facts,
        "deployments",
        f"list the deployments of {facts.stage.target}",
        lambda: account.greengrass.list_deployments(targetArn=facts.stage.target, maxResults=1),
        "deployments can be listed",
        ("deploy-role#Deploy",),
    )
    yield check_call(
        facts,
        "tags",
        "tag deployments",
        lambda: account.greengrass.tag_resource(
            resourceArn=f"arn:{account.partition}:greengrass:{account.region}:{account.id}:deployments:{_NO_DEPLOYMENT}",
            tags={OUTCOME_TAG: "none"},
        ),
        "deployments may be tagged",
        ("deploy-role#ReadAndTagDeployments",),
    )
    yield from check_devices(facts, account)
    yield check_sizes(facts, account)
    yield check_index(facts, account)
