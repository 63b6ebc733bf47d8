"""Which document is obeyed, and what it asks for."""

from typing import Any

import pytest

from edge_agent.control.decisions import (
    Bring,
    Confirm,
    Hold,
    Obeyed,
    Return,
    Unmark,
    Withdraw,
    agent_state,
    choose,
    plan,
)
from shared_schema.desired_state import DesiredModel, DesiredState, NotWhole
from shared_schema.messages import AgentState

OLD, NEW = "A" * 43, "Q" * 43


def state(release: int, **digests: str) -> DesiredState:
    models = {
        name: DesiredModel(component=f"com.example.{name}", version="1.0.0", digest=digest)
        for name, digest in digests.items()
    }
    return DesiredState(release=str(release), models=models)


def document(release: int, **digests: str) -> dict[str, Any]:
    return state(release, **digests).sealed()


def obeyed(**digests: str) -> Obeyed:
    return Obeyed(state(7, **digests), "validated")


def test_the_higher_release_is_obeyed_whichever_door_it_is_at() -> None:
    at_own = choose(document(8, digits=NEW), document(7, digits=OLD))
    at_followed = choose(document(7, digits=OLD), document(8, digits=NEW))
    assert isinstance(at_own, Obeyed)
    assert isinstance(at_followed, Obeyed)
    assert (at_own.door, at_own.state.release) == ("validated", "8")
    assert (at_followed.door, at_followed.state.release) == ("subscribed", "8")


def test_releases_are_compared_as_numbers() -> None:
    chosen = choose(document(999), document(1000))
    assert isinstance(chosen, Obeyed)
    assert chosen.state.release == "1000"


def test_a_torn_document_does_not_hide_a_whole_one_at_the_other_door() -> None:
    torn = document(9, digits=NEW)
    torn["models"]["digits"] = document(8, digits=OLD)["models"]["digits"]
    chosen = choose(document(7, digits=OLD), torn)
    assert isinstance(chosen, Obeyed)
    assert chosen.state.release == "7"


@pytest.mark.parametrize(("own", "followed"), [(None, None), ({}, None)])
def test_no_document_at_either_door_is_none(own: object, followed: object) -> None:
    assert choose(own, followed) == NotWhole("there is no desired state")


def test_a_torn_document_is_said_to_be_torn_though_the_other_door_is_empty() -> None:
    torn = {**document(9, digits=NEW), "release": "10"}
    assert choose(None, torn) == NotWhole("the seal of the desired state does not match what it holds")


def test_a_new_digest_is_brought() -> None:
    asked = obeyed(digits=NEW)
    assert plan(asked, {"digits": OLD}, {}, {}) == (Bring(asked.target("digits")),)


def test_a_new_release_of_what_serves_is_only_confirmed() -> None:
    asked = obeyed(digits=OLD)
    assert plan(asked, {"digits": OLD}, {"digits": NEW}, {}) == (Confirm(asked.target("digits")),)


def test_what_is_still_open_as_previous_is_returned_to_without_loading() -> None:
    asked = obeyed(digits=OLD)
    assert plan(asked, {"digits": NEW}, {"digits": OLD}, {}) == (Return(asked.target("digits")),)


def test_a_model_that_is_named_no_more_is_withdrawn() -> None:
    assert plan(obeyed(), {"digits": OLD}, {}, {"digits": OLD}) == (Withdraw("digits"), Unmark("digits"))


def test_a_held_digest_is_held_until_another_is_desired() -> None:
    same, other = obeyed(digits=NEW), obeyed(digits="c" * 43)
    assert plan(same, {"digits": OLD}, {}, {"digits": NEW}) == (Hold(same.target("digits")),)
    assert plan(other, {"digits": OLD}, {}, {"digits": NEW}) == (Unmark("digits"), Bring(other.target("digits")))


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
