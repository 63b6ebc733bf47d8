"""Deployments of this thing, which come by a named shadow (ShadowDeploymentListener.java)."""

import json
import logging

from pydantic import ValidationError

from greengrass_emulator.json_value import JsonObject
from greengrass_emulator.nucleus.cloud.jobs import TakeDeployment
from greengrass_emulator.nucleus.cloud.mqtt import MqttLink
from greengrass_emulator.nucleus.deployments.document import FleetConfiguration
from greengrass_emulator.nucleus.deployments.queue import Order
from greengrass_emulator.nucleus.errors import error_types
from greengrass_emulator.nucleus.runtimes import Runtime

_log = logging.getLogger(__name__)
_SHADOW = "AWSManagedGreengrassV2Deployment"


class ShadowListener:
    """Deploys what the shadow desires, and reports on it. What was reported as done is not deployed again."""

    def __init__(self, link: MqttLink, thing: str, runtime: Runtime, take: TakeDeployment) -> None:
        self._link = link
        self._prefix = f"$aws/things/{thing}/shadow/name/{_SHADOW}"
        self._runtime = runtime
        self._take = take
        self._latest = ""

    async def listen(self) -> None:
        """Subscribe; the subscriptions outlive the connection."""
        for topic in ("update/accepted", "get/accepted"):
            await self._link.listen(f"{self._prefix}/{topic}", 1, self._came)

    def ask(self) -> None:
        """Ask what is desired: after each connect, since an update may have been missed."""
        self._link.report(f"{self._prefix}/get", b"{}")

    def progressed(self, order: Order) -> None:
        """Report the progress of the thing's deployment."""
        deployment, outcome = order.deployment, order.outcome
        if deployment.kind != "THING":
            return
        details: JsonObject = {}
        if outcome is not None:
            details = {"detailedStatus": outcome.detailed}
            if outcome.cause:
                details |= {
                    "deploymentFailureCause": outcome.cause[:1024],
                    "errorStack": list(outcome.codes),
                    "errorTypes": list(error_types(outcome.codes)),
                }
        reported = {
            "arnForStatus": deployment.configuration_arn,
            "status": order.status,
            "statusDetails": details,
            "ggcVersion": self._runtime.version,
        }
        self._link.report(f"{self._prefix}/update", json.dumps({"state": {"reported": reported}}).encode())

    def _came(self, _topic: str, payload: bytes) -> None:
        try:
            state = json.loads(payload).get("state") or {}
            desired, reported = state.get("desired") or {}, state.get("reported") or {}
            written = desired.get("fleetConfig")
            if not written or desired.get("desiredStatus") == "CANCELED":
                return
            deployment = FleetConfiguration.model_validate(json.loads(written)).deployment()
        except (ValueError, AttributeError, ValidationError) as error:
            _log.warning("the deployment shadow cannot be read", extra={"reason": str(error)})
            return
        done = reported.get("arnForStatus") == deployment.configuration_arn and reported.get("status") in {
            "SUCCEEDED",
            "FAILED",
            "REJECTED",
        }
        if done or deployment.configuration_arn == self._latest:
            return
        if self._take(deployment):
            self._latest = deployment.configuration_arn
