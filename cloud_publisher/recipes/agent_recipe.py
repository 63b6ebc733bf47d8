"""What the agent's recipe says beyond its config: a lifecycle for each runtime, its rights, its first configuration.

It names no model component, and nothing under ``desired``: else a nucleus would restart it with every model
(architecture, section 3).
"""

from pathlib import PurePosixPath
from typing import Any

from cloud_publisher.recipes.access_control import agent_access_control
from cloud_publisher.recipes.architectures import architectures_of
from shared_schema.config import Component
from shared_schema.recipe import Artifact, Configuration, Lifecycle, Manifest, Platform, Step

LITE = "aws_nucleus_lite"
_INSTALL_TIMEOUT = 900
"""Seconds to unpack the wheels: opencv and onnxruntime on a slow card."""


def agent_manifests(component: Component, artifact: Artifact) -> list[Manifest]:
    """For each architecture two manifests: lite's with ``run``, and one with ``startup``, which deployments wait for.

    Lite asks ``startup`` for a newer systemd than many devices have (greengrass-facts.md, "Recipes"). Where there are
    several architectures, each has an artifact of its own, named for it.
    """
    architectures = architectures_of(component.build)
    manifests = []
    for runtime in (LITE, None):
        for architecture in architectures:
            own = artifact if len(architectures) == 1 or architecture is None else _named_for(artifact, architecture)
            manifests.append(_manifest(component, own, runtime, architecture, alone=len(architectures) == 1))
    return manifests


def _named_for(artifact: Artifact, architecture: str) -> Artifact:
    stem, dot, suffix = artifact.uri.rpartition(".")
    return artifact.model_copy(update={"uri": f"{stem}-{architecture}{dot}{suffix}"})


def _manifest(
    component: Component, artifact: Artifact, runtime: str | None, architecture: str | None, *, alone: bool
) -> Manifest:
    agent, build = component.agent, component.build
    if agent is None:
        raise ValueError(f"{component.component_name} is no agent")
    folder = f"{{artifacts:decompressedPath}}/{PurePosixPath(artifact.uri).stem}"
    python = "{work:path}/venv/bin/python" if build.wheels else agent.python
    # In the script, since sudo, by which classic runs another user's step, takes PYTHONPATH out of Setenv's names
    # (aws-greengrass-nucleus, util/platforms/unix/UnixPlatform.java; greengrass-facts.md, "Another user").
    script = f'exec env PYTHONPATH="{folder}" {python} -u -m edge_agent run'
    steps: dict[str, Any] = {}
    if build.wheels:
        steps["install"] = Step(script=_install_script(agent.python, folder), timeout=_INSTALL_TIMEOUT)
    if runtime == LITE:
        steps["run"] = Step(script=script)
    else:
        steps["startup"] = Step(script=script, timeout=agent.startup_timeout)
    name = "lite" if runtime == LITE else "classic"
    return Manifest(
        name=name if alone else f"{name}-{architecture or 'other'}",
        platform=Platform(os="linux", architecture=architecture, runtime=runtime),
        lifecycle=Lifecycle(**steps),
        artifacts=[artifact],
    )


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


def _install_script(python: str, folder: str) -> str:
    """Makes the environment, unless it is there, whole and made from this very artifact.

    A nucleus may run it again for a version that it has. The mark is written last, after all else is on the disk:
    whatever interrupts it, the next run makes the environment anew. No braces, in which lite looks for variables.
    """
    venv, mark = "{work:path}/venv", "{work:path}/venv/made-from"
    return (
        f"{_asks_for_venv(python)}; "
        f'if [ "$(cat {mark} 2>/dev/null)" != "{folder}" ] || ! {venv}/bin/python -c ""; then '
        f"{python} -m venv --clear {venv} && "
        f"{venv}/bin/python -m pip install --disable-pip-version-check --no-input --no-index "
        f"--find-links {folder}/wheels -r {folder}/requirements.txt && "
        f'sync && echo "{folder}" > {mark}; fi'
    )


def _asks_for_venv(python: str) -> str:
    """Says what the device lacks before ``venv`` does, whose own words name a package of the build machine's Python."""
    return (
        f'if ! {python} -c "import ensurepip, venv"; then echo "{python} cannot make a virtual environment on this '
        'device: install the package python3-venv (apt install python3-venv), then deploy again" >&2; exit 1; fi'
    )


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        inner = merged.get(key)
        merged[key] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged
