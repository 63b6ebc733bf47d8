"""The requests of the greengrassv2 API, by operation. ``rest_json.reading`` has checked them against the service model.

Only the members that the emulator reads. Source: botocore's service model greengrassv2/2020-11-30.
"""

from collections.abc import Mapping

from pydantic import Field

from greengrass_emulator.cloud.device_messages.job_rules import JobConfiguration
from greengrass_emulator.cloud.rest_json.reading import ApiStructure


class Listing(ApiStructure):
    """A request for a page of a listing."""

    max_results: int | None = None
    next_token: str | None = None


class CreateComponentVersion(ApiStructure):
    """A new component version, from a recipe. ``inline_recipe`` is None for one from a Lambda function."""

    inline_recipe: bytes | None = None
    tags: Mapping[str, str] = Field(default_factory=dict)
    client_token: str | None = None


class OfComponent(ApiStructure):
    """A component version, by its ARN."""

    arn: str


class GetComponent(OfComponent):
    """A component version's recipe, as ``JSON`` or ``YAML``."""

    recipe_output_format: str = "JSON"


class GetComponentVersionArtifact(OfComponent):
    """An artifact that the service keeps."""

    artifact_name: str


class ListComponents(Listing):
    """The account's components (``PRIVATE``), or AWS's (``PUBLIC``)."""

    scope: str = "PRIVATE"


class ListComponentVersions(Listing, OfComponent):
    """The versions of a component."""


class ComponentCandidate(ApiStructure):
    """A component that a device needs. ``version_requirements`` are npm ranges, by who requires them."""

    component_name: str | None = None
    version_requirements: Mapping[str, str] = Field(default_factory=dict)


class ResolveComponentCandidates(ApiStructure):
    """The components of a device's deployment."""

    component_candidates: tuple[ComponentCandidate, ...] = ()


class ConfigurationUpdate(ApiStructure):
    """A deployment's change of a configuration. ``merge`` is a JSON object in a string, ``reset`` are JSON pointers."""

    merge: str | None = None
    reset: tuple[str, ...] | None = None


class SystemResourceLimits(ApiStructure):
    """Limits of a component's processes: ``memory`` in kilobytes, ``cpus`` in CPU seconds a second."""

    memory: int | None = None
    cpus: float | None = None


class RunWith(ApiStructure):
    """The user and the limits of a component's processes."""

    posix_user: str | None = None
    windows_user: str | None = None
    system_resource_limits: SystemResourceLimits | None = None


class DeployedComponent(ApiStructure):
    """A deployment's component."""

    component_version: str
    configuration_update: ConfigurationUpdate | None = None
    run_with: RunWith | None = None


class ComponentUpdatePolicy(ApiStructure):
    """Whether a device asks its components before an update, and how many seconds it waits for their answers."""

    timeout_in_seconds: int = 60
    action: str = "NOTIFY_COMPONENTS"


class ConfigurationValidationPolicy(ApiStructure):
    """How many seconds a device waits for its components to validate a new configuration."""

    timeout_in_seconds: int = 30


class DeploymentPolicies(ApiStructure):
    """A deployment's policies, with the API's defaults for missing ones."""

    failure_handling_policy: str = "ROLLBACK"
    component_update_policy: ComponentUpdatePolicy = Field(default_factory=ComponentUpdatePolicy)
    configuration_validation_policy: ConfigurationValidationPolicy = Field(
        default_factory=ConfigurationValidationPolicy
    )


class CreateDeployment(ApiStructure):
    """A new revision of a target: a thing or a thing group."""

    target_arn: str
    deployment_name: str | None = None
    components: Mapping[str, DeployedComponent] = Field(default_factory=dict)
    iot_job_configuration: JobConfiguration | None = None
    deployment_policies: DeploymentPolicies = Field(default_factory=DeploymentPolicies)
    parent_target_arn: str | None = None
    tags: Mapping[str, str] = Field(default_factory=dict)
    client_token: str | None = None


class OfDeployment(ApiStructure):
    """A deployment, by its id."""

    deployment_id: str


class ListDeployments(Listing):
    """Deployments: the latest of each target (``LATEST_ONLY``), or all."""

    target_arn: str | None = None
    history_filter: str = "LATEST_ONLY"
    parent_target_arn: str | None = None


class ListCoreDevices(Listing):
    """Core devices, of a group, with a status, with a runtime."""

    thing_group_arn: str | None = None
    status: str | None = None
    runtime: str | None = None


class OfCoreDevice(ApiStructure):
    """A core device, by its thing."""

    core_device_thing_name: str


class ListInstalledComponents(Listing, OfCoreDevice):
    """The components on a device: those that deployments name (``ROOT``), or ``ALL``."""

    topology_filter: str = "ROOT"


class ListEffectiveDeployments(Listing, OfCoreDevice):
    """The deployments that hold on a device."""


class OfResource(ApiStructure):
    """A resource that can have tags, by its ARN."""

    resource_arn: str


class TagResource(OfResource):
    """Tags to add to a resource."""

    tags: Mapping[str, str]


class UntagResource(OfResource):
    """Keys of tags to remove from a resource."""

    tag_keys: tuple[str, ...]
