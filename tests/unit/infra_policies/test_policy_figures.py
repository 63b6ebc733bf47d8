"""Counts how little each role may do, and checks that what is derived from the documents is current."""

import pytest

from cloud_publisher.policies.__main__ import ROLES, derived_files, figures
from cloud_publisher.policies.figures import figures_of

FIGURES = {each.role: each for each in figures()}


def test_templates_and_docs_are_current() -> None:
    old = [path.name for path, text in derived_files().items() if path.read_text(encoding="utf-8") != text]
    assert not old, "run `python -m cloud_publisher.policies`, and commit it"


@pytest.mark.parametrize("role", ROLES)
def test_no_action_of_ours_has_a_wildcard(role: str) -> None:
    assert FIGURES[role].action_wildcards == 0


def test_only_actions_that_take_no_resource_are_allowed_on_any() -> None:
    assert {role: FIGURES[role].any_resource for role in ROLES} == {
        "build role": 0,
        "pipeline role": 0,
        "deploy role": 3,  # CreateDeployment, ListCoreDevices, ListDeployments
        "token-exchange role (devices)": 0,
        "operator's role": 2,  # ListCoreDevices, ListDeployments
        "a device's certificate (IoT policy)": 0,
    }


def test_the_seeds_role_is_counted_with_all_that_its_wildcards_stand_for() -> None:
    seed = FIGURES["**the seed's one role**"]
    assert seed.actions > 150
    assert seed.action_wildcards == 8


def test_a_wildcard_that_nobody_expanded_is_no_silent_one() -> None:
    document = {"Statement": [{"Effect": "Allow", "Action": "s3:Put*", "Resource": "*"}]}
    with pytest.raises(KeyError):
        figures_of("role", [document], {})
    assert figures_of("role", [document], {"s3:Put*": 37}).any_resource == 37


def test_what_is_denied_is_not_counted_as_allowed() -> None:
    document = {"Statement": {"Effect": "Deny", "Action": "s3:*", "Resource": "*"}}
    assert figures_of("role", [document], {}).actions == 0
