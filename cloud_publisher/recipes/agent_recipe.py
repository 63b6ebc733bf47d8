"""What the agent's recipe says beyond its config: a lifecycle for each runtime, its rights, its first configuration.

It names no model component, and nothing under ``desired``: else a nucleus would restart it with every model
(architecture, section 3).
"""

from pathlib import PurePosixPath
from typing import Any

from cloud_publisher.recipes.access_control import agent_access_control
from shared_schema.config import Build, Component
from shared_schema.recipe import Artifact, Configuration, Lifecycle, Manifest, Platform, Step

LITE = "aws_nucleus_lite"
_INSTALL_TIMEOUT = 900
"""Seconds to unpack the wheels: opencv and onnxruntime on a slow card."""
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "aarch64", "armv7l": "arm", "i686": "x86"}
"""From pip's platform tags to Greengrass's names of architectures."""


def agent_manifests(component: Component, artifact: Artifact) -> list[Manifest]:
    """Two manifests: lite's with ``run``, then everybody else's with ``startup``, which their deployments wait for.

    Lite asks ``startup`` for a newer systemd than many devices have (greengrass-facts.md, "Recipes").
    """
    agent, build = component.agent, component.build
    if agent is None:
        raise ValueError(f"{component.component_name} is no agent")
    folder = f"{{artifacts:decompressedPath}}/{PurePosixPath(artifact.uri).stem}"
    python = "{work:path}/venv/bin/python" if build.wheels else agent.python
    script = f"exec {python} -u -m edge_agent run"
    shared: dict[str, Any] = {"set_env": {"PYTHONPATH": folder}}
    if build.wheels:
        shared["install"] = Step(script=_install_script(agent.python, folder), timeout=_INSTALL_TIMEOUT)
    architecture = architecture_of(build)
    startup = Step(script=script, timeout=agent.startup_timeout)
    return [
        Manifest(
            name="lite",
            platform=Platform(os="linux", architecture=architecture, runtime=LITE),
            lifecycle=Lifecycle(**shared, run=Step(script=script)),
            artifacts=[artifact],
        ),
        Manifest(
            name="classic",
            platform=Platform(os="linux", architecture=architecture),
            lifecycle=Lifecycle(**shared, startup=startup),
            artifacts=[artifact],
        ),
    ]


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


def architecture_of(build: Build) -> str | None:
    """The one architecture that the wheels are for; none when they fit several, or there are no wheels."""
    if not build.wheels:
        return None
    found = {
        name for platform in build.platforms for tag, name in _ARCHITECTURES.items() if platform.endswith(f"_{tag}")
    }
    unknown = any(not platform.endswith(tuple(f"_{tag}" for tag in _ARCHITECTURES)) for platform in build.platforms)
    return found.pop() if len(found) == 1 and not unknown else None


def _install_script(python: str, folder: str) -> str:
    # The environment is made anew at each installation: one that an older version left may hold other wheels.
    return (
        f"{python} -m venv --clear {{work:path}}/venv && "
        f"{{work:path}}/venv/bin/python -m pip install --disable-pip-version-check --no-index "
        f"--find-links {folder}/wheels -r {folder}/requirements.txt"
    )


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        inner = merged.get(key)
        merged[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged
