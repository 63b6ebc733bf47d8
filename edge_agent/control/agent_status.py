"""Compute the agent's state at one moment, and the reasons for it in words for people."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from edge_agent.control.reconciler import Reconciler
from edge_agent.serving.served_models import Served
from edge_agent.snapshot import Snapshot, agent_state
from shared_schema.desired_state import FORMS, UnknownForm
from shared_schema.messages import AgentState, Channel, StateReason
from shared_schema.settings import AgentSettings, Source

_LONGEST = 600
"""Characters of `why`: health and shadow must stay under what a message carries."""


@dataclass(frozen=True, slots=True)
class StatusInputs:
    """What the status depends on, beside the applied document and its models.

    ``waiting``: no whole document was read so far, or one is being written.
    """

    waiting: bool
    settings: AgentSettings
    settings_wrong: str | None
    channels: tuple[Channel, ...]
    dropped: int
    last_error: str | None
    troubles: tuple[str, ...] = ()
    """In words, what is wrong just now with sources, sinks, local topics, disk and clock."""
    hung: str | None = None
    """In words, which frame hangs in a model. The process is about to end."""
    unknown: UnknownForm | None = None
    """The present desired state, if it has a form that this agent does not read."""
    not_installed: str | None = None
    """In words, which newer version of the agent could not be brought up."""
    jail: tuple[str, ...] | None = None
    """Which parts of the jail held in the last worker."""


def agent_status(
    reconciler: Reconciler,
    serving: Mapping[str, Served],
    inputs: StatusInputs,
    model_of: Callable[[Source], str | None],
) -> Snapshot:
    """Return the snapshot that health and shadow report. ``model_of`` names the model for a source's frames."""
    applied = reconciler.applied
    troubles = _troubles(reconciler, inputs, model_of)
    # The cause of the others comes first.
    for words in (_form(inputs.unknown), inputs.not_installed, inputs.hung):
        if words is not None:
            troubles.insert(0, words)
    reason = StateReason.INSTALL if inputs.not_installed else StateReason.FORM if inputs.unknown else None
    state = agent_state(
        waiting=applied is None and inputs.waiting,
        desired=frozenset(reconciler.desired),
        serving=frozenset(serving),
        under_way=reconciler.under_way,
        troubles=bool(troubles),
    )
    return Snapshot(
        state=AgentState.ERRORED if inputs.hung is not None else state,
        why="; ".join(troubles)[:_LONGEST] or None,
        release=applied.state.release if applied is not None else None,
        serving=serving,
        confirmations=dict(reconciler.confirmations),
        channels=inputs.channels,
        dropped=inputs.dropped,
        last_error=inputs.last_error,
        reason=reason if state is AgentState.DEGRADED else None,
        jail=inputs.jail,
    )


def _form(unknown: UnknownForm | None) -> str | None:
    if unknown is None:
        return None
    return (
        f"the desired state of release {unknown.release} has form {unknown.form}, and this agent reads "
        f"{', '.join(FORMS)}: deploy an agent that reads it"
    )


def _troubles(reconciler: Reconciler, inputs: StatusInputs, model_of: Callable[[Source], str | None]) -> list[str]:
    troubles = [
        f"{name} {refusal.version} was refused ({refusal.reason}): {refusal.words}"
        for name, refusal in sorted(reconciler.refused.items())
    ]
    if inputs.settings_wrong is not None:
        troubles.append(inputs.settings_wrong)
    troubles += inputs.troubles
    desired = sorted(reconciler.desired)
    if desired:
        troubles += [
            f"the source {name} names no model of the desired state; set its model: {', '.join(desired)}"
            for name, source in inputs.settings.sources.items()
            if model_of(source) not in desired
        ]
    return troubles
