"""The states of a model's version, and which may follow which. Pure.

::

    PROPOSED ──► VETTING ──► READY ──► SERVING ──► RETIRED
        │           │          │          ▲           │
        │           │          │          └───────────┘  the way back to `previous`
        └───────────┴──────────┴──► REJECTED
"""

from dataclasses import dataclass, replace
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from edge_agent.errors import EdgeAgentError
from shared_schema.messages import Reason, Verdict


class ModelState(StrEnum):
    """The state of one version of a model."""

    PROPOSED = "PROPOSED"
    """The desired state names it. Its artifact may not be there yet."""
    VETTING = "VETTING"
    READY = "READY"
    """It passed its vetting, and is open and warm."""
    SERVING = "SERVING"
    RETIRED = "RETIRED"
    REJECTED = "REJECTED"


FOLLOWS: Final = MappingProxyType(
    {
        ModelState.PROPOSED: frozenset(
            {ModelState.VETTING, ModelState.SERVING, ModelState.RETIRED, ModelState.REJECTED}
        ),
        ModelState.VETTING: frozenset({ModelState.READY, ModelState.RETIRED, ModelState.REJECTED}),
        ModelState.READY: frozenset({ModelState.SERVING, ModelState.RETIRED, ModelState.REJECTED}),
        ModelState.SERVING: frozenset({ModelState.RETIRED}),
        ModelState.RETIRED: frozenset({ModelState.SERVING}),
        ModelState.REJECTED: frozenset[ModelState](),
    }
)
"""PROPOSED → SERVING: a new release names a model that serves already, or is still open as `previous`."""


class IllegalTransitionError(EdgeAgentError):
    """A state was to follow one that it cannot follow. This is a fault of the agent itself."""


@dataclass(frozen=True, slots=True)
class Target:
    """One version of one model, as a desired state names it."""

    model: str
    component: str
    version: str
    digest: str
    release: str


@dataclass(frozen=True, slots=True)
class ModelLife:
    """A target and its state, with ``verdict``, ``reason`` and ``words`` once there is a verdict."""

    target: Target
    state: ModelState = ModelState.PROPOSED
    verdict: Verdict | None = None
    reason: Reason | None = None
    words: str | None = None

    def to(self, state: ModelState) -> "ModelLife":
        """Return the same model in another state. Raises ``IllegalTransitionError``."""
        if state not in FOLLOWS[self.state]:
            raise IllegalTransitionError(
                f"{self.target.model} {self.target.version} cannot go from {self.state} to {state}; "
                "report it with the component's log"
            )
        return replace(self, state=state)

    def judged(self, verdict: Verdict, reason: Reason | None = None, words: str | None = None) -> "ModelLife":
        """Return the same model with a verdict."""
        return replace(self, verdict=verdict, reason=reason, words=words)

    @property
    def under_way(self) -> bool:
        """Whether something is still to happen with it."""
        return self.state in {ModelState.PROPOSED, ModelState.VETTING, ModelState.READY}
