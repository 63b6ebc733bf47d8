"""Which desired state to apply, and what to do for it. Pure: documents in, actions out."""

from collections.abc import Mapping
from dataclasses import dataclass

from edge_agent.serving.served_models import Target
from shared_schema.desired_state import DesiredState, NotWhole, UnknownForm, higher_release, read_desired_state
from shared_schema.messages import Channel


@dataclass(frozen=True, slots=True)
class Applied:
    """The desired state that is applied, and the channel that it came on.

    ``channel`` is ``None`` for the last confirmed document, which is applied at a start that finds no readable one.
    """

    state: DesiredState
    channel: Channel | None

    def target(self, model: str) -> Target:
        """Return the version that the document names for a model. Raises ``KeyError``."""
        desired = self.state.models[model]
        return Target(model, desired.component, desired.version, desired.digest, self.state.release)


def choose(own: object, subscribed: object) -> Applied | UnknownForm | NotWhole:
    """Return the whole document with the higher release of the two channels' (docs/architecture.md, "Two channels").

    ``own`` stands on the validated channel, ``subscribed`` on the subscribed one.
    """
    from_own, from_subscribed = read_desired_state(own), read_desired_state(subscribed)
    chosen = higher_release(from_own, from_subscribed)
    if isinstance(chosen, NotWhole):
        # One channel is empty, and the document on the other is not whole: report that.
        return from_subscribed if not own and isinstance(from_subscribed, NotWhole) else chosen
    if isinstance(chosen, UnknownForm):
        return chosen
    return Applied(chosen, Channel.VALIDATED if chosen is from_own else Channel.SUBSCRIBED)


@dataclass(frozen=True, slots=True)
class Load:
    """Vet the model, open it and swap it in."""

    target: Target


@dataclass(frozen=True, slots=True)
class Confirm:
    """Confirm a model that serves already: only the release is new."""

    target: Target


@dataclass(frozen=True, slots=True)
class Return:
    """Exchange the current model and `previous`, which is still open and warm."""

    target: Target


@dataclass(frozen=True, slots=True)
class Hold:
    """Do not serve a model whose digest an operator holds; report it as held."""

    target: Target


@dataclass(frozen=True, slots=True)
class EndHold:
    """End an operator's hold: the desired state names another digest than the held one."""

    model: str


@dataclass(frozen=True, slots=True)
class Withdraw:
    """Stop serving a model that the desired state no longer names."""

    model: str


Action = Load | Confirm | Return | Hold | EndHold | Withdraw


def plan(
    applied: Applied, current: Mapping[str, str], previous: Mapping[str, str], held: Mapping[str, str]
) -> tuple[Action, ...]:
    """Return the actions that apply the document.

    ``current``, ``previous`` and ``held`` are digests by model name: what serves, what served before and is still open,
    and what an operator put aside.
    """
    actions: list[Action] = [Withdraw(model) for model in sorted(current) if model not in applied.state.models]
    # A document without the model ends its hold too.
    actions += [EndHold(model) for model in sorted(held) if model not in applied.state.models]
    for model in sorted(applied.state.models):
        target = applied.target(model)
        held_digest = held.get(model)
        if held_digest == target.digest:
            actions.append(Hold(target))
            continue
        if held_digest is not None:
            actions.append(EndHold(model))
        if current.get(model) == target.digest:
            actions.append(Confirm(target))
        elif previous.get(model) == target.digest:
            actions.append(Return(target))
        else:
            actions.append(Load(target))
    return tuple(actions)
