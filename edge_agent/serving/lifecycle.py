"""The states that a model's version goes through, and which may follow which. Pure.

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
    """Where a version of a model is on its way."""

    PROPOSED = "PROPOSED"
    """Named by the desired state; its artifact may not be there yet."""
    VETTING = "VETTING"
    READY = "READY"
    """It passed, and is being opened and warmed up."""
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
"""PROPOSED → SERVING: what serves already, or still waits warm as `previous`, is named by a new release."""


class IllegalTransitionError(EdgeAgentError):
    """A state was to follow one that it cannot follow: a fault of the agent's own."""


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
    """A target and where it is; ``verdict``, ``reason`` and ``words`` once there is one."""

    target: Target
    state: ModelState = ModelState.PROPOSED
    verdict: Verdict | None = None
    reason: Reason | None = None
    words: str | None = None

    def to(self, state: ModelState) -> "ModelLife":
        """The same model one state further. Raises ``IllegalTransitionError``."""
        if state not in FOLLOWS[self.state]:
            raise IllegalTransitionError(
                f"{self.target.model} {self.target.version} cannot go from {self.state} to {state}; "
                "report it with the component's log"
            )
        return replace(self, state=state)

    def judged(self, verdict: Verdict, reason: Reason | None = None, words: str | None = None) -> "ModelLife":
        """The same with a verdict."""
        return replace(self, verdict=verdict, reason=reason, words=words)

    @property
    def under_way(self) -> bool:
        """Whether something is still to happen with it."""
        return self.state in {ModelState.PROPOSED, ModelState.VETTING, ModelState.READY}
