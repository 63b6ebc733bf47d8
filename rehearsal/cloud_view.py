"""What the rehearsal's proofs read: the accounts' API, never the emulator's own memory."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from shared_schema.desired_state import KEY
from shared_schema.messages import Channel
from shared_schema.release import desired_component_name
from shared_schema.shadow import ShadowReport
from shared_schema.topics import SHADOW

if TYPE_CHECKING:
    from mypy_boto3_greengrassv2 import GreengrassV2Client
    from mypy_boto3_iot_data import IoTDataPlaneClient
    from mypy_boto3_s3 import S3Client


@dataclass(frozen=True, slots=True)
class DeviceOutcome:
    """What a core device reported of its newest deployment."""

    deployment: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Published:
    """Everything that a pipeline run can change. If it is equal before and after a run, the run changed nothing."""

    objects: Mapping[str, str]
    """Keys of the artifact bucket, with their entity tags."""
    versions: Mapping[str, tuple[str, ...]]
    """Component versions by account."""
    deployments: Mapping[str, tuple[str, ...]]
    """Deployment ids by account."""


class AccountView:
    """One account's API, read only."""

    def __init__(self, greengrass: "GreengrassV2Client", shadows: "IoTDataPlaneClient") -> None:
        self._greengrass = greengrass
        self._shadows = shadows

    def outcome(self, thing: str) -> DeviceOutcome:
        """Return the outcome of a device's newest effective deployment. Raises ``LookupError`` if it has none."""
        pages = self._greengrass.get_paginator("list_effective_deployments").paginate(coreDeviceThingName=thing)
        found = [each for page in pages for each in page["effectiveDeployments"]]
        if not found:
            raise LookupError(f"{thing} has no effective deployment yet")
        newest = max(found, key=lambda each: each["modifiedTimestamp"])
        return DeviceOutcome(newest["deploymentId"], newest["coreDeviceExecutionStatus"], newest.get("reason", ""))

    def shadow(self, thing: str) -> ShadowReport:
        """Return what the device's named shadow reports. Raises ``LookupError`` if it has never reported."""
        try:
            answer = self._shadows.get_thing_shadow(thingName=thing, shadowName=SHADOW)
        except self._shadows.exceptions.ResourceNotFoundException:
            raise LookupError(f"{thing} has no shadow {SHADOW!r} yet") from None
        return ShadowReport.model_validate(json.loads(answer["payload"].read())["state"]["reported"])

    def channel(self, target: str, agent: str) -> Channel | None:
        """Return the channel of the target's newest deployment, or None without a deployment."""
        pages = self._greengrass.get_paginator("list_deployments").paginate(targetArn=target)
        newest = next((each["deploymentId"] for page in pages for each in page["deployments"]), None)
        if newest is None:
            return None
        components = self._greengrass.get_deployment(deploymentId=newest)["components"]
        releases: dict[Channel, int] = {}
        channels: dict[Channel, str] = {Channel.VALIDATED: agent, Channel.SUBSCRIBED: desired_component_name(agent)}
        for channel, component in channels.items():
            deployed = components.get(component)
            update = deployed.get("configurationUpdate") if deployed else None
            desired = json.loads((update.get("merge") if update else None) or "{}").get(KEY)
            if desired:
                releases[channel] = int(desired["release"])
        newest_release = max(releases.values(), default=None)
        return next((channel for channel, release in releases.items() if release == newest_release), None)

    def versions(self) -> tuple[str, ...]:
        """Return the ARN of every component version of the account."""
        components = self._greengrass.get_paginator("list_components").paginate(scope="PRIVATE")
        arns = [component["arn"] for page in components for component in page["components"]]
        pages = [self._greengrass.get_paginator("list_component_versions").paginate(arn=arn) for arn in arns]
        return tuple(sorted(each["arn"] for paged in pages for page in paged for each in page["componentVersions"]))

    def deployments(self) -> tuple[str, ...]:
        """Return the id of every deployment ever made in the account, also of inactive ones."""
        pages = self._greengrass.get_paginator("list_deployments").paginate(historyFilter="ALL")
        return tuple(sorted(each["deploymentId"] for page in pages for each in page["deployments"]))


def objects_of(s3: "S3Client", bucket: str, prefix: str) -> dict[str, str]:
    """Return the keys below a prefix, each with its entity tag."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    return {each["Key"]: each["ETag"] for page in pages for each in page.get("Contents", [])}
