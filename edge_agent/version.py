"""The agent's version: verdicts hold for one agent version, and health names it.

On a device it is the component's version, which a release names. The program that brings the agent up puts it into the
environment. An agent that was started by hand, as on a laptop, has the package's version.
"""

import os
from collections.abc import Mapping
from typing import Final

from edge_agent.bringing_up.standing import VERSION_VARIABLE
from shared_schema.version import VERSION


def agent_version(environment: Mapping[str, str] = os.environ) -> str:
    """Return the component's version if a nucleus has started the agent, else the package's."""
    return environment.get(VERSION_VARIABLE) or VERSION


AGENT_VERSION: Final = agent_version()
