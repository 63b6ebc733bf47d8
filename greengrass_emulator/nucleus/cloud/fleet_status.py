"""What a device says of itself to Greengrass's cloud (FleetStatusService.java)."""

import json
from typing import Any

from greengrass_emulator.nucleus.cloud.mqtt import MqttLink
from greengrass_emulator.nucleus.deployments.queue import Order
from greengrass_emulator.nucleus.lifecycle.service import Service
from greengrass_emulator.nucleus.lifecycle.services import Services
from greengrass_emulator.nucleus.lifecycle.states import State
from greengrass_emulator.nucleus.recipes.platform import Platform
from greengrass_emulator.nucleus.runtimes import Runtime
from greengrass_emulator.nucleus.state import StateFile

_TRIGGERS = {"LOCAL": "LOCAL_DEPLOYMENT", "THING": "THING_DEPLOYMENT", "THING_GROUP": "THING_GROUP_DEPLOYMENT"}


class FleetStatus:
    """Publishes the status. Sequence numbers go on over a restart."""

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
        """Everything, after each connect."""
        self._publish("RECONNECT" if self._has_spoken else "NUCLEUS_LAUNCH", self._services.all(), complete=True)
        self._has_spoken = True

    def deployed(self, order: Order) -> None:
        """Everything, after a deployment has ended."""
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
        """At once, when a component breaks."""
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
        if complete:
            message["components"].append(self._nucleus())
        if deployment is not None:
            message["deploymentInformation"] = deployment
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
