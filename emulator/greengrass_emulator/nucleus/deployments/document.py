"""A deployment in one form, whether it came by a local request, an IoT job, or a shadow."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from greengrass_emulator.json_value import JsonObject
from greengrass_emulator.nucleus.state import TargetKind

LOCAL_TARGET = "LOCAL_DEPLOYMENT"


@dataclass(frozen=True, slots=True)
class WantedComponent:
    """A root component of a deployment, and how its configuration changes.

    ``posix_user`` is the user to run it, as ``USER[:GROUP]``. None leaves the user as it was; "" removes it.
    """

    version: str
    merge: JsonObject = field(default_factory=dict)
    reset: tuple[str, ...] = ()
    posix_user: str | None = None
    limits_resources: bool = False

    @property
    def configures(self) -> bool:
        return bool(self.merge or self.reset)


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment's content. ``validation_id`` is the id that validation events carry: the IoT job's for a group, the
    configuration ARN for a thing (Deployment.java:30-94). Times in seconds."""

    id: str
    kind: TargetKind
    target: str
    validation_id: str
    components: Mapping[str, WantedComponent]
    configuration_arn: str = ""
    job_id: str = ""
    rolls_back: bool = True
    notifies: bool = True
    notification_timeout: float = 60.0
    validation_timeout: float = 20.0
    created_at: float | None = None
    """When it was made, by its maker's clock: what was written since stays. None means now."""

    def roots(self) -> dict[str, str]:
        return {name: wanted.version for name, wanted in self.components.items()}


DetailedStatus = Literal[
    "SUCCESSFUL",
    "FAILED_NO_STATE_CHANGE",
    "FAILED_ROLLBACK_NOT_REQUESTED",
    "FAILED_ROLLBACK_COMPLETE",
    "FAILED_UNABLE_TO_ROLLBACK",
    "REJECTED",
]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a deployment."""

    detailed: str
    cause: str = ""
    codes: tuple[str, ...] = ()

    @property
    def status(self) -> Literal["SUCCEEDED", "FAILED", "REJECTED"]:
        if self.detailed == "SUCCESSFUL":
            return "SUCCEEDED"
        return "REJECTED" if self.detailed == "REJECTED" else "FAILED"


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", populate_by_name=True)


class _ConfigurationUpdate(_Part):
    merge: JsonObject = Field(default_factory=dict)
    reset: list[str] = Field(default_factory=list)


class RunWith(_Part):
    """How to run a component's processes. What is left out stays as it was."""

    posix_user: str | None = Field(default=None, alias="posixUser")
    limits: JsonObject | None = Field(default=None, alias="systemResourceLimits")

    @property
    def user(self) -> str | None:
        """The ``WantedComponent.posix_user``: a null removes the user (KernelConfigResolver.java, updateRunWith)."""
        return (self.posix_user or "") if "posix_user" in self.model_fields_set else None


class _Component(_Part):
    version: str
    run_with: RunWith = Field(default_factory=RunWith, alias="runWith")
    configuration_update: _ConfigurationUpdate | None = Field(default=None, alias="configurationUpdate")


class _UpdatePolicy(_Part):
    action: str = "NOTIFY_COMPONENTS"
    timeout: float = 60.0


class _ValidationPolicy(_Part):
    timeout: float = 20.0


class FleetConfiguration(_Part):
    """The document of a deployment from the cloud: an IoT job's, or the one in a thing's shadow."""

    creation_timestamp: float | None = Field(default=None, alias="creationTimestamp")
    deployment_id: str = Field(default_factory=lambda: str(uuid.uuid4()), alias="deploymentId")
    configuration_arn: str = Field(alias="configurationArn")
    components: dict[str, _Component] = Field(default_factory=dict)
    failure_policy: str = Field(default="ROLLBACK", alias="failureHandlingPolicy")
    update_policy: _UpdatePolicy = Field(default_factory=_UpdatePolicy, alias="componentUpdatePolicy")
    validation_policy: _ValidationPolicy = Field(
        default_factory=_ValidationPolicy, alias="configurationValidationPolicy"
    )

    def deployment(self, job_id: str = "") -> Deployment:
        """Return the deployment. A group's has a ``job_id``; a thing's has none."""
        # arn:aws:greengrass:REGION:ACCOUNT:configuration:thinggroup/NAME:REVISION
        target = self.configuration_arn.split(":configuration:", 1)[-1].rpartition(":")[0]
        return Deployment(
            id=self.deployment_id,
            kind="THING_GROUP" if target.startswith("thinggroup/") else "THING",
            target=target,
            validation_id=job_id or self.configuration_arn,
            components={
                name: WantedComponent(
                    each.version,
                    each.configuration_update.merge if each.configuration_update else {},
                    tuple(each.configuration_update.reset) if each.configuration_update else (),
                    each.run_with.user,
                    bool(each.run_with.limits),
                )
                for name, each in self.components.items()
            },
            configuration_arn=self.configuration_arn,
            job_id=job_id,
            rolls_back=self.failure_policy == "ROLLBACK",
            notifies=self.update_policy.action == "NOTIFY_COMPONENTS",
            notification_timeout=self.update_policy.timeout,
            validation_timeout=self.validation_policy.timeout,
            created_at=None if self.creation_timestamp is None else self.creation_timestamp / 1000,
        )
