"""What AWS would refuse as a policy is refused, with the statement and the remedy."""

import pytest
from greengrass_emulator.iam.documents import PolicyKind, read_policy
from greengrass_emulator.iam.errors import InvalidPolicyError

ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::a/*"}
TRUST = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "111111111111"}}


@pytest.mark.parametrize(
    ("kind", "document", "message"),
    [
        (PolicyKind.IDENTITY, '{"Version": "2012-10-17",}', "is not JSON"),
        (PolicyKind.IDENTITY, [], "is not a JSON object"),
        (PolicyKind.IDENTITY, {"Statements": [ALLOW]}, "has Statements"),
        (PolicyKind.IDENTITY, {"Version": "2012-10-18", "Statement": ALLOW}, "write '2012-10-17'"),
        (PolicyKind.IDENTITY, {"Statement": []}, "has no Statement"),
        (
            PolicyKind.IDENTITY,
            {"Statement": [ALLOW | {"Sid": "A"}, ALLOW | {"Sid": "A"}]},
            "two statements with Sid 'A'",
        ),
        (PolicyKind.IDENTITY, {"Statement": ALLOW | {"Actions": "x"}}, "statement 1 has Actions"),
        (PolicyKind.IDENTITY, {"Statement": ALLOW | {"Effect": "allow"}}, "write 'Allow' or 'Deny'"),
        (PolicyKind.IDENTITY, {"Statement": ALLOW | {"NotAction": "s3:*"}}, "either Action or NotAction"),
        (PolicyKind.IDENTITY, {"Statement": ALLOW | {"Action": "GetObject"}}, "write service:Action"),
        (PolicyKind.IDENTITY, {"Statement": ALLOW | {"Resource": "bucket/*"}}, "write an ARN or '*'"),
        (PolicyKind.IDENTITY, {"Statement": ALLOW | {"Principal": "*"}}, "must not have Principal"),
        (PolicyKind.BUCKET, {"Statement": ALLOW}, "either Principal or NotPrincipal"),
        (PolicyKind.BUCKET, {"Statement": ALLOW | {"NotPrincipal": "*"}}, "NotPrincipal with Allow"),
        (PolicyKind.BUCKET, {"Statement": ALLOW | {"Principal": {"AWS": "arn:aws:iam::1:role/*"}}}, "must stand alone"),
        (PolicyKind.BUCKET, {"Statement": ALLOW | {"Principal": {"Aws": "*"}}}, "write '*' or an object of"),
        (PolicyKind.TRUST, {"Statement": TRUST | {"Resource": "*"}}, "must not have Resource"),
        (
            PolicyKind.IDENTITY,
            {"Statement": ALLOW | {"Condition": {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}}},
            "the condition operator 'IpAddress'",
        ),
        (
            PolicyKind.IDENTITY,
            {"Statement": ALLOW | {"Condition": {"Bool": {"aws:SecureTransport": []}}}},
            "has no value",
        ),
    ],
)
def test_a_policy_that_aws_would_refuse_is_refused(kind: PolicyKind, document: object, message: str) -> None:
    with pytest.raises(InvalidPolicyError) as refused:
        read_policy("DeployRole", kind, document)  # type: ignore[arg-type]
    assert message in str(refused.value)
    assert str(refused.value).startswith("policy DeployRole: ")
    assert refused.value.exit_code == 2


def test_one_statement_can_be_taken_away_by_its_label() -> None:
    policy = read_policy("own", PolicyKind.IDENTITY, {"Statement": [ALLOW | {"Sid": "A"}, ALLOW]})
    assert [statement.label for statement in policy.without("own/A").statements] == ["own/2"]
