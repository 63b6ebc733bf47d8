"""The account's fleet index: what the agents of many devices report, a hundred in one call, and some seconds late.

Reads only. Which calls it makes: SearchIndex (iot). There is an index where the account turned indexing of the named
shadow on (infra_policies/cloudformation/fleet-health.yaml); where it is off, not ready or not permitted, that is logged
once and every shadow is read by itself. It is eventually consistent, so nothing may be concluded from what it lacks.
"""

import json
import logging
import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

from cloud_publisher.cloud_errors import DENIED, asking
from cloud_publisher.errors import CloudError
from cloud_publisher.fleet.observing import read_report
from cloud_publisher.fleet.targets import Target
from shared_schema.shadow import ShadowReport
from shared_schema.topics import SHADOW

if TYPE_CHECKING:
    from mypy_boto3_iot import IoTClient
    from mypy_boto3_iot.type_defs import ThingDocumentTypeDef

log = logging.getLogger(__name__)
NAME = "AWS_Things"
PAGE = 100
"""The API's maximum of results in one call ("cannot exceed 100": SearchIndexRequest, maxResults)."""
NO_INDEX = frozenset({"ResourceNotFoundException", "IndexNotReadyException"})
"""Indexing is off; or it was just turned on or changed, and the index is being built."""


class FleetIndex:
    """The index of one account and region."""

    def __init__(self, iot: "IoTClient") -> None:
        self._iot = iot
        self._useless = False

    def reports(self, target: Target, things: int, *, release: str | None = None) -> Mapping[str, ShadowReport] | None:
        """Return what the agents of a thing group report, by thing; with a release, only of those that apply it.

        Makes at most ``things`` calls, as reading each shadow would take no more. None if there is no index to ask.
        Raises nothing: without an index, the caller reads the shadows.
        """
        if self._useless or target.kind != "thinggroup":
            return None
        try:
            return self._search(query_for(target, release), things)
        except CloudError as error:
            self._useless = True
            level = logging.INFO if error.code in DENIED | NO_INDEX else logging.WARNING
            why = error.code or "it does not answer"
            log.log(level, "no fleet index (%s): each shadow is read by itself", why, extra={"reason": error.problem})
            return None

    def _search(self, query: str, most: int) -> dict[str, ShadowReport]:
        found: dict[str, ShadowReport] = {}
        more: dict[str, str] = {}
        for _ in range(most):
            with asking(f"search the fleet index {NAME}"):
                page = self._iot.search_index(indexName=NAME, queryString=query, maxResults=PAGE, **more)
            for each in page.get("things", ()):
                report = _report(each)
                if report is not None:
                    found[report.thing] = report
            token = page.get("nextToken")
            if not token:
                break
            more = {"nextToken": token}
        return found


def pages_of(devices: int) -> int:
    """Return how many calls a search for so many devices takes, if no other things are in their group."""
    return math.ceil(devices / PAGE)


def query_for(target: Target, release: str | None) -> str:
    """Return the query for the group's things that have our shadow, or that apply a release.

    A group's name has no character that would end the quotes. Every report has a ``schema``, so searching for it needs
    no wildcard ("Query syntax" of the developer guide).
    """
    condition = "schema:1" if release is None else f'release:"{release}"'
    return f'thingGroupNames:"{target.name}" AND shadow.name.{SHADOW}.reported.{condition}'


def _report(thing: "ThingDocumentTypeDef") -> ShadowReport | None:
    name = str(thing.get("thingName"))
    try:
        document = json.loads(thing.get("shadow") or "{}")
        state = document["name"][SHADOW]
    except (ValueError, TypeError, KeyError):
        return None  # the index does not cover the shadow, or the thing has none
    report = read_report(name, state)
    if report is not None and report.thing != name:
        log.warning("the fleet index shows another thing's report", extra={"thing": name, "reported": report.thing})
        return None
    return report
