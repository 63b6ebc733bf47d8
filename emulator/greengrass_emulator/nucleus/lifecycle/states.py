"""A component's states, the requests to it, and its steps' time-outs (Lifecycle.java)."""

from enum import StrEnum


class State(StrEnum):
    """Greengrass's names, as in fleet status and IPC."""

    NEW = "NEW"
    INSTALLED = "INSTALLED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    ERRORED = "ERRORED"
    BROKEN = "BROKEN"
    FINISHED = "FINISHED"


WELL = frozenset({State.RUNNING, State.FINISHED})
"""The states that a deployment waits for."""
SUPPORTS_DEPENDENTS = frozenset({State.RUNNING, State.FINISHED, State.STOPPING})
"""A hard dependency in another state restarts its dependents (GreengrassService.java:528-541)."""


class LifecycleRequest(StrEnum):
    """A request to an existing component."""

    RESTART = "RESTART"
    REINSTALL = "REINSTALL"
    HALT = "HALT"
    CLOSE = "CLOSE"


DEFAULT_TIMEOUTS: dict[str, float | None] = {
    "bootstrap": 120.0,
    "install": 120.0,
    "startup": 120.0,
    "run": None,
    "shutdown": 15.0,
    "recover": 60.0,
    "uninstall": 60.0,
}
"""Seconds, by step (AWS's component recipe reference)."""

BOOTSTRAP_SUCCESSES = frozenset({0, 100, 101})
"""Exit code 100 of a bootstrap restarts the nucleus, 101 the machine (BootstrapManager.java)."""
