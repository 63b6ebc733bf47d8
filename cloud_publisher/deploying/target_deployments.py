"""The deployments of a target, read and made through the API, parsed once into values. Decides nothing.

Which calls it makes: ListDeployments, GetDeployment, CreateDeployment, TagResource (greengrass), DescribeThingGroup or
DescribeThing (iot).
"""

import logging
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from cloud_publisher.cloud_errors import asking
from cloud_publisher.deploying.deployment import DeployedComponent, Deployment, DeploymentContent
from cloud_publisher.errors import CloudError, WorkFailedError, WrongUseError
from cloud_publisher.fleet.outcome import Outcome
from cloud_publisher.fleet.targets import Target
from shared_schema.json_value import JsonObject
from shared_schema.release import OUTCOME_TAG

if TYPE_CHECKING:
    from mypy_boto3_greengrassv2 import GreengrassV2Client
    from mypy_boto3_iot import IoTClient

log = logging.getLogger(__name__)


class TargetDeployments:
    """The deployments of one target. ``current`` is the newest, failed and cancelled ones too."""

    def __init__(self, greengrass: "GreengrassV2Client", iot: "IoTClient", target: Target) -> None:
        self._greengrass = greengrass
        self._iot = iot
        self.target = target

    def check_target(self) -> None:
        """Raise ``WrongUseError`` when the target is not there, or is of another account or region."""
        with asking(f"look at {self.target.words}"):
            try:
                if self.target.kind == "thinggroup":
                    arn = self._iot.describe_thing_group(thingGroupName=self.target.name)["thingGroupArn"]
                else:
                    arn = self._iot.describe_thing(thingName=self.target.name)["thingArn"]
            except self._iot.exceptions.ResourceNotFoundException:
                raise WrongUseError(
                    f"there is no {self.target.words} ({self.target.arn})",
                    "create it, or correct --target-arn (TARGET_ARN), or the role and region that it is looked for in",
                ) from None
        if arn != self.target.arn:
            raise WrongUseError(
                f"the {self.target.words} that this role and region see is {arn}, and the target is {self.target.arn}",
                "assume a role of the target's account (--role-arn, ROLE_TARGET), in its region (--region)",
            )

    def current(self) -> Deployment | None:
        """Return the newest deployment, or None. Raises ``CloudError``."""
        return next(self._fetched("LATEST_ONLY"), None)

    def history(self) -> Iterator[Deployment]:
        """Return the deployments, the newest first; each is fetched when it is reached. Raises ``CloudError``."""
        return self._fetched("ALL")

    def get(self, deployment_id: str) -> Deployment:
        """Return a whole deployment. Raises ``CloudError``."""
        with asking(f"get the deployment {deployment_id}"):
            return _parse(self._greengrass.get_deployment(deploymentId=deployment_id))

    def find(self, deployment_id: str) -> Deployment | None:
        """Return a whole deployment; None when there is no such one. Raises ``CloudError``."""
        try:
            return self.get(deployment_id)
        except CloudError as error:
            if error.code in {"ResourceNotFoundException", "ValidationException"}:
                return None
            raise

    def create(self, content: DeploymentContent, *, token: str) -> Deployment:
        """Make a new revision of the target, and return it as the cloud has it.

        With a token that was used within 8 hours the answer is that earlier deployment. Raises ``CloudError``.
        """
        request = _Request(
            target_arn=self.target.arn,
            components={name: _ComponentShape.of(each) for name, each in content.components.items()},
            client_token=token,
            deployment_name=content.name or None,
            deployment_policies=content.policies or None,
            iot_job_configuration=content.job or None,
            parent_target_arn=content.parent_target_arn or None,
            tags=dict(content.tags) or None,
        ).model_dump(by_alias=True, exclude_none=True)
        with asking(f"create a deployment of {self.target.words}"):
            made = self._greengrass.create_deployment(**request)["deploymentId"]
        log.info("deployment created", extra={"deployment": made, "target": self.target.arn})
        return self.get(made)

    def record(self, deployment: Deployment, outcome: Outcome) -> None:
        """Write the tag ``mlops:outcome`` on a deployment. Raises ``CloudError``."""
        if deployment.content.tags.get(OUTCOME_TAG) == outcome:
            return
        with asking(f"tag the deployment {deployment.id} with its outcome"):
            self._greengrass.tag_resource(resourceArn=self._arn(deployment.id), tags={OUTCOME_TAG: outcome.value})
        log.info("outcome recorded", extra={"deployment": deployment.id, "outcome": outcome.value})

    def check_current(self, deployment_id: str) -> None:
        """Raise ``WorkFailedError`` when a newer revision has replaced the deployment, or it was cancelled."""
        found = self.get(deployment_id)
        if found.superseded or found.withdrawn:
            raise WorkFailedError(
                f"the deployment {deployment_id} is {found.status}: "
                + ("it was cancelled" if found.withdrawn else "a newer deployment of the target has taken its place"),
                "look at what is deployed now (cloud-publisher status), and run it again if it should be this release",
            )

    def of_other_targets(self) -> Iterator[Deployment]:
        """Return the newest deployment of every other target of the account; each is fetched when it is reached.

        Raises ``CloudError``.
        """
        with asking("list the deployments of all targets"):
            pages = self._greengrass.get_paginator("list_deployments").paginate(historyFilter="LATEST_ONLY")
            found = [
                each["deploymentId"]
                for page in pages
                for each in page["deployments"]
                if each["targetArn"] != self.target.arn
            ]
        for deployment_id in found:
            other = self.find(deployment_id)
            if other is not None:
                yield other

    def _fetched(self, history: Literal["ALL", "LATEST_ONLY"]) -> Iterator[Deployment]:
        with asking(f"list the deployments of {self.target.words}"):
            pages = self._greengrass.get_paginator("list_deployments").paginate(
                targetArn=self.target.arn, historyFilter=history
            )
            listed = [
                (each["creationTimestamp"], _revision(each.get("revisionId")), each["deploymentId"])
                for page in pages
                for each in page["deployments"]
            ]
        for *_, deployment_id in sorted(listed, reverse=True):
            yield self.get(deployment_id)

    def _arn(self, deployment_id: str) -> str:
        target = self.target
        return f"arn:{target.partition}:greengrass:{target.region}:{target.account}:deployments:{deployment_id}"


class _ApiShape(BaseModel):
    """A part of what the API takes and gives, by the API's own names. What we do not know of is ignored."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)


class _UpdateShape(_ApiShape):
    merge: str | None = None
    reset: list[str] | None = None


class _ComponentShape(_ApiShape):
    component_version: str
    configuration_update: _UpdateShape | None = None
    run_with: JsonObject | None = None

    @classmethod
    def of(cls, component: DeployedComponent) -> "_ComponentShape":
        update = _UpdateShape(merge=component.merge or None, reset=list(component.reset) or None)
        return cls(
            component_version=component.version,
            configuration_update=update if component.configures else None,
            run_with=component.run_with or None,
        )

    def parsed(self) -> DeployedComponent:
        update = self.configuration_update or _UpdateShape()
        return DeployedComponent(self.component_version, update.merge, tuple(update.reset or ()), self.run_with)


class _DeploymentShape(_ApiShape):
    target_arn: str
    components: dict[str, _ComponentShape] | None = None
    deployment_name: str | None = None
    deployment_policies: JsonObject | None = None
    iot_job_configuration: JsonObject | None = None
    parent_target_arn: str | None = None
    tags: dict[str, str] | None = None


class _Request(_DeploymentShape):
    """What CreateDeployment takes."""

    client_token: str


class _Answer(_DeploymentShape):
    """What GetDeployment gives."""

    deployment_id: str
    deployment_status: str
    creation_timestamp: datetime
    iot_job_id: str | None = None


def _parse(answer: object) -> Deployment:
    given = _Answer.model_validate(answer)
    content = DeploymentContent(
        components={name: each.parsed() for name, each in (given.components or {}).items()},
        policies=given.deployment_policies or {},
        job=given.iot_job_configuration or {},
        name=given.deployment_name or None,
        parent_target_arn=given.parent_target_arn or None,
        tags=given.tags or {},
    )
    return Deployment(
        id=given.deployment_id,
        target_arn=given.target_arn,
        status=given.deployment_status,
        created=given.creation_timestamp,
        content=content,
        job_id=given.iot_job_id,
    )


def _revision(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0
