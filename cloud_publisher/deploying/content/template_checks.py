"""Whether a deployment template fits a release: what it may not say of the release's components. Pure."""

import json

from cloud_publisher.errors import PublisherError
from cloud_publisher.recipes.component_recipe import LATEST
from cloud_publisher.sizes.lite_memory import LONGEST_LEAF, too_long_leaves
from shared_schema.deployment import ComponentDeployment, DeploymentTemplate
from shared_schema.desired_state import KEY
from shared_schema.diagnostics import ExitCode
from shared_schema.json_value import JsonPath
from shared_schema.messages import Channel
from shared_schema.release import Release, ReleaseComponent


class UnfitTemplateError(PublisherError):
    """The template contradicts the release. ``path`` is the place in the template, ``remedy`` what to change there."""

    exit_code = ExitCode.INVALID

    def __init__(self, path: JsonPath, problem: str, remedy: str) -> None:
        self.path = path
        super().__init__(problem, remedy)


def check_template(release: Release, template: DeploymentTemplate, channel: Channel) -> None:
    """Raise ``UnfitTemplateError`` if the template says what it may not say of this release on this channel."""
    released = {component.name: component for component in release.components}
    for name, asked in template.components.items():
        component = released.get(name)
        here = ("components", name)
        if channel is Channel.SUBSCRIBED:
            _check_leaves(asked, here)
        if component is None:
            if asked.component_version in (None, LATEST):
                raise UnfitTemplateError(
                    here,
                    f"{name} is not in the release and has no version",
                    "give its componentVersion, or add it to greengrass-config.yml",
                )
            continue
        if asked.component_version not in (None, LATEST, component.version):
            raise UnfitTemplateError(
                (*here, "componentVersion"),
                f"the template wants {name} {asked.component_version}, and the release brings {component.version}",
                f"take componentVersion out, or write {LATEST}",
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


def _check_leaves(asked: ComponentDeployment, here: JsonPath) -> None:
    update = asked.configuration_update
    for pointer, size in too_long_leaves(json.loads(update.merge or "{}") if update else {}):
        raise UnfitTemplateError(
            (*here, "configurationUpdate", "merge"),
            f"{pointer} has {size} bytes as JSON, and nucleus lite takes {LONGEST_LEAF} of a text or a list: the "
            "deployment would fail there half written",
            "put it into a file of an artifact, or use an object instead of the list",
        )
