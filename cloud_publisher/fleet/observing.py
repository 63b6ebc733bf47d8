"""The fleet as the cloud knows it, read through the API and parsed once into values.

Reads only. Which calls it makes: ListCoreDevices or GetCoreDevice, ListEffectiveDeployments, ListInstalledComponents
(greengrass), GetThingShadow (iot-data).
"""

import json
import logging
from typing import TYPE_CHECKING

from pydantic import ValidationError

from cloud_publisher.cloud_errors import asking, code_of
from cloud_publisher.fleet.devices import CoreDevice, Execution, InstalledComponent, Observation
from cloud_publisher.fleet.targets import Target
from shared_schema.shadow import ShadowReport
from shared_schema.topics import SHADOW

if TYPE_CHECKING:
    from mypy_boto3_greengrassv2 import GreengrassV2Client
    from mypy_boto3_iot_data import IoTDataPlaneClient

log = logging.getLogger(__name__)
_PAGE = 100
"""The API's maximum of results in one call."""


def read_report(thing: str, state: object) -> ShadowReport | None:
    """Return what the state of a thing's shadow ``mlops`` reports; None if no agent of ours wrote it."""
    try:
        return ShadowReport.model_validate(state.get("reported") if isinstance(state, dict) else None)
    except ValidationError as error:
        log.warning("shadow not understood", extra={"thing": thing, "shadow": SHADOW, "error": str(error)})
        return None


class FleetView:
    """The devices of any target in one account and region."""

    def __init__(self, greengrass: "GreengrassV2Client", iot_data: "IoTDataPlaneClient") -> None:
        self._greengrass = greengrass
        self._iot_data = iot_data

    def core_devices(self, target: Target) -> list[CoreDevice]:
        """Return the target's core devices, by name: those whose nucleus has ever reported. Raises ``CloudError``."""
        if target.kind == "thing":
            return self._core_device(target.name)
        with asking(f"list the core devices of {target.words}"):
            pages = self._greengrass.get_paginator("list_core_devices").paginate(
                thingGroupArn=target.arn, PaginationConfig={"PageSize": _PAGE}
            )
            found = [
                CoreDevice(
                    thing=each["coreDeviceThingName"],
                    status=each["status"],
                    runtime=each.get("runtime"),
                    reported=each["lastStatusUpdateTimestamp"],
                )
                for page in pages
                for each in page["coreDevices"]
            ]
        return sorted(found, key=lambda device: device.thing)

    def executions(self, thing: str) -> list[Execution]:
        """Return a device's latest deployment of each of its targets. Raises ``CloudError``."""
        with asking(f"list the effective deployments of {thing}"):
            pages = self._greengrass.get_paginator("list_effective_deployments").paginate(coreDeviceThingName=thing)
            return [
                Execution(
                    deployment_id=each["deploymentId"],
                    target_arn=each["targetArn"],
                    status=each["coreDeviceExecutionStatus"],
                    modified=each["modifiedTimestamp"],
                    reason=each.get("reason"),
                    errors=tuple(each.get("statusDetails", {}).get("errorStack", ())),
                )
                for page in pages
                for each in page["effectiveDeployments"]
            ]

    def report(self, thing: str) -> ShadowReport | None:
        """Return what the thing's shadow ``mlops`` reports; None if there is none, or if no agent of ours wrote it."""
        with asking(f"read the shadow {SHADOW} of {thing}"):
            try:
                answer = self._iot_data.get_thing_shadow(thingName=thing, shadowName=SHADOW)
            except self._iot_data.exceptions.ResourceNotFoundException:
                return None
            payload = answer["payload"].read()
        return read_report(thing, json.loads(payload).get("state"))

    def installed(self, thing: str) -> list[InstalledComponent]:
        """Return the components on a device, dependencies too. Raises ``CloudError``."""
        with asking(f"list what is installed on {thing}"):
            pages = self._greengrass.get_paginator("list_installed_components").paginate(
                coreDeviceThingName=thing, topologyFilter="ALL"
            )
            return [
                InstalledComponent(each["componentName"], each["componentVersion"], each["lifecycleState"])
                for page in pages
                for each in page["installedComponents"]
            ]

    def observe(self, device: CoreDevice, deployment_id: str, *, with_report: bool) -> Observation:
        """Return what is known of a device and a deployment; the shadow is read only ``with_report``."""
        execution = self.execution(device.thing, deployment_id)
        return Observation(device, execution, self.report(device.thing) if with_report else None)

    def execution(self, thing: str, deployment_id: str) -> Execution | None:
        """Return a deployment's execution on a device; None while its latest is another. Raises ``CloudError``."""
        return next((each for each in self.executions(thing) if each.deployment_id == deployment_id), None)

    def _core_device(self, thing: str) -> list[CoreDevice]:
        with asking(f"look at the core device {thing}"):
            try:
                found = self._greengrass.get_core_device(coreDeviceThingName=thing)
            except self._greengrass.exceptions.ResourceNotFoundException as error:
                log.info("no core device", extra={"thing": thing, "code": code_of(error)})
                return []
            return [CoreDevice(thing, found["status"], found.get("runtime"), found["lastStatusUpdateTimestamp"])]
