"""A component's states, what can be asked of it, and how long its steps may last (Lifecycle.java)."""

from enum import StrEnum


class State(StrEnum):
    """In Greengrass's words, as fleet status and IPC give them."""

    NEW = "NEW"
    INSTALLED = "INSTALLED"
    STARTING = "STARTING"
    RUNNING = "RUNNING"
    STOPPING = "STOPPING"
    ERRORED = "ERRORED"
    BROKEN = "BROKEN"
    FINISHED = "FINISHED"


WELL = frozenset({State.RUNNING, State.FINISHED})
"""What a deployment waits for."""
SUPPORTS_DEPENDENTS = frozenset({State.RUNNING, State.FINISHED, State.STOPPING})
"""A hard dependency in another state restarts its dependents (GreengrassService.java:528-541)."""


class LifecycleRequest(StrEnum):
    """What is asked of a component that is there."""

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
"""A bootstrap says with 100 that the nucleus, with 101 that the machine should start again (BootstrapManager.java)."""
