"""Which desired state is applied, and which actions it asks for."""

from typing import Any

import pytest

from edge_agent.control.decisions import Applied, Confirm, EndHold, Hold, Load, Return, Withdraw, choose, plan
from edge_agent.snapshot import agent_state
from shared_schema.desired_state import DesiredModel, DesiredState, NotWhole
from shared_schema.messages import AgentState, Channel

OLD, NEW = "A" * 43, "Q" * 43


def state(release: int, **digests: str) -> DesiredState:
    models = {
        name: DesiredModel(component=f"com.example.{name}", version="1.0.0", digest=digest)
        for name, digest in digests.items()
    }
    return DesiredState(release=str(release), models=models)


def document(release: int, **digests: str) -> dict[str, Any]:
    return state(release, **digests).sealed()


def applied(**digests: str) -> Applied:
    return Applied(state(7, **digests), Channel.VALIDATED)


def test_the_higher_release_is_applied_whichever_channel_it_is_on() -> None:
    from_own = choose(document(8, digits=NEW), document(7, digits=OLD))
    from_subscribed = choose(document(7, digits=OLD), document(8, digits=NEW))
    assert isinstance(from_own, Applied)
    assert isinstance(from_subscribed, Applied)
    assert (from_own.channel, from_own.state.release) == (Channel.VALIDATED, "8")
    assert (from_subscribed.channel, from_subscribed.state.release) == (Channel.SUBSCRIBED, "8")


def test_releases_are_compared_as_numbers() -> None:
    chosen = choose(document(999), document(1000))
    assert isinstance(chosen, Applied)
    assert chosen.state.release == "1000"


def test_a_torn_document_does_not_hide_a_whole_one_on_the_other_channel() -> None:
    torn = document(9, digits=NEW)
    torn["models"]["digits"] = document(8, digits=OLD)["models"]["digits"]
    chosen = choose(document(7, digits=OLD), torn)
    assert isinstance(chosen, Applied)
    assert chosen.state.release == "7"


@pytest.mark.parametrize(("own", "subscribed"), [(None, None), ({}, None)])
def test_no_document_on_either_channel_is_none(own: object, subscribed: object) -> None:
    assert choose(own, subscribed) == NotWhole("there is no desired state")


def test_a_torn_document_is_said_to_be_torn_though_the_other_channel_is_empty() -> None:
    torn = {**document(9, digits=NEW), "release": "10"}
    assert choose(None, torn) == NotWhole("the seal of the desired state does not match what it holds")


def test_a_new_digest_is_loaded() -> None:
    asked = applied(digits=NEW)
    assert plan(asked, {"digits": OLD}, {}, {}) == (Load(asked.target("digits")),)


def test_a_new_release_of_what_serves_is_only_confirmed() -> None:
    asked = applied(digits=OLD)
    assert plan(asked, {"digits": OLD}, {"digits": NEW}, {}) == (Confirm(asked.target("digits")),)


def test_what_is_still_open_as_previous_is_returned_to_without_loading() -> None:
    asked = applied(digits=OLD)
    assert plan(asked, {"digits": NEW}, {"digits": OLD}, {}) == (Return(asked.target("digits")),)


def test_a_model_that_is_named_no_more_is_withdrawn() -> None:
    assert plan(applied(), {"digits": OLD}, {}, {"digits": OLD}) == (Withdraw("digits"), EndHold("digits"))


def test_a_held_digest_is_held_until_another_is_desired() -> None:
    same, other = applied(digits=NEW), applied(digits="c" * 43)
    assert plan(same, {"digits": OLD}, {}, {"digits": NEW}) == (Hold(same.target("digits")),)
    assert plan(other, {"digits": OLD}, {}, {"digits": NEW}) == (EndHold("digits"), Load(other.target("digits")))


@pytest.mark.parametrize(
    ("expected", "waiting", "desired", "serving", "under_way", "troubles"),
    [
        (AgentState.STARTING, True, "", "", False, False),
        (AgentState.IDLE, False, "", "", False, False),
        (AgentState.STARTING, False, "a", "", True, False),
        (AgentState.SERVING, False, "a", "a", False, False),
        (AgentState.SERVING, False, "ab", "a", True, False),
        (AgentState.DEGRADED, False, "ab", "a", False, False),
        (AgentState.DEGRADED, False, "a", "a", False, True),
        (AgentState.DEGRADED, False, "", "", False, True),
        (AgentState.ERRORED, False, "a", "", False, True),
    ],
)
def test_what_the_agent_says_of_itself(
    expected: AgentState, waiting: bool, desired: str, serving: str, under_way: bool, troubles: bool
) -> None:
    said = agent_state(
        waiting=waiting,
        desired=frozenset(desired),
        serving=frozenset(serving),
        under_way=under_way,
        troubles=troubles,
    )
    assert said is expected
