"""``deployment.json``: the template of a deployment, in the API's own shape and within its limits.

Source of shapes, enumerations and limits: botocore's service model greengrassv2/2020-11-30 (CreateDeployment) and the
IoT Jobs limits it refers to. The components of the release are merged into it by `deploy`.
"""

import json
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from shared_schema.names import ComponentName
from shared_schema.strict_model import AwsShape

FILE = "deployment.json"
Pointer = Annotated[str, StringConstraints(pattern=r"^(/.*)?$")]
Percentage = Annotated[float, Field(ge=0, le=100)]


def _object_or_text(value: object) -> object:
    """Return ``merge`` as JSON text, as the API takes it; people may write an object."""
    if isinstance(value, dict):
        return json.dumps(value, sort_keys=True)
    if isinstance(value, str):
        try:
            parsed = json.loads(value)
        except ValueError as error:
            raise ValueError(f"is no JSON text ({error}); write the object itself, or its JSON as one string") from None
        if not isinstance(parsed, dict):
            raise ValueError("is JSON, and no object; a component's configuration is an object")
    return value


ObjectAsText = Annotated[str, BeforeValidator(_object_or_text, json_schema_input_type=dict[str, object] | str)]


class ConfigurationUpdate(AwsShape):
    """``merge``: a JSON object (kept as its text, as the API takes it); ``reset``: JSON pointers."""

    merge: ObjectAsText | None = None
    reset: list[Pointer] | None = None


class SystemResourceLimits(AwsShape):
    """``memory`` in KB, ``cpus`` in cores."""

    memory: int | None = Field(default=None, ge=0)
    cpus: float | None = Field(default=None, ge=0)


class RunWith(AwsShape):
    """The user that the component runs as, and its limits."""

    posix_user: str | None = Field(default=None, min_length=1)
    windows_user: str | None = Field(default=None, min_length=1)
    system_resource_limits: SystemResourceLimits | None = None


class ComponentDeployment(AwsShape):
    """One component of a deployment."""

    component_version: str | None = Field(default=None, min_length=1, max_length=64)
    """Left out, or ``x.x.x``, for the release's own components: `deploy` fills it in."""
    configuration_update: ConfigurationUpdate | None = None
    run_with: RunWith | None = None


class ComponentUpdatePolicy(AwsShape):
    """Whether components are told before an update; ``timeoutInSeconds`` is how long they may take to answer."""

    timeout_in_seconds: int | None = Field(default=None, ge=0, le=2_147_483_647)
    action: Literal["NOTIFY_COMPONENTS", "SKIP_NOTIFY_COMPONENTS"] | None = None


class ConfigurationValidationPolicy(AwsShape):
    """How long components may take to validate. `deploy` raises it to the time that vetting the models needs."""

    timeout_in_seconds: int | None = Field(default=None, ge=0, le=2_147_483_647)


class DeploymentPolicies(AwsShape):
    """What a device does in case of failures, updates and validation."""

    failure_handling_policy: Literal["ROLLBACK", "DO_NOTHING"] | None = None
    component_update_policy: ComponentUpdatePolicy | None = None
    configuration_validation_policy: ConfigurationValidationPolicy | None = None


class RateIncreaseCriteria(AwsShape):
    """When the rollout gets faster: after so many things were notified, or succeeded; give one of the two."""

    number_of_notified_things: int | None = Field(default=None, ge=1)
    number_of_succeeded_things: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _one_of_two(self) -> "RateIncreaseCriteria":
        if (self.number_of_notified_things is None) == (self.number_of_succeeded_things is None):
            raise ValueError(
                "needs exactly one of numberOfNotifiedThings and numberOfSucceededThings; keep the one that you mean"
            )
        return self


class ExponentialRate(AwsShape):
    """Devices a minute at first, and the factor by which that grows."""

    base_rate_per_minute: int = Field(ge=1, le=1000)
    increment_factor: float = Field(ge=1, le=5)
    rate_increase_criteria: RateIncreaseCriteria


class JobExecutionsRolloutConfig(AwsShape):
    """How fast the deployment reaches the group's devices."""

    exponential_rate: ExponentialRate | None = None
    maximum_per_minute: int | None = Field(default=None, ge=1, le=1000)


class AbortCriterion(AwsShape):
    """When the deployment is stopped automatically."""

    failure_type: Literal["FAILED", "REJECTED", "TIMED_OUT", "ALL"]
    action: Literal["CANCEL"]
    threshold_percentage: Percentage
    min_number_of_executed_things: int = Field(ge=1)


class AbortConfig(AwsShape):
    """The criteria, at least one."""

    criteria_list: Annotated[list[AbortCriterion], Field(min_length=1)]


class TimeoutConfig(AwsShape):
    """Minutes that a device may be in progress."""

    in_progress_timeout_in_minutes: int | None = Field(default=None, ge=1, le=10_080)


class IotJobConfiguration(AwsShape):
    """The IoT job by which a group's deployment goes out."""

    job_executions_rollout_config: JobExecutionsRolloutConfig | None = None
    abort_config: AbortConfig | None = None
    timeout_config: TimeoutConfig | None = None


class DeploymentTemplate(AwsShape):
    """The whole ``deployment.json``. ``components`` has a device's other components, and settings for the release's."""

    target_arn: str | None = None
    deployment_name: Annotated[str, StringConstraints(min_length=1, max_length=256)] | None = None
    components: dict[ComponentName, ComponentDeployment] = Field(default_factory=dict)
    iot_job_configuration: IotJobConfiguration | None = None
    deployment_policies: DeploymentPolicies | None = None
    parent_target_arn: str | None = None
    tags: Annotated[dict[str, str], Field(max_length=40)] = Field(default_factory=dict)
    """AWS takes 50 tags on a resource; ten are reserved for `mlops:…`."""
