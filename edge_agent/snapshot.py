"""The agent at one moment: what control decides by, and what health and shadow report. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.serving.served_models import Served
from shared_schema.messages import AgentState, Channel, ModelConfirmation, StateReason


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The agent at one moment, as its messages report it."""

    state: AgentState
    why: str | None
    release: str | None
    serving: Mapping[str, Served]
    confirmations: Mapping[str, ModelConfirmation]
    channels: tuple[Channel, ...]
    dropped: int = 0
    last_error: str | None = None
    reason: StateReason | None = None
    jail: tuple[str, ...] | None = None

    def differs(self, other: "Snapshot | None") -> bool:
        """Return whether the difference must be reported at once."""
        return other is None or self._told() != other._told()

    def _told(self) -> tuple[object, ...]:
        served = {name: each.target for name, each in self.serving.items()}
        return self.state, self.reason, self.why, self.release, served, dict(self.confirmations), self.channels


def agent_state(
    *, waiting: bool, desired: frozenset[str], serving: frozenset[str], under_way: bool, troubles: bool
) -> AgentState:
    """Return the state that the agent reports.

    ``waiting``: no whole document was read so far, or one is being written.
    """
    if waiting and not serving:
        return AgentState.STARTING
    missing = desired - serving
    if missing and under_way:
        return AgentState.STARTING if not serving else AgentState.SERVING
    if missing and not serving:
        return AgentState.ERRORED
    if missing or troubles:
        return AgentState.DEGRADED
    return AgentState.SERVING if desired else AgentState.IDLE
