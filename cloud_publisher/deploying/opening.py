"""Builds a ``Delivery`` from an account's clients: the one place of this package that knows of clients."""

from collections.abc import Sequence
from functools import cache

from cloud_publisher.deploying.delivery import Delivery
from cloud_publisher.deploying.deployments import TargetDeployments
from cloud_publisher.deploying.terms import Terms, Watch
from cloud_publisher.fleet.index import FleetIndex
from cloud_publisher.fleet.jobs import Jobs
from cloud_publisher.fleet.observing import FleetView
from cloud_publisher.fleet.targets import Target
from cloud_publisher.publishing.component_versions import ComponentVersions
from cloud_publisher.session import Account


def open_delivery(account: Account, target: Target, terms: Terms, watch: Watch) -> Delivery:
    """Return a delivery to a target of the account."""
    deployments = TargetDeployments(account.greengrass, account.iot, target)
    view, index = FleetView(account.greengrass, account.iot_data), FleetIndex(account.iot)
    versions = ComponentVersions(account)

    @cache
    def forms_of(name: str, version: str) -> Sequence[str] | None:
        found = versions.find(name, version)
        return found.forms if found else None

    return Delivery(deployments, view, Jobs(account.iot), terms, watch, index=index, forms_of=forms_of)
