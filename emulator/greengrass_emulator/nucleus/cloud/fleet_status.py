"""What a device reports of itself to Greengrass's cloud (FleetStatusService.java).

Lite reports less of a component, leaves out components for which its buffer has no room, and sends nothing if the
message is too long (gg-fleet-statusd/src/fleet_status_service.c).
"""

import json
import logging
from typing import Any

from greengrass_emulator.nucleus.cloud.mqtt import MqttLink
from greengrass_emulator.nucleus.deployments.queue import Order
from greengrass_emulator.nucleus.lifecycle.service import Service
from greengrass_emulator.nucleus.lifecycle.services import Services
from greengrass_emulator.nucleus.lifecycle.states import State
from greengrass_emulator.nucleus.lite_sizes import FLEET_STATUS_BYTES, ReportedComponent, json_bytes, reported
from greengrass_emulator.nucleus.recipes.platform import Platform
from greengrass_emulator.nucleus.runtimes import Runtime
from greengrass_emulator.nucleus.state import StateFile

_log = logging.getLogger(__name__)
_OF_LITE = frozenset({"componentName", "version", "fleetConfigArns", "isRoot", "status"})
_TRIGGERS = {"LOCAL": "LOCAL_DEPLOYMENT", "THING": "THING_DEPLOYMENT", "THING_GROUP": "THING_GROUP_DEPLOYMENT"}


class FleetStatus:
    """Publishes the status. Sequence numbers continue after a restart."""

    def __init__(
        self, link: MqttLink, thing: str, runtime: Runtime, platform: Platform, services: Services, memory: StateFile
    ) -> None:
        self._clock = services.clock
        self._link = link
        self._thing = thing
        self._runtime = runtime
        self._platform = platform
        self._services = services
        self._memory = memory
        self._has_spoken = False

    def connected(self) -> None:
        """Publish the whole status, after each connect."""
        self._publish("RECONNECT" if self._has_spoken else "NUCLEUS_LAUNCH", self._services.all(), complete=True)
        self._has_spoken = True

    def deployed(self, order: Order) -> None:
        """Publish the whole status, after a deployment has ended."""
        information: dict[str, Any] = {
            "deploymentId": order.deployment.id,
            "status": order.status,
            "fleetConfigurationArnForStatus": order.deployment.configuration_arn,
            "statusDetails": {
                "detailedStatus": order.outcome.detailed if order.outcome else "",
                "deploymentFailureCause": order.outcome.cause if order.outcome else "",
            },
            "unchangedRootComponents": [],
        }
        trigger = _TRIGGERS[order.deployment.kind]
        self._publish(trigger, self._services.all(), complete=True, deployment=information)

    def broken(self, service: Service) -> None:
        """Publish at once that a component is BROKEN."""
        self._publish("BROKEN_COMPONENT", (service,), complete=False)

    def _publish(
        self,
        trigger: str,
        services: tuple[Service, ...],
        *,
        complete: bool,
        deployment: dict[str, Any] | None = None,
    ) -> None:
        state = self._memory.state
        state.sequence += 1
        self._memory.changed()
        is_healthy = all(each.state not in {State.BROKEN, State.ERRORED} for each in self._services.all())
        message: dict[str, Any] = {
            "ggcVersion": self._runtime.version,
            "platform": self._platform.os,
            "architecture": self._platform.architecture,
            "runtime": self._runtime.fleet_name,
            "thing": self._thing,
            "overallDeviceStatus": "HEALTHY" if is_healthy else "UNHEALTHY",
            "sequenceNumber": state.sequence,
            "timestamp": int(self._clock.now() * 1000),
            "messageType": "COMPLETE" if complete else "PARTIAL",
            "trigger": trigger,
            "components": [self._describe(each) for each in services],
        }
        if deployment is not None:
            message["deploymentInformation"] = deployment
        if self._runtime.has_fixed_buffers:
            message["components"] = _with_room(message["components"])
            if (size := json_bytes(message)) > FLEET_STATUS_BYTES:
                _log.error("a fleet status is too long, and not sent", extra={"trigger": trigger, "bytes": size})
                return
        elif complete:
            message["components"].append(self._nucleus())
        topic = f"$aws/things/{self._thing}/greengrassv2/health/json"
        self._link.report(topic, json.dumps(message).encode())

    def _describe(self, service: Service) -> dict[str, Any]:
        targets = self._memory.state.targets.values()
        arns = [each.configuration_arn for each in targets if service.name in each.roots and each.configuration_arn]
        details = {"statusCodes": [f"{service.state}_COMPONENT"], "statusReason": service.detail[:1000]}
        return {
            "componentName": service.name,
            "version": service.component.version,
            "fleetConfigArns": arns,
            "status": service.state,
            "statusDetails": details if service.detail else None,
            "isRoot": any(service.name in each.roots for each in targets),
        }

    def _nucleus(self) -> dict[str, Any]:
        return {
            "componentName": self._runtime.nucleus_component,
            "version": self._runtime.version,
            "fleetConfigArns": [],
            "status": State.RUNNING,
            "statusDetails": None,
            "isRoot": False,
        }


def _with_room(components: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the components for which lite's fleet status has room, in lite's form."""
    kept = {
        each.name
        for each in reported(
            ReportedComponent(
                said["componentName"], said["version"], str(said["status"]), tuple(said["fleetConfigArns"])
            )
            for said in components
        )
    }
    for said in components:
        if said["componentName"] not in kept:
            _log.error("a fleet status has no room for a component", extra={"component": said["componentName"]})
    return [
        {key: value for key, value in said.items() if key in _OF_LITE}
        for said in components
        if said["componentName"] in kept
    ]
