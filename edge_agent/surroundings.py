"""Where the agent finds itself: its component, its folders and its thing, as the nucleus tells by environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge_agent.errors import WrongUseError
from shared_schema.desired_state import desired_component_name


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``root`` is the nucleus's root folder, ``work`` the agent's own working folder."""

    component: str
    thing: str
    root: Path
    work: Path

    @property
    def desired_component(self) -> str:
        """The component that carries the desired state at the followed door."""
        return desired_component_name(self.component)


def surroundings(environment: Mapping[str, str] = os.environ, folder: Path | None = None) -> Surroundings:
    """Read them from the recipe's ``Setenv``, with the working folder ``<root>/work/<component>`` as the fall-back.

    Raises ``WrongUseError`` where there is no nucleus around.
    """
    missing = [
        name
        for name in ("AWS_IOT_THING_NAME", "SVCUID", "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT")
        if not environment.get(name)
    ]
    if missing and "SUDO_COMMAND" in environment:
        # Classic runs another user's steps by `sudo -E` (aws-greengrass-nucleus, UnixPlatform.java), which passes the
        # nucleus's variables on; sudo-rs, Ubuntu's from 25.10 on, does not (its issue #1799).
        raise WrongUseError(
            f"sudo has not passed on {', '.join(missing)}, as sudo-rs never does: on Ubuntu 25.10 and newer choose the "
            "other sudo (update-alternatives --set sudo /usr/bin/sudo.ws), elsewhere allow SETENV in sudoers, "
            "or let runWithDefault name the nucleus's own user"
        )
    if missing:
        raise WrongUseError(
            f"the environment has no {', '.join(missing)}: `edge-agent run` is started by a Greengrass nucleus; "
            "deploy the component, or use `edge-agent check` on a laptop"
        )
    work = Path(environment.get("MLOPS_WORK") or folder or Path.cwd())
    # An unknown variable is left as it stands by classic.
    if "{" in str(work):
        work = folder or Path.cwd()
    root = environment.get("MLOPS_ROOT", "")
    component = environment.get("MLOPS_COMPONENT", "")
    return Surroundings(
        component=component if component and "{" not in component else work.name,
        thing=environment["AWS_IOT_THING_NAME"],
        root=Path(root) if root and "{" not in root else work.parent.parent,
        work=work,
    )
