"""Tells the nucleus once that the component runs: when the first model serves, or there is none to serve.

A failed start ends the process instead, if the nucleus then rolls back (docs/architecture.md, "The ways back").
"""

import logging
from typing import Protocol

from edge_agent.component_environment import AGENT_VERSION
from edge_agent.control.reading import Reading
from edge_agent.control.reconciler import Reconciler
from edge_agent.control.subscriptions import Subscriptions
from edge_agent.errors import NucleusError
from edge_agent.memory import Memory
from edge_agent.snapshot import Snapshot
from shared_schema.messages import AgentState

logger = logging.getLogger(__name__)


class RunningLink(Protocol):
    """The part of `NucleusLink` that is used here."""

    @property
    def connected(self) -> bool: ...
    def running(self) -> None: ...


class Running:
    """Used by the control thread only."""

    def __init__(
        self, link: RunningLink, subscriptions: Subscriptions, reading: Reading, reconciler: Reconciler, memory: Memory
    ) -> None:
        self._link = link
        self._subscriptions = subscriptions
        self._reading = reading
        self._reconciler = reconciler
        self._memory = memory
        self._said = False
        self.rolls_back = False
        """Whether this nucleus ever offered validation, and so rolls back. Only classic does."""

    def channels_known(self) -> None:
        """The channels are known: decide whether a cached model may serve in place of the desired one."""
        self.rolls_back = self.rolls_back or self._subscriptions.validated
        self._reconciler.fallbacks.allowed = (
            self._said or not self._subscriptions.validated or self._memory.has_confirmed(AGENT_VERSION)
        )

    def say(self, now: Snapshot, at: float) -> bool:
        """Report RUNNING if it is time. Return ``False`` if the start has failed and the process is to end.

        ``at``: the monotonic clock.
        """
        if self._said:
            self._remember(now)
        if self._said or not self._link.connected:
            return True
        if now.state is AgentState.ERRORED and self._subscriptions.validated:
            logger.error("nothing can serve: ending, so that the nucleus rolls back", extra={"why": now.why or ""})
            return False
        if now.state is AgentState.STARTING and not self._reading.torn_too_long(at):
            return True
        try:
            self._link.running()
        except NucleusError as error:
            logger.warning("running not reported", extra={"error": str(error)})
            return True
        self._said = self._reconciler.fallbacks.allowed = True
        self._memory.runs(AGENT_VERSION)
        self._remember(now)
        logger.info("running", extra={"state": now.state})
        return True

    def _remember(self, now: Snapshot) -> None:
        """Count an agent with no model to serve as confirmed: it can do no more than run."""
        if now.state is AgentState.IDLE:
            self._memory.confirmed(AGENT_VERSION)
