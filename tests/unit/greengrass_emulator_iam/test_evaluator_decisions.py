"""AWS's evaluation logic, rule by rule: who may do what, and what a denial says was missing."""

import json

import pytest
from greengrass_emulator.iam.documents import Policy, PolicyKind, read_policy
from greengrass_emulator.iam.evaluator import Decision, Outcome, decide
from greengrass_emulator.iam.requests import Need, Principal, PrincipalKind

DEV, PROD = "111111111111", "333333333333"
ROLE = f"arn:aws:iam::{PROD}:role/Deploy"
SESSION = f"arn:aws:sts::{PROD}:assumed-role/Deploy/pipeline"
DEPLOYER = Principal(PrincipalKind.ROLE, PROD, ROLE, SESSION)
BUILDER = Principal(
    PrincipalKind.ROLE, DEV, f"arn:aws:iam::{DEV}:role/Build", f"arn:aws:sts::{DEV}:assumed-role/Build/b"
)
KEY = f"arn:aws:kms:eu-west-1:{DEV}:key/1234"
OBJECT = "arn:aws:s3:::artifacts/greengrass/app.zip"


def identity(*statements: dict) -> list[Policy]:
    return [read_policy("own", PolicyKind.IDENTITY, {"Version": "2012-10-17", "Statement": list(statements)})]


def attached(kind: PolicyKind, *statements: dict) -> Policy:
    return read_policy(str(kind), kind, {"Version": "2012-10-17", "Statement": list(statements)})


def allow(action: str, resource: str = "*", **more: object) -> dict:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def reading(owner: str) -> Need:
    return Need("s3:GetObject", OBJECT, owner)


def test_without_any_statement_a_denial_names_the_missing_one() -> None:
    decision = decide(BUILDER, reading(DEV), [], None)
    assert decision.outcome is Outcome.IMPLICIT_DENY
    assert json.loads(decision.missing[0].document) == {"Effect": "Allow", "Action": "s3:GetObject", "Resource": OBJECT}
    assert decision.missing[0].attached_to is PolicyKind.IDENTITY


def test_within_an_account_the_identity_policy_is_enough() -> None:
    decision = decide(BUILDER, reading(DEV), identity(allow("s3:Get*", "arn:aws:s3:::artifacts/*", Sid="Read")), None)
    assert decision == Decision(Outcome.ALLOWED, ("own/Read",))


def test_within_an_account_a_bucket_policy_that_names_the_role_is_enough() -> None:
    policy = attached(PolicyKind.BUCKET, allow("s3:GetObject", OBJECT, Principal={"AWS": BUILDER.arn}))
    assert decide(BUILDER, reading(DEV), [], policy).allowed


def test_a_bucket_policy_that_names_the_account_leaves_it_to_the_identity_policy() -> None:
    policy = attached(PolicyKind.BUCKET, allow("s3:GetObject", OBJECT, Principal={"AWS": f"arn:aws:iam::{DEV}:root"}))
    assert not decide(BUILDER, reading(DEV), [], policy).allowed
    assert decide(BUILDER, reading(DEV), identity(allow("s3:GetObject", OBJECT)), policy).allowed


def test_from_another_account_both_sides_must_allow() -> None:
    own = identity(allow("s3:GetObject", OBJECT))
    named = attached(PolicyKind.BUCKET, allow("s3:GetObject", OBJECT, Principal={"AWS": ROLE}))
    assert decide(DEPLOYER, reading(DEV), own, named).allowed
    without_theirs = decide(DEPLOYER, reading(DEV), own, None)
    assert [missing.attached_to for missing in without_theirs.missing] == [PolicyKind.BUCKET]
    without_own = decide(DEPLOYER, reading(DEV), [], named)
    assert [missing.attached_to for missing in without_own.missing] == [PolicyKind.IDENTITY]


@pytest.mark.parametrize("where", ["identity", "bucket"])
def test_an_explicit_deny_wins_wherever_it_stands(where: str) -> None:
    deny = {"Sid": "No", "Effect": "Deny", "Action": "s3:*", "Resource": "*"}
    own, theirs = [allow("*")], [allow("s3:*", Principal="*")]
    if where == "identity":
        own.append(deny)
    else:
        theirs.append(deny | {"Principal": "*"})
    decision = decide(BUILDER, reading(DEV), identity(*own), attached(PolicyKind.BUCKET, *theirs))
    assert decision.outcome is Outcome.EXPLICIT_DENY
    assert decision.decided_by[0].endswith("/No")


