"""The whole plan: what would be built, published, and deployed to a canary and a target. Reads only."""

from collections.abc import Sequence
from datetime import UTC, datetime

from cloud_publisher.cloud_errors import DENIED
from cloud_publisher.deploying.plan.build import ReleaseToBe
from cloud_publisher.deploying.plan.target import plan_target
from cloud_publisher.deploying.rollout.canary import check_canary
from cloud_publisher.deploying.rollout.checks import checked_steps
from cloud_publisher.deploying.rollout.steps import Order
from cloud_publisher.deploying.rollout.target_access import TargetAccess
from cloud_publisher.errors import CloudError
from cloud_publisher.publishing.component_versions import ComponentVersions, PublishedVersion
from cloud_publisher.publishing.publish import Versions, find_versions
from cloud_publisher.session import Account
from shared_schema.plan import ComponentPublishing, Plan
from shared_schema.release import Release, ReleaseComponent


def plan_build(to_be: ReleaseToBe) -> Plan:
    """Return the plan of a release without a target: what would be built."""
    return Plan(schema_=1, made=_now(), components=to_be.builds)


def plan_release(to_be: ReleaseToBe, account: Account, order: Order, targets: Sequence[TargetAccess]) -> Plan:
    """Return the plan of a release for the targets of one account: a canary, if there is one, before the target.

    Raises what `publish` and `deploy` would raise before they change anything.
    """
    states = [target.read(order, record=False) for target in targets]
    if len(states) > 1:
        check_canary(states[0], states[-1])
    versions = ComponentVersions(account)

    def ours(name: str, version: str) -> bool:
        try:
            found = versions.find(name, version)
        except CloudError as error:
            # The role may read our components only, so a component that it may not read is not ours.
            if error.code in DENIED:
                return False
            raise
        return found is not None and found.digest is not None

    return Plan(
        schema_=1,
        made=_now(),
        account=account.id,
        components=to_be.builds,
        publishing=plan_publishing(to_be.release, versions),
        targets=[
            plan_target(
                order, state, checked_steps(order, state, target.forms_of), ours, canary=target is not targets[-1]
            )
            for target, state in zip(targets, states, strict=True)
        ],
    )


def plan_publishing(release: Release, versions: Versions) -> list[ComponentPublishing]:
    """Return what `publish` would do with each component. Raises what it raises for a version that is not ours."""
    found = find_versions(release, versions)
    return [_publishing(component, found[component.name]) for component in release.components]


def _publishing(component: ReleaseComponent, found: PublishedVersion | None) -> ComponentPublishing:
    name, version = component.name, component.version
    if found is None:
        return ComponentPublishing(name=name, version=version, action="create")
    match found.state:
        case "DEPLOYABLE":
            return ComponentPublishing(name=name, version=version, action="unchanged")
        case "FAILED":
            because = f"it is FAILED: {found.reason}"
            return ComponentPublishing(name=name, version=version, action="create again", because=because)
        case state:
            return ComponentPublishing(name=name, version=version, action="wait for", because=f"it is {state}")


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
