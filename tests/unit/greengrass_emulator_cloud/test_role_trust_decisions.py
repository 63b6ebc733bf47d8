"""Which callers and services a trust policy trusts."""

import json
from typing import Any

import pytest
from greengrass_emulator.cloud.accounts import Caller
from greengrass_emulator.cloud.role_trust import trusts_caller, trusts_service

USER = Caller("111111111111", "arn:aws:iam::111111111111:user/pipeline", "AKIA")
SESSION = Caller("111111111111", "arn:aws:sts::111111111111:assumed-role/Build/run-1", "ASIA", "token")
SERVICE = "credentials.iot.amazonaws.com"
ALIAS = "arn:aws:iot:eu-west-1:111111111111:rolealias/GreengrassV2TokenExchangeRoleAlias"


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
def test_a_policy_that_names_the_caller_or_its_account_trusts_it(principal: object) -> None:
    assert trusts_caller(policy(allow(principal)), USER, None)


@pytest.mark.parametrize(
    "principal",
    [{"AWS": "222222222222"}, {"AWS": "arn:aws:iam::111111111111:user/another"}, {"Service": "*"}, {}, None],
)
def test_a_policy_that_names_another_principal_trusts_nobody_else(principal: object) -> None:
    assert not trusts_caller(policy(allow(principal)), USER, None)


def test_a_session_is_known_by_its_role() -> None:
    assert trusts_caller(policy(allow({"AWS": "arn:aws:iam::111111111111:role/Build"})), SESSION, None)
    assert not trusts_caller(policy(allow({"AWS": "arn:aws:iam::111111111111:role/Other"})), SESSION, None)


@pytest.mark.parametrize(("given", "trusted"), [("right", True), ("wrong", False), (None, False)])
def test_a_required_external_id_must_match(given: str | None, trusted: bool) -> None:
    condition = {"StringEquals": {"sts:ExternalId": "right"}}
    assert trusts_caller(policy(allow({"AWS": "111111111111"}, Condition=condition)), USER, given) is trusted


def test_an_external_id_that_is_not_required_is_ignored() -> None:
    assert trusts_caller(policy(allow({"AWS": "111111111111"})), USER, "whatever")


def test_a_deny_wins() -> None:
    deny = allow({"AWS": USER.arn}) | {"Effect": "Deny"}
    assert not trusts_caller(policy(allow({"AWS": "111111111111"}), deny), USER, None)


@pytest.mark.parametrize(
    "condition",
    [
        {"DateLessThan": {"sts:ExternalId": "2030-01-01T00:00:00Z"}},
        {"StringEquals": {"aws:SourceVpc": "vpc-1"}},
        {"StringEquals": ["sts:ExternalId"]},
        ["StringEquals"],
    ],
)
def test_a_condition_that_cannot_be_read_refuses(condition: object) -> None:
    everybody = allow({"AWS": "111111111111"})
    assert not trusts_caller(policy(everybody | {"Condition": condition}), USER, "x")
    assert not trusts_caller(policy(everybody, everybody | {"Effect": "Deny", "Condition": condition}), USER, "x")


@pytest.mark.parametrize(
    ("caller", "trusted"), [(SESSION, True), (USER, False)], ids=["a session of the role", "somebody else"]
)
def test_a_role_may_be_named_by_condition(caller: Caller, trusted: bool) -> None:
    condition = {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::111111111111:role/Bui*"}}
    trust = policy(allow({"AWS": "arn:aws:iam::111111111111:root"}, Condition=condition))
    assert trusts_caller(trust, caller, None) is trusted


def test_another_action_is_no_trust() -> None:
    assert not trusts_caller(policy(allow("*", Action="sts:TagSession")), USER, None)


def test_a_statement_that_is_not_an_object_refuses() -> None:
    trust = {"Version": "2012-10-17", "Statement": [allow("*"), "Deny"]}
    assert not trusts_caller(json.dumps(trust), USER, None)


def test_a_role_that_does_not_exist_trusts_nobody() -> None:
    assert not trusts_caller(None, USER, None)
    assert not trusts_service(None, SERVICE, source_arn=ALIAS)


def test_a_policy_that_names_a_service_trusts_only_it() -> None:
    trust = policy(allow({"Service": SERVICE}))
    assert trusts_service(trust, SERVICE, source_arn=ALIAS)
    assert not trusts_service(trust, "lambda.amazonaws.com", source_arn=ALIAS)
    assert not trusts_caller(trust, USER, None)


@pytest.mark.parametrize(
    ("source", "trusted"),
    [(ALIAS, True), (f"{ALIAS}-of-another", False), (ALIAS.replace("1" * 12, "2" * 12), False)],
)
def test_a_condition_limits_the_source_that_a_service_acts_for(source: str, trusted: bool) -> None:
    condition = {"StringEquals": {"aws:SourceAccount": "1" * 12}, "ArnEquals": {"aws:SourceArn": ALIAS}}
    trust = policy(allow({"Service": SERVICE}, Condition=condition))
    assert trusts_service(trust, SERVICE, source_arn=source) is trusted