def test_a_key_answers_only_to_its_own_policy() -> None:
    need = Need("kms:Decrypt", KEY, DEV)
    own = identity(allow("kms:Decrypt", KEY))
    silent = attached(PolicyKind.KEY, allow("kms:*", Principal={"AWS": f"arn:aws:iam::{DEV}:role/Admin"}))
    delegating = attached(PolicyKind.KEY, allow("kms:*", Principal={"AWS": f"arn:aws:iam::{DEV}:root"}))
    assert not decide(BUILDER, need, own, silent).allowed
    assert decide(BUILDER, need, own, delegating).allowed
    assert not decide(BUILDER, need, [], delegating).allowed


def test_a_role_is_assumed_across_accounts_only_with_trust_identity_and_external_id() -> None:
    trust = attached(
        PolicyKind.TRUST,
        {
            "Effect": "Allow",
            "Principal": {"AWS": BUILDER.arn},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"sts:ExternalId": "mlops"}},
        },
    )
    own = identity(allow("sts:AssumeRole", ROLE))
    with_id = Need("sts:AssumeRole", ROLE, PROD, {"sts:externalid": ("mlops",)})
    assert decide(BUILDER, with_id, own, trust).allowed
    assert not decide(BUILDER, with_id, [], trust).allowed
    refused = decide(BUILDER, Need("sts:AssumeRole", ROLE, PROD), own, trust)
    assert "condition StringEquals sts:ExternalId mlops" in refused.missing[0].near[0]


def test_a_service_needs_only_the_resource_policy() -> None:
    service = Principal(PrincipalKind.SERVICE, "", "credentials.iot.amazonaws.com")
    trust = attached(
        PolicyKind.TRUST,
        {"Effect": "Allow", "Principal": {"Service": "credentials.iot.amazonaws.com"}, "Action": "sts:AssumeRole"},
    )
    need = Need("sts:AssumeRole", ROLE, PROD)
    assert decide(service, need, [], trust).allowed
    assert not decide(Principal(PrincipalKind.SERVICE, "", "ec2.amazonaws.com"), need, [], trust).allowed


def test_nobody_reads_a_bucket_that_is_not_open_to_everybody() -> None:
    nobody = Principal(PrincipalKind.ANONYMOUS, "", "*")
    assert not decide(
        nobody, reading(DEV), [], attached(PolicyKind.BUCKET, allow("s3:*", Principal={"AWS": DEV}))
    ).allowed
    assert decide(nobody, reading(DEV), [], attached(PolicyKind.BUCKET, allow("s3:*", Principal="*"))).allowed


def test_not_action_and_not_resource_cover_everything_else() -> None:
    policies = identity({"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::secrets/*"})
    assert decide(BUILDER, reading(DEV), policies, None).allowed
    assert not decide(BUILDER, Need("iam:CreateRole", "*", DEV), policies, None).allowed
    assert not decide(BUILDER, Need("s3:GetObject", "arn:aws:s3:::secrets/key", DEV), policies, None).allowed


def test_not_principal_spares_only_who_is_named_with_account_role_and_session() -> None:
    def denying(*spared: str) -> Policy:
        deny = {"Effect": "Deny", "NotPrincipal": {"AWS": list(spared)}, "Action": "s3:*", "Resource": "*"}
        return attached(PolicyKind.BUCKET, deny)

    own = identity(allow("s3:GetObject"))
    root = f"arn:aws:iam::{DEV}:root"
    assert not decide(BUILDER, reading(DEV), own, denying(BUILDER.arn)).allowed
    assert decide(BUILDER, reading(DEV), own, denying(root, BUILDER.arn, BUILDER.session_arn)).allowed


def test_variables_hold_a_principal_to_its_own_account() -> None:
    policies = identity(allow("iot:DescribeThing", "arn:aws:iot:eu-west-1:${aws:PrincipalAccount}:thing/*"))
    assert decide(
        DEPLOYER, Need("iot:DescribeThing", f"arn:aws:iot:eu-west-1:{PROD}:thing/a", PROD), policies, None
    ).allowed
    assert not decide(
        DEPLOYER, Need("iot:DescribeThing", f"arn:aws:iot:eu-west-1:{DEV}:thing/a", PROD), policies, None
    ).allowed


def test_variables_are_plain_text_in_a_policy_of_the_old_version() -> None:
    document = {"Version": "2008-10-17", "Statement": [allow("s3:GetObject", "arn:aws:s3:::${aws:PrincipalAccount}/*")]}
    policy = [read_policy("old", PolicyKind.IDENTITY, document)]
    assert not decide(BUILDER, Need("s3:GetObject", f"arn:aws:s3:::{DEV}/a", DEV), policy, None).allowed


def test_a_denial_points_at_the_statement_that_nearly_allowed_it() -> None:
    policies = identity(allow("s3:GetObject", "arn:aws:s3:::other/*", Sid="Other"))
    near = decide(BUILDER, reading(DEV), policies, None).missing[0].near
    assert near == ("own/Other but for its resource arn:aws:s3:::other/*",)
