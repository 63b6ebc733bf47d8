"""What the agent's recipe says beyond its config: a lifecycle for each runtime, its rights, its first configuration.

It names no model component, and nothing under ``desired``: else a nucleus would restart it with every model
(architecture, section 3).
"""

from typing import Any

from cloud_publisher.recipes.access_control import agent_access_control
from cloud_publisher.recipes.architectures import architectures_of
from shared_schema.config import Component
from shared_schema.recipe import Artifact, Configuration, Lifecycle, Manifest, Platform, Step

LITE = "aws_nucleus_lite"
_SECTION_OF_CLASSIC, _SECTION_OF_LITE = "classic", "linux"
"""Lite takes only the sections ``all`` and ``linux`` of a global lifecycle, and passes over other selections; classic
takes the first that is selected (ggl-recipe/src/recipe.c, lifecycle_selection; config/PlatformResolver.java). So one
manifest serves both, and their scripts stand in the recipe once: lite takes 255 objects in all (object_visit.c)."""
_INSTALL_TIMEOUT = 900
"""Seconds to unpack the wheels: opencv and onnxruntime on a slow card."""
_PROGRAM = '"{artifacts:decompressedPath}"/*/edge_agent/bringing_up/__main__.py'
"""A device has the artifact of its own architecture alone, whose folder is named for it. By its path, since sudo, by
which classic runs another user's step, takes PYTHONPATH away (util/platforms/unix/UnixPlatform.java)."""


def agent_manifests(component: Component, artifact: Artifact) -> list[Manifest]:
    """One for each architecture; where there are several, each has an artifact of its own, named for it."""
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
    """Classic's: ``install``, then ``startup``, which deployments wait for. Lite's: ``run`` alone, which does all.

    A failed ``install`` takes a component of lite's down for good, and its ``startup`` wants a newer systemd than many
    devices have (greengrass-facts.md, "Install on lite", "Recipes").
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
    """``application`` and ``accessControl``, and over them what the config adds of its own."""
    if component.agent is None:
        raise ValueError(f"{component.component_name} is no agent")
    generated = {
        "application": application,
        "accessControl": agent_access_control(component.component_name, application, component.agent.settings),
    }
    written = component.component_configuration
    return Configuration(default_configuration=_merged(generated, written.default_configuration if written else {}))


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        inner = merged.get(key)
        merged[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged
