"""The deployments of a target, read and made through the API, parsed once into values. Decides nothing.

Which calls it makes: ListDeployments, GetDeployment, CreateDeployment, TagResource (greengrass), DescribeThingGroup or
DescribeThing (iot).
"""

import logging
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal, cast

from cloud_publisher.cloud_errors import asking
from cloud_publisher.deploying.deployment import DeployedComponent, Deployment, DeploymentContent
from cloud_publisher.errors import CloudError, WorkFailedError, WrongUseError
from cloud_publisher.fleet.outcome import Outcome
from cloud_publisher.fleet.targets import Target
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
        """The newest deployment, or None. Raises ``CloudError``."""
        return next(self._fetched("LATEST_ONLY"), None)

    def history(self) -> Iterator[Deployment]:
        """The deployments, the newest first; each is fetched when it is reached. Raises ``CloudError``."""
        return self._fetched("ALL")

    def get(self, deployment_id: str) -> Deployment:
        """A whole deployment. Raises ``CloudError``."""
        with asking(f"get the deployment {deployment_id}"):
            return parse_deployment(
                cast("Mapping[str, Any]", self._greengrass.get_deployment(deploymentId=deployment_id))
            )

    def find(self, deployment_id: str) -> Deployment | None:
        """A whole deployment; None when there is no such one. Raises ``CloudError``."""
        try:
            return self.get(deployment_id)
        except CloudError as error:
            if error.code in {"ResourceNotFoundException", "ValidationException"}:
                return None
            raise

    def create(self, content: DeploymentContent, *, token: str) -> Deployment:
        """Makes a new revision of the target, and returns it as the cloud has it.

        With a token that was used within 8 hours the answer is that earlier deployment. Raises ``CloudError``.
        """
        request: dict[str, Any] = {
            "targetArn": self.target.arn,
            "components": {name: _component(each) for name, each in content.components.items()},
            "clientToken": token,
        }
        optional = {
            "deploymentName": content.name,
            "deploymentPolicies": content.policies,
            "iotJobConfiguration": content.job,
            "parentTargetArn": content.parent_target_arn,
            "tags": dict(content.tags),
        }
        request |= {key: value for key, value in optional.items() if value}
        with asking(f"create a deployment of {self.target.words}"):
            made = self._greengrass.create_deployment(**request)["deploymentId"]
        log.info("deployment created", extra={"deployment": made, "target": self.target.arn})
        return self.get(made)

    def record(self, deployment: Deployment, outcome: Outcome) -> None:
        """Writes the tag ``mlops:outcome`` on a deployment. Raises ``CloudError``."""
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
        """The newest deployment of every other target of the account, fetched when it is reached.

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


def parse_deployment(answer: Mapping[str, Any]) -> Deployment:
    """GetDeployment's answer as a value."""
    content = DeploymentContent(
        components={name: _parse_component(spec) for name, spec in (answer.get("components") or {}).items()},
        policies=answer.get("deploymentPolicies") or {},
        job=answer.get("iotJobConfiguration") or {},
        name=answer.get("deploymentName") or None,
        parent_target_arn=answer.get("parentTargetArn") or None,
        tags=answer.get("tags") or {},
    )
    return Deployment(
        id=answer["deploymentId"],
        target_arn=answer["targetArn"],
        status=answer["deploymentStatus"],
        created=answer["creationTimestamp"],
        content=content,
        job_id=answer.get("iotJobId"),
    )


def outcome_tag(deployment: Deployment) -> Outcome | None:
    """Return the outcome that an earlier command wrote on the deployment; None for none, or for an unknown word."""
    written = deployment.content.tags.get(OUTCOME_TAG)
    return next((outcome for outcome in Outcome if outcome.value == written), None)


def _parse_component(spec: Mapping[str, Any]) -> DeployedComponent:
    update = spec.get("configurationUpdate") or {}
    return DeployedComponent(
        version=spec["componentVersion"],
        merge=update.get("merge"),
        reset=tuple(update.get("reset") or ()),
        run_with=spec.get("runWith"),
    )


def _component(component: DeployedComponent) -> dict[str, Any]:
    written: dict[str, Any] = {"componentVersion": component.version}
    if component.configures:
        update = {"merge": component.merge, "reset": list(component.reset)}
        written["configurationUpdate"] = {key: value for key, value in update.items() if value}
    if component.run_with:
        written["runWith"] = component.run_with
    return written


def _revision(text: str | None) -> int:
    return int(text) if text and text.isdigit() else 0
