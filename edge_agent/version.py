"""Which version of the agent this is: verdicts hold for one agent version, and health names it.

A device's agent is called by its component's version, which is what a release names: the program that brings it up says
so in its environment, on both nuclei. One that was begun by hand, as on a laptop, goes by the package's.
"""

import os
from collections.abc import Mapping
from typing import Final

from edge_agent.bringing_up.standing import VERSION_VARIABLE

PACKAGE_VERSION: Final = "0.1.0"


def agent_version(environment: Mapping[str, str] = os.environ) -> str:
    """The component's version where a nucleus has started the agent, else the package's."""
    return environment.get(VERSION_VARIABLE) or PACKAGE_VERSION


AGENT_VERSION: Final = agent_version()
