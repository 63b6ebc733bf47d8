"""What the nucleus gives the agent in environment variables: its component's name and version, its folders, its thing.

The program that brings the agent up adds the version, which a release names. Verdicts hold for one version only.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from edge_agent.bringing_up.standing import VERSION_VARIABLE
from edge_agent.errors import WrongUseError
from shared_schema.desired_state import desired_component_name
from shared_schema.version import VERSION


@dataclass(frozen=True, slots=True)
class ComponentEnvironment:
    """``thing`` is the device's name, ``root`` the nucleus's root folder, ``work`` the agent's working folder."""

    component: str
    thing: str
    root: Path
    work: Path

    @property
    def desired_component(self) -> str:
        """The component whose configuration carries the desired state on the subscribed channel."""
        return desired_component_name(self.component)


def component_environment(
    variables: Mapping[str, str] = os.environ, folder: Path | None = None
) -> ComponentEnvironment:
    """Read the component's environment: the recipe's ``Setenv``, else the working folder ``<root>/work/<component>``.

    Raises ``WrongUseError`` if no nucleus has started this process.
    """
    missing = [
        name
        for name in ("AWS_IOT_THING_NAME", "SVCUID", "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT")
        if not variables.get(name)
    ]
    if missing and "SUDO_COMMAND" in variables:
        # Classic runs another user's steps by `sudo -E` (aws-greengrass-nucleus, UnixPlatform.java), which passes the
        # nucleus's variables on; sudo-rs, Ubuntu's from 25.10 on, does not (its issue #1799).
        raise WrongUseError(
            f"sudo has not passed on {', '.join(missing)}, as sudo-rs never does",
            "on Ubuntu 25.10 and newer choose the other sudo (update-alternatives --set sudo /usr/bin/sudo.ws), "
            "elsewhere allow SETENV in sudoers, or let runWithDefault name the nucleus's own user",
        )
    if missing:
        raise WrongUseError(
            f"the environment has no {', '.join(missing)}: `edge-agent run` is started by a Greengrass nucleus",
            "deploy the component, or use `edge-agent check` on a laptop",
        )
    work = Path(variables.get("MLOPS_WORK") or folder or Path.cwd())
    # Classic leaves a recipe variable that it does not know as it is.
    if "{" in str(work):
        work = folder or Path.cwd()
    root = variables.get("MLOPS_ROOT", "")
    component = variables.get("MLOPS_COMPONENT", "")
    return ComponentEnvironment(
        component=component if component and "{" not in component else work.name,
        thing=variables["AWS_IOT_THING_NAME"],
        root=Path(root) if root and "{" not in root else work.parent.parent,
        work=work,
    )


def agent_version(environment: Mapping[str, str] = os.environ) -> str:
    """Return the component's version; the package's if the agent was started by hand, as on a laptop."""
    return environment.get(VERSION_VARIABLE) or VERSION


AGENT_VERSION: Final = agent_version()
