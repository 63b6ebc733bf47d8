"""How the agent is, at one moment: its state, and in words for people why all is not as desired."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge_agent.control.decisions import Door, agent_state
from edge_agent.control.obedience import Obedience
from edge_agent.reporting.reporter import Snapshot
from edge_agent.serving.lifecycle import ModelState
from edge_agent.serving.slots import Served
from shared_schema.desired_state import FORMS, UnknownForm
from shared_schema.messages import AgentState, StateReason
from shared_schema.settings import AgentSettings, Source

_LONGEST = 600
"""Characters of `why`: health and shadow must stay under what a message carries."""


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What the condition depends on beside the obeyed document and its models.

    ``waiting``: no whole document yet, though one is being written, or nothing could be read so far.
    """

    waiting: bool
    settings: AgentSettings
    settings_wrong: str | None
    doors: tuple[Door, ...]
    dropped: int
    last_error: str | None
    around: tuple[str, ...] = ()
    """In words, what is wrong around the agent just now: sources, sinks, disk, clock."""
    hung: str | None = None
    """In words, which frame hangs in a model: the process is about to end."""
    unknown: UnknownForm | None = None
    """The present desired state, where it has a form that this agent does not read."""
    not_installed: str | None = None
    """In words, which newer version of the agent could not be brought up."""


def condition(
    obedience: Obedience,
    serving: Mapping[str, Served],
    around: Circumstances,
    model_of: Callable[[Source], str | None],
) -> Snapshot:
    """The snapshot that health and shadow tell. ``model_of`` says which model looks at a source's frames."""
    obeyed = obedience.obeyed
    troubles = _troubles(obedience, around, model_of)
    # The first is the cause of the others, if one is.
    for words in (_form(around.unknown), around.not_installed, around.hung):
        if words is not None:
            troubles.insert(0, words)
    reason = StateReason.INSTALL if around.not_installed else StateReason.FORM if around.unknown else None
    state = agent_state(
        waiting=obeyed is None and around.waiting,
        desired=frozenset(obeyed.state.models) if obeyed is not None else frozenset[str](),
        serving=frozenset(serving),
        under_way=obedience.under_way,
        troubles=bool(troubles),
    )
    return Snapshot(
        state=AgentState.ERRORED if around.hung is not None else state,
        why="; ".join(troubles)[:_LONGEST] or None,
        release=obeyed.state.release if obeyed is not None else None,
        serving=serving,
        confirmations=dict(obedience.confirmations),
        doors=around.doors,
        dropped=around.dropped,
        last_error=around.last_error,
        reason=reason if state is AgentState.DEGRADED else None,
    )


def _form(unknown: UnknownForm | None) -> str | None:
    if unknown is None:
        return None
    return (
        f"the desired state of release {unknown.release} has form {unknown.form}, and this agent reads "
        f"{', '.join(FORMS)}: deploy an agent that reads it"
    )


def _troubles(obedience: Obedience, around: Circumstances, model_of: Callable[[Source], str | None]) -> list[str]:
    troubles = [
        f"{name} {life.target.version} was refused ({life.reason}): {life.words}"
        for name, life in sorted(obedience.lives.items())
        if life.state is ModelState.REJECTED
    ]
    if around.settings_wrong is not None:
        troubles.append(around.settings_wrong)
    troubles += around.around
    desired = sorted(obedience.obeyed.state.models) if obedience.obeyed is not None else []
    if desired:
        troubles += [
            f"the source {name} names no model of the desired state; set its model: {', '.join(desired)}"
            for name, source in around.settings.sources.items()
            if model_of(source) not in desired
        ]
    return troubles
