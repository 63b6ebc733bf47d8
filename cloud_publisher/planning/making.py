"""The whole plan: what would be built, published, and deployed to a canary and a target. Reads only."""

from collections.abc import Sequence
from datetime import UTC, datetime

from cloud_publisher.cloud_errors import DENIED
from cloud_publisher.deploying.canary import check_canary
from cloud_publisher.deploying.delivery import Delivery
from cloud_publisher.deploying.steps import Order
from cloud_publisher.errors import CloudError
from cloud_publisher.planning.building import ReleaseToBe
from cloud_publisher.planning.publishing import plan_publishing
from cloud_publisher.planning.targeting import plan_target
from cloud_publisher.publishing.component_versions import ComponentVersions
from cloud_publisher.session import Account
from shared_schema.plan import Plan


def plan_build(to_be: ReleaseToBe) -> Plan:
    """Return the plan of a release without a target: what would be built."""
    return Plan(schema_=1, made=_now(), components=to_be.builds)


def plan_release(to_be: ReleaseToBe, account: Account, order: Order, deliveries: Sequence[Delivery]) -> Plan:
    """Return the plan of a release for the targets of one account: a canary, if there is one, before the target.

    Raises what `publish` and `deploy` would raise before they change anything.
    """
    if len(deliveries) > 1:
        check_canary(deliveries[0], deliveries[-1])
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
        targets=[plan_target(order, delivery, ours, canary=delivery is not deliveries[-1]) for delivery in deliveries],
    )


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
