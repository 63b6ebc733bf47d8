"""What the agent reports if it cannot read the desired state, or a newer version was not brought up."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from edge_agent.control.agent_status import StatusInputs, agent_status
from edge_agent.control.decisions import Applied
from edge_agent.control.failed_install import FailedInstall
from edge_agent.control.last_confirmed import LastConfirmed, as_confirmed
from edge_agent.serving.served_models import Handle, Served, Target
from shared_schema.desired_state import DesiredModel, DesiredState, UnknownForm
from shared_schema.messages import AgentState, Channel, ModelConfirmation, Reason, StateReason, Verdict
from shared_schema.settings import AgentSettings

ONE, TWO = "A" * 43, "B" * 42 + "A"


def said(model: str, digest: str, verdict: Verdict) -> ModelConfirmation:
    return ModelConfirmation(
        release="7", component=f"c.{model}", version="2.0.0", digest=digest, verdict=verdict, reason=Reason.LOAD
    )


def test_what_is_kept_is_what_serves_with_holds_as_they_are_desired(tmp_path: Path) -> None:
    desired = {
        name: DesiredModel(component=f"c.{name}", version="2.0.0", digest=TWO) for name in ("good", "bad", "held")
    }
    applied = Applied(
        DesiredState(release="7", models=desired, settings={"health": {"interval": "5"}}), Channel.SUBSCRIBED
    )
    serving = {
        "good": Served(Target("good", "c.good", "2.0.0", TWO, "7"), Handle(None)),  # type: ignore[arg-type]
        "bad": Served(Target("bad", "c.bad", "1.0.0", ONE, "6"), Handle(None)),  # type: ignore[arg-type]
        "held": Served(Target("held", "c.held", "1.0.0", ONE, "6"), Handle(None)),  # type: ignore[arg-type]
    }
    confirmations = {
        "good": said("good", TWO, Verdict.CONFIRMED),
        "bad": said("bad", TWO, Verdict.REJECTED),
        "held": said("held", TWO, Verdict.HELD),
    }
    state = as_confirmed(applied, serving, confirmations)
    assert state is not None
    assert {name: model.digest for name, model in state.models.items()} == {"good": TWO, "bad": ONE, "held": TWO}
    del serving["good"]
    assert as_confirmed(applied, serving, confirmations) is None, "it never served so"

    last_confirmed = LastConfirmed(tmp_path / "state" / "last-confirmed.json")
    assert last_confirmed.recall() is None
    last_confirmed.keep(state)
    assert LastConfirmed(tmp_path / "state" / "last-confirmed.json").recall() == state
    (tmp_path / "state" / "last-confirmed.json").write_text('{"half')
    assert LastConfirmed(tmp_path / "state" / "last-confirmed.json").recall() is None


@pytest.mark.parametrize(
    ("unknown", "note", "reason", "first"),
    [
        (UnknownForm("3", "8"), None, StateReason.FORM, "the desired state of release 8 has form 3, and this agent"),
        (UnknownForm("3", "8"), "agent 1.2.0 was not", StateReason.INSTALL, "agent 1.2.0 was not"),
        (None, "agent 1.2.0 was not", StateReason.INSTALL, "agent 1.2.0 was not"),
        (None, None, None, None),
    ],
)
def test_the_state_says_why_for_programs_and_for_people(
    unknown: UnknownForm | None, note: str | None, reason: StateReason | None, first: str | None
) -> None:
    reconciler: Any = SimpleNamespace(applied=None, desired=[], refused={}, under_way=False, confirmations={})
    inputs = StatusInputs(
        waiting=False,
        settings=AgentSettings(),
        settings_wrong=None,
        channels=(),
        dropped=0,
        last_error=None,
        unknown=unknown,
        not_installed=note,
    )
    now = agent_status(reconciler, {}, inputs, lambda _: None)
    assert now.state == ("IDLE" if reason is None else "DEGRADED")
    assert now.reason is reason
    assert now.why is None if first is None else (now.why or "").startswith(first)


def test_a_note_is_looked_at_now_and_then(tmp_path: Path) -> None:
    now = [0.0]
    failed = FailedInstall(tmp_path, lambda: now[0])
    assert failed.words() is None
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "install.json").write_text('{"version": "1.2.0", "words": "no wheel", "more": 1}')
    assert failed.words() is None
    now[0] = 5.0
    assert failed.words() == "agent 1.2.0 could not be brought up: no wheel"
    (tmp_path / "state" / "install.json").write_text("[]")
    now[0] = 10.0
    assert failed.words() == "a newer version of the agent could not be brought up; see the component's log"
    (tmp_path / "state" / "install.json").unlink()
    now[0] = 15.0
    assert failed.words() is None


def test_a_refused_model_degrades_the_agent_and_is_named_with_its_reason() -> None:
    applied = Applied(
        DesiredState(release="7", models={"bad": DesiredModel(component="c.bad", version="2.0.0", digest=TWO)}),
        Channel.SUBSCRIBED,
    )
    refusal = said("bad", TWO, Verdict.REJECTED).model_copy(update={"words": "it does not load"})
    reconciler: Any = SimpleNamespace(
        applied=applied, desired=["bad"], refused={"bad": refusal}, under_way=False, confirmations={"bad": refusal}
    )
    serving = {"bad": Served(Target("bad", "c.bad", "1.0.0", ONE, "6"), Handle(None))}  # type: ignore[arg-type]
    inputs = StatusInputs(
        waiting=False, settings=AgentSettings(), settings_wrong=None, channels=(), dropped=0, last_error=None
    )
    now = agent_status(reconciler, serving, inputs, lambda _: "bad")
    assert now.state is AgentState.DEGRADED
    assert now.why == "bad 2.0.0 was refused (load): it does not load"
