"""The generated parts of the agent's recipe: a lifecycle for each runtime, its rights, its default configuration.

The recipe names no model component and has nothing under ``desired``: else a nucleus would restart the agent with every
model (docs/architecture.md, "The desired state").
"""

from cloud_publisher.recipes.access_control import agent_access_control
from cloud_publisher.recipes.architectures import architectures_of
from shared_schema.config import Component
from shared_schema.json_value import JsonObject
from shared_schema.recipe import Artifact, Configuration, Lifecycle, Manifest, Platform, Step

LITE = "aws_nucleus_lite"
_SECTION_OF_CLASSIC, _SECTION_OF_LITE = "classic", "linux"
"""Of a global lifecycle, lite uses only the sections ``all`` and ``linux``, and skips other selections; classic uses
the first that is selected (ggl-recipe/src/recipe.c, lifecycle_selection; config/PlatformResolver.java). So one manifest
is for both, and each script is in the recipe once, as lite takes 255 objects in all (object_visit.c)."""
_INSTALL_TIMEOUT = 900
"""Seconds to unpack the wheels: opencv and onnxruntime on a slow memory card."""
_PROGRAM = '"{artifacts:decompressedPath}"/*/edge_agent/bringing_up/__main__.py'
"""``*`` is the folder of the one artifact that a device has, that of its architecture. The script names the path, since
sudo, by which classic runs another user's step, removes PYTHONPATH (util/platforms/unix/UnixPlatform.java)."""


def agent_manifests(component: Component, artifact: Artifact) -> list[Manifest]:
    """Return a manifest for each architecture; if there are several, each has an artifact named for it."""
    architectures = architectures_of(component.build)
    return [
        Manifest(
            platform=Platform(os="linux", architecture=architecture, runtime="*"),
            selections=[_SECTION_OF_CLASSIC, _SECTION_OF_LITE],
            artifacts=[
                artifact if len(architectures) == 1 or architecture is None else _named_for(artifact, architecture)
            ],
        )
        for architecture in architectures
    ]


def agent_lifecycle(component: Component) -> dict[str, Lifecycle]:
    """Return the lifecycles: classic's ``install`` and ``startup``, which deployments wait for; lite's ``run`` alone.

    On lite a failed ``install`` stops a component for good, and ``startup`` needs a newer systemd than many devices
    have (docs/greengrass-facts.md, "Install on lite", "Run and startup").
    """
    agent = component.agent
    if agent is None:
        raise ValueError(f"{component.component_name} is no agent")
    program = f"{agent.python} -IS {_PROGRAM}"
    return {
        _SECTION_OF_CLASSIC: Lifecycle(
            install=Step(script=f"{program} install", timeout=_INSTALL_TIMEOUT),
            startup=Step(script=f"exec {program} start", timeout=agent.startup_timeout),
        ),
        _SECTION_OF_LITE: Lifecycle(run=f"exec {program} run {agent.startup_timeout}"),
    }


def _named_for(artifact: Artifact, architecture: str) -> Artifact:
    stem, dot, suffix = artifact.uri.rpartition(".")
    return artifact.model_copy(update={"uri": f"{stem}-{architecture}{dot}{suffix}"})


def agent_configuration(component: Component, application: str) -> Configuration:
    """Return the default configuration: ``application``, ``accessControl``, and what the config adds or replaces."""
    if component.agent is None:
        raise ValueError(f"{component.component_name} is no agent")
    generated: JsonObject = {
        "application": application,
        "accessControl": agent_access_control(component.component_name, application, component.agent.settings),
    }
    written = component.component_configuration
    return Configuration(default_configuration=_merged(generated, written.default_configuration if written else {}))


def _merged(base: JsonObject, over: JsonObject) -> JsonObject:
    merged = dict(base)
    for key, value in over.items():
        inner = merged.get(key)
        merged[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged
