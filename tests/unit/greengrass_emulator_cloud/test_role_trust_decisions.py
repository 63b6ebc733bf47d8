"""Whom a trust policy lets in."""

import json
from typing import Any

import pytest

from greengrass_emulator.cloud.accounts import Caller
from greengrass_emulator.cloud.role_trust import trusts_caller, trusts_service

USER = Caller("111111111111", "arn:aws:iam::111111111111:user/pipeline", "AKIA")
SESSION = Caller("111111111111", "arn:aws:sts::111111111111:assumed-role/Build/run-1", "ASIA", "token")


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(principal: object, **more: object) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"} | more


@pytest.mark.parametrize(
    "principal",
    [
        {"AWS": "111111111111"},
        {"AWS": "arn:aws:iam::111111111111:root"},
        {"AWS": ["arn:aws:iam::999999999999:root", "arn:aws:iam::111111111111:root"]},
        {"AWS": "arn:aws:iam::111111111111:user/pipeline"},
        {"AWS": "*"},
        "*",
    ],
)
def test_the_callers_account_or_the_caller_is_named(principal: object) -> None:
    assert trusts_caller(policy(allow(principal)), USER, None)


@pytest.mark.parametrize(
    "principal",
    [{"AWS": "222222222222"}, {"AWS": "arn:aws:iam::111111111111:user/another"}, {"Service": "*"}, {}, None],
)
def test_somebody_else_is_named(principal: object) -> None:
    assert not trusts_caller(policy(allow(principal)), USER, None)


def test_a_session_is_known_by_its_role() -> None:
    assert trusts_caller(policy(allow({"AWS": "arn:aws:iam::111111111111:role/Build"})), SESSION, None)
    assert not trusts_caller(policy(allow({"AWS": "arn:aws:iam::111111111111:role/Other"})), SESSION, None)


@pytest.mark.parametrize(("given", "trusted"), [("right", True), ("wrong", False), (None, False)])
def test_an_external_id_is_asked_for(given: str | None, trusted: bool) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "right"}}
    assert trusts_caller(policy(allow({"AWS": "111111111111"}, Condition=condition)), USER, given) is trusted


def test_an_external_id_that_nobody_asks_for_does_no_harm() -> None:
    assert trusts_caller(policy(allow({"AWS": "111111111111"})), USER, "whatever")


def test_a_deny_wins() -> None:
    deny = allow({"AWS": USER.arn}) | {"Effect": "Deny"}
    assert not trusts_caller(policy(allow({"AWS": "111111111111"}), deny), USER, None)


def test_a_condition_that_cannot_be_read_is_not_met() -> None:
    condition = {"StringLike": {"sts:ExternalId": "*"}}
    assert not trusts_caller(policy(allow({"AWS": "111111111111"}, Condition=condition)), USER, "x")


def test_another_action_is_no_trust() -> None:
    assert not trusts_caller(policy(allow("*", Action="sts:TagSession")), USER, None)


def test_a_role_that_does_not_exist_trusts_nobody() -> None:
    assert not trusts_caller(None, USER, None)
    assert not trusts_service(None, "credentials.iot.amazonaws.com")


def test_a_service_is_named() -> None:
    trust = policy(allow({"Service": "credentials.iot.amazonaws.com"}))
    assert trusts_service(trust, "credentials.iot.amazonaws.com")
    assert not trusts_service(trust, "lambda.amazonaws.com")
    assert not trusts_caller(trust, USER, None)
