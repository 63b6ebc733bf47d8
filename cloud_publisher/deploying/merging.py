"""Merge a release into the current deployment of its target.

Pure: documents in, a document out. CreateDeployment replaces the whole set of a target's components. So a component
that is on the target and not in this release is carried over unchanged, unless it was named for removal. A model that
the release no longer has leaves the desired state at once; its component stays until it is named for removal.
"""

import json
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from cloud_publisher.deploying.channels import Held, carrier, with_desired, without_configuration
from cloud_publisher.deploying.deployment import DeployedComponent, DeploymentContent, Json
from cloud_publisher.sizes.lite_memory import LONGEST_LEAF, too_long_leaves
from shared_schema.deployment import ComponentDeployment, DeploymentTemplate
from shared_schema.desired_state import KEY, DesiredModel, DesiredState
from shared_schema.messages import Channel
from shared_schema.release import Release, ReleaseComponent

OPEN_VERSION = "x.x.x"
VALIDATION_MARGIN = 10
"""Seconds that the validation may take beyond the sum of the models' vetting time-outs."""


class UnfitTemplateError(ValueError):
    """The template contradicts the release. ``path`` is the place in the template, ``remedy`` what to change there."""

    def __init__(self, path: tuple[str, ...], problem: str, remedy: str) -> None:
        super().__init__(f"{problem}; {remedy}")
        self.path, self.problem, self.remedy = path, problem, remedy


@dataclass(frozen=True, slots=True)
class Models:
    """The models of a deployment: the desired state's entries, the versions of their components, and the settings."""

    desired: Mapping[str, DesiredModel]
    settings: Mapping[str, Any]
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
    settings = release.settings.as_text() if release.settings is not None else {}
    return Models(desired, settings, math.ceil(seconds) + VALIDATION_MARGIN if desired else 0)


def models_of_deployment(content: DeploymentContent, held: Held) -> Models:
    """Return the models and settings of an earlier deployment, to deploy them again."""
    timeout = (content.policies.get("configurationValidationPolicy") or {}).get("timeoutInSeconds", 0)
    return Models(held.state.models, held.state.settings, int(timeout))


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
        components = place(components, former, agent.name, state, channel)
    return DeploymentContent(
        components=components,
        policies=_policies(template, models.validation_timeout),
        job=_json(template.iot_job_configuration),
        name=template.deployment_name or (current.name if current else None),
        parent_target_arn=template.parent_target_arn,
        tags=dict(template.tags),
    )


def place(
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
        placed[agent] = with_desired(placed[agent], state)
        was = former.get(beside)
        placed[beside] = replace(placed[beside], merge=was.merge if was else None, reset=was.reset if was else ())
    else:
        placed[agent] = without_configuration(placed[agent])
        placed[beside] = with_desired(without_configuration(placed[beside]), state)
    return placed


def check_template(release: Release, template: DeploymentTemplate, channel: Channel) -> None:
    """Raise ``UnfitTemplateError`` if the template says what it may not say of this release on this channel."""
    released = {component.name: component for component in release.components}
    for name, asked in template.components.items():
        component = released.get(name)
        here = ("components", name)
        if channel is Channel.SUBSCRIBED:
            _check_leaves(asked, here)
        if component is None:
            if asked.component_version in (None, OPEN_VERSION):
                raise UnfitTemplateError(
                    here,
                    f"{name} is not in the release and has no version",
                    "give its componentVersion, or add it to greengrass-config.yml",
                )
            continue
        if asked.component_version not in (None, OPEN_VERSION, component.version):
            raise UnfitTemplateError(
                (*here, "componentVersion"),
                f"the template wants {name} {asked.component_version}, and the release brings {component.version}",
                f"take componentVersion out, or write {OPEN_VERSION}",
            )
        _check_configuration(component, asked, channel)


def _check_configuration(component: ReleaseComponent, asked: ComponentDeployment, channel: Channel) -> None:
    update = asked.configuration_update
    if update is None or component.kind not in ("agent", "desired"):
        return
    here = ("components", component.name, "configurationUpdate")
    if component.kind == "desired":
        raise UnfitTemplateError(
            here,
            f"the configuration of {component.name} is the desired state, which deploy writes",
            "take it out; what the agent should do is said in agent.settings of greengrass-config.yml",
        )
    if channel is Channel.SUBSCRIBED:
        raise UnfitTemplateError(
            here,
            f"{component.name} is the agent, and on the subscribed channel its own configuration is never part of a "
            "deployment: lite restarts a component that a deployment configures",
            "take it out, and say it in agent.settings of greengrass-config.yml, which reach a running agent",
        )
    touched = KEY in json.loads(update.merge or "{}") or any(
        pointer in ("", f"/{KEY}") or pointer.startswith(f"/{KEY}/") for pointer in update.reset or ()
    )
    if touched:
        raise UnfitTemplateError(
            here, f"{KEY!r} of {component.name} is the desired state, which deploy writes", "take it out"
        )


def _check_leaves(asked: ComponentDeployment, here: tuple[str, ...]) -> None:
    update = asked.configuration_update
    for place, size in too_long_leaves(json.loads(update.merge or "{}") if update else {}):
        raise UnfitTemplateError(
            (*here, "configurationUpdate", "merge"),
            f"{place} has {size} bytes as JSON, and nucleus lite takes {LONGEST_LEAF} of a text or a list: the "
            "deployment would fail there half written",
            "put it into a file of an artifact, or use an object instead of the list",
        )


def _of_release(release: Release, template: DeploymentTemplate) -> dict[str, DeployedComponent]:
    return {
        component.name: _asked(template.components.get(component.name), component.version)
        for component in release.components
    }


def _of_template(template: DeploymentTemplate, release: Release) -> dict[str, DeployedComponent]:
    ours = {component.name for component in release.components}
    return {
        name: _asked(asked, asked.component_version or OPEN_VERSION)
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


def _policies(template: DeploymentTemplate, validation_timeout: int) -> Json:
    given = dict(_json(template.deployment_policies))
    if validation_timeout:
        asked = (given.get("configurationValidationPolicy") or {}).get("timeoutInSeconds", 0)
        given["configurationValidationPolicy"] = {"timeoutInSeconds": max(asked, validation_timeout)}
    return given


def _json(part: Any) -> Json:
    return part.model_dump(mode="json", by_alias=True, exclude_none=True) if part is not None else {}
