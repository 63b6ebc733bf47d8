"""Checks whether the account has the fleet index that saves `status` and `deploy --wait` one call for each device."""

from cloud_publisher.cloud_errors import DENIED, asking
from cloud_publisher.doctor.check import Check, well
from cloud_publisher.doctor.facts import Facts
from cloud_publisher.errors import CloudError
from cloud_publisher.fleet.index import NAME, NO_INDEX, query_for
from cloud_publisher.fleet.targets import parse_target
from cloud_publisher.session import Account
from shared_schema.topics import SHADOW

_CHECK = "fleet index"
_WITHOUT = "each device's shadow is read by itself, which is right for a small fleet"


def examine_index(facts: Facts, account: Account) -> Check:
    """Check the index. Never a failed check: a missing index is named with its remedy. Raises ``CloudError``."""
    query = query_for(parse_target(facts.stage.target), None)
    try:
        with asking(f"search the fleet index {NAME}"):
            found = account.iot.search_index(indexName=NAME, queryString=query, maxResults=1).get("things", ())
    except CloudError as error:
        if error.code in DENIED:
            statements = ("deploy-role#SearchTheFleetIndex",)
            return Check(_CHECK, "not checked", f"it may not be searched: {_WITHOUT}", error.remedy, statements)
        if error.code in NO_INDEX:
            remedy = "for a large one, bring up infra_policies/cloudformation/fleet-health.yaml: it turns indexing on"
            return Check(_CHECK, "not checked", f"there is none, or it is being built: {_WITHOUT}", remedy)
        raise
    return well(_CHECK, f"it shows the shadow {SHADOW} of the target's devices" if found else "it can be searched")
