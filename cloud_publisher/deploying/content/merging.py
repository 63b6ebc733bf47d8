"""Merge a release into the current deployment of its target.

Pure: documents in, a document out. CreateDeployment replaces the whole set of a target's components. So a component
that is on the target and not in this release is carried over unchanged, unless it was named for removal. A model that
the release no longer has leaves the desired state at once; its component stays until it is named for removal.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from pydantic import BaseModel

from cloud_publisher.deploying.channels import AppliedState, carrier, carrier_with, without_configuration
from cloud_publisher.deploying.content.template_checks import check_template
from cloud_publisher.deploying.deployment import DeployedComponent, DeploymentContent
from cloud_publisher.recipes.component_recipe import LATEST
from shared_schema.deployment import ComponentDeployment, DeploymentPolicies, DeploymentTemplate
from shared_schema.desired_state import DesiredModel, DesiredState
from shared_schema.json_value import JsonObject
from shared_schema.messages import Channel
from shared_schema.release import Release

VALIDATION_MARGIN = 10
"""Seconds that the validation may take beyond the sum of the models' vetting time-outs."""
COPIED = 10_000_000
"""Bytes a second, at least, at which a device copies a model before it vets it."""


@dataclass(frozen=True, slots=True)
class Models:
    """The models of a deployment: the desired state's entries, the versions of their components, and the settings."""

    desired: Mapping[str, DesiredModel]
    settings: JsonObject
    validation_timeout: int
    """Seconds that the vetting of them may take on a device."""


def models_of_release(release: Release) -> Models:
    """Return the release's own models and settings."""
    found = [(each.key, each.name, each.version, each.model) for each in release.of_kind("model")]
    desired = {
        key: DesiredModel(component=name, version=version, digest=model.digest)
        for key, name, version, model in found
        if model is not None
    }
    seconds = sum(model.vetting_timeout for *_, model in found if model is not None)
    seconds += sum(artifact.size for each in release.of_kind("model") for artifact in each.artifacts) // COPIED
    settings = release.settings.as_text() if release.settings is not None else {}
    return Models(desired, settings, math.ceil(seconds) + VALIDATION_MARGIN if desired else 0)


def models_of_deployment(content: DeploymentContent, applied: AppliedState) -> Models:
    """Return the models and settings of an earlier deployment, to deploy them again."""
    validation = content.policies.get("configurationValidationPolicy")
    timeout = validation.get("timeoutInSeconds") if isinstance(validation, dict) else None
    return Models(applied.state.models, applied.state.settings, timeout if isinstance(timeout, int) else 0)


def merge_release(
    release: Release,
    template: DeploymentTemplate,
    current: DeploymentContent | None,
    *,
    channel: Channel,
    number: int,
    models: Models | None = None,
    removals: Collection[str] = (),
) -> DeploymentContent:
    """Return the deployment to make. ``number`` is its release number; ``models`` are the release's unless given.

    The release and the template alone say what the components that they name get. Every other component of ``current``
    stays as it is, except ``removals``. Raises ``UnfitTemplateError``.
    """
    check_template(release, template, channel)
    models = models or models_of_release(release)
    former = {name: each for name, each in (current.components if current else {}).items() if name not in removals}
    components = {**former, **_of_template(template, release), **_of_release(release, template)}
    for model in models.desired.values():
        # A deployment that brings the agent first has the model components of an earlier release.
        given = components.get(model.component) or DeployedComponent(model.version)
        components[model.component] = replace(given, version=model.version)
    agent = release.agent
    if agent is not None:
        state = DesiredState(release=str(number), models=dict(models.desired), settings=dict(models.settings))
        components = with_desired_state(components, former, agent.name, state, channel)
    return DeploymentContent(
        components=components,
        policies=_policies(template, models.validation_timeout),
        job=_json(template.iot_job_configuration),
        name=template.deployment_name or (current.name if current else None),
        parent_target_arn=template.parent_target_arn,
        tags=dict(template.tags),
    )


def with_desired_state(
    components: Mapping[str, DeployedComponent],
    former: Mapping[str, DeployedComponent],
    agent: str,
    state: DesiredState,
    channel: Channel,
) -> dict[str, DeployedComponent]:
    """Return the components, with the desired state written on one channel.

    On the validated channel ``<agent>.desired`` keeps the configuration that the target has (``former``): if that
    changed, the nucleus would wait for its answer until it times out. On the subscribed channel the agent itself is
    never configured, since lite restarts what a deployment configures.
    """
    placed = dict(components)
    beside = carrier(agent, Channel.SUBSCRIBED)
    if channel is Channel.VALIDATED:
        placed[agent] = carrier_with(placed[agent], state)
        was = former.get(beside)
        placed[beside] = replace(placed[beside], merge=was.merge if was else None, reset=was.reset if was else ())
    else:
        placed[agent] = without_configuration(placed[agent])
        placed[beside] = carrier_with(without_configuration(placed[beside]), state)
    return placed


def _of_release(release: Release, template: DeploymentTemplate) -> dict[str, DeployedComponent]:
    return {
        component.name: _asked(template.components.get(component.name), component.version)
        for component in release.components
    }


def _of_template(template: DeploymentTemplate, release: Release) -> dict[str, DeployedComponent]:
    ours = {component.name for component in release.components}
    return {
        name: _asked(asked, asked.component_version or LATEST)
        for name, asked in template.components.items()
        if name not in ours
    }


def _asked(asked: ComponentDeployment | None, version: str) -> DeployedComponent:
    if asked is None:
        return DeployedComponent(version)
    update = asked.configuration_update
    return DeployedComponent(
        version,
        merge=update.merge if update else None,
        reset=tuple(update.reset or ()) if update else (),
        run_with=_json(asked.run_with) or None,
    )


def _policies(template: DeploymentTemplate, needed: int) -> JsonObject:
    """Return the template's policies, with a validation that takes ``needed`` seconds at least, if there is one."""
    policies = template.deployment_policies or DeploymentPolicies()
    if not needed:
        return _json(policies)
    validation = policies.configuration_validation_policy
    asked = (validation.timeout_in_seconds if validation else None) or 0
    return {**_json(policies), "configurationValidationPolicy": {"timeoutInSeconds": max(asked, needed)}}


def _json(part: BaseModel | None) -> JsonObject:
    return part.model_dump(mode="json", by_alias=True, exclude_none=True) if part is not None else {}
