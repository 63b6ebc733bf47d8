"""Which document to obey, and what it asks for. Pure: documents in, actions out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from edge_agent.serving.lifecycle import Target
from shared_schema.desired_state import DesiredState, NotWhole, UnknownForm, higher_release, read_desired_state
from shared_schema.messages import AgentState

Door = Literal["validated", "subscribed"]


@dataclass(frozen=True, slots=True)
class Obeyed:
    """The document that is obeyed, and the door that it came by: none when it is the kept one of a start at which the
    present one is not understood."""

    state: DesiredState
    door: Door | None

    def target(self, model: str) -> Target:
        """What it names for a model. Raises ``KeyError``."""
        desired = self.state.models[model]
        return Target(model, desired.component, desired.version, desired.digest, self.state.release)


def choose(own: object, followed: object) -> Obeyed | UnknownForm | NotWhole:
    """Of what stands at the two doors, the whole document with the higher release (architecture, section 3)."""
    at_own, at_followed = read_desired_state(own), read_desired_state(followed)
    chosen = higher_release(at_own, at_followed)
    if isinstance(chosen, NotWhole):
        # Absent at one door and torn at the other: the torn one is the news.
        return at_followed if not own and isinstance(at_followed, NotWhole) else chosen
    if isinstance(chosen, UnknownForm):
        return chosen
    return Obeyed(chosen, "validated" if chosen is at_own else "subscribed")


@dataclass(frozen=True, slots=True)
class Bring:
    """Vet, open and swap in; it does not serve yet."""

    target: Target


@dataclass(frozen=True, slots=True)
class Confirm:
    """It serves already; the new release only names it."""

    target: Target


@dataclass(frozen=True, slots=True)
class Return:
    """It is `previous`, open and warm: exchange the two."""

    target: Target


@dataclass(frozen=True, slots=True)
class Hold:
    """An operator's mark is on this digest: accepted, and not served."""

    target: Target


@dataclass(frozen=True, slots=True)
class Unmark:
    """The desired state names another digest than the held one: the mark ends."""

    model: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """The desired state does not name this model any more."""

    model: str


Action = Bring | Confirm | Return | Hold | Unmark | Withdraw


def plan(
    obeyed: Obeyed, current: Mapping[str, str], previous: Mapping[str, str], held: Mapping[str, str]
) -> tuple[Action, ...]:
    """What to do so that the document is obeyed; digests by model name for what serves, served before, is held."""
    actions: list[Action] = [Withdraw(model) for model in sorted(current) if model not in obeyed.state.models]
    # A mark outlives a model's absence only until the document is without it.
    actions += [Unmark(model) for model in sorted(held) if model not in obeyed.state.models]
    for model in sorted(obeyed.state.models):
        target = obeyed.target(model)
        mark = held.get(model)
        if mark == target.digest:
            actions.append(Hold(target))
            continue
        if mark is not None:
            actions.append(Unmark(model))
        if current.get(model) == target.digest:
            actions.append(Confirm(target))
        elif previous.get(model) == target.digest:
            actions.append(Return(target))
        else:
            actions.append(Bring(target))
    return tuple(actions)


def agent_state(
    *, waiting: bool, desired: frozenset[str], serving: frozenset[str], under_way: bool, troubles: bool
) -> AgentState:
    """What the agent says of itself. ``waiting``: no whole document yet, though one is being written."""
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
