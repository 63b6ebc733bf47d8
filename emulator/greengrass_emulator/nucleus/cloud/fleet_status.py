"""What a device reports of itself to Greengrass's cloud (FleetStatusService.java).

Lite reports less of a component, leaves out components for which its buffer has no room, and sends nothing if the
message is too long (gg-fleet-statusd/src/fleet_status_service.c).
"""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from greengrass_emulator.json_value import JsonObject
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
_TRIGGERS = {"LOCAL": "LOCAL_DEPLOYMENT", "THING": "THING_DEPLOYMENT", "THING_GROUP": "THING_GROUP_DEPLOYMENT"}


@dataclass(frozen=True, slots=True)
class _Component:
    """One component as the status reports it. ``arns`` are those of the fleet configurations that want it."""

    name: str
    version: str
    state: State
    arns: tuple[str, ...] = ()
    detail: str = ""
    is_root: bool = False

    def short(self) -> JsonObject:
        """Return lite's form of it."""
        return {
            "componentName": self.name,
            "version": self.version,
            "fleetConfigArns": [*self.arns],
            "isRoot": self.is_root,
            "status": self.state,
        }

    def full(self) -> JsonObject:
        """Return classic's form of it."""
        details: JsonObject = {"statusCodes": [f"{self.state}_COMPONENT"], "statusReason": self.detail[:1000]}
        return {**self.short(), "statusDetails": details if self.detail else None}


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
        information: JsonObject = {
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
        deployment: JsonObject | None = None,
    ) -> None:
        state = self._memory.state
        state.sequence += 1
        self._memory.changed()
        is_healthy = all(each.state not in {State.BROKEN, State.ERRORED} for each in self._services.all())
        message: JsonObject = {
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
        }
        if deployment is not None:
            message["deploymentInformation"] = deployment
        components = [self._component(each) for each in services]
        if self._runtime.has_fixed_buffers:
            message["components"] = [each.short() for each in _with_room(components)]
            if (size := json_bytes(message)) > FLEET_STATUS_BYTES:
                _log.error("a fleet status is too long, and not sent", extra={"trigger": trigger, "bytes": size})
                return
        else:
            nucleus = _Component(self._runtime.nucleus_component, self._runtime.version, State.RUNNING)
            message["components"] = [each.full() for each in (*components, *([nucleus] if complete else ()))]
        topic = f"$aws/things/{self._thing}/greengrassv2/health/json"
        self._link.report(topic, json.dumps(message).encode())

    def _component(self, service: Service) -> _Component:
        targets = [each for each in self._memory.state.targets.values() if service.name in each.roots]
        return _Component(
            service.name,
            service.component.version,
            service.state,
            tuple(each.configuration_arn for each in targets if each.configuration_arn),
            service.detail,
            is_root=bool(targets),
        )


def _with_room(components: Sequence[_Component]) -> list[_Component]:
    """Return the components for which lite's fleet status has room."""
    fitting = reported(ReportedComponent(each.name, each.version, each.state, each.arns) for each in components)
    kept = {each.name for each in fitting}
    for each in components:
        if each.name not in kept:
            _log.error("a fleet status has no room for a component", extra={"component": each.name})
    return [each for each in components if each.name in kept]
