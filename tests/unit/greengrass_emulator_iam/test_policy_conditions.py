"""Condition operators: what holds, what an absent key means, and sets of values."""

import pytest
from greengrass_emulator.iam.conditions import Condition

CONTEXT = {
    "aws:securetransport": ("true",),
    "aws:principalaccount": ("111111111111",),
    "aws:sourcearn": ("arn:aws:iot:eu-west-1:111111111111:rolealias/Alias",),
    "s3:prefix": ("artifacts/greengrass/a",),
    "s3:max-keys": ("10",),
    "aws:tagkeys": ("team", "stage"),
}


@pytest.mark.parametrize(
    ("operator", "key", "values", "holds"),
    [
        ("StringEquals", "aws:PrincipalAccount", ("222222222222", "111111111111"), True),
        ("StringEquals", "aws:PrincipalAccount", ("1111*",), False),
        ("StringNotEquals", "aws:PrincipalAccount", ("222222222222", "111111111111"), False),
        ("StringLike", "s3:prefix", ("artifacts/*",), True),
        ("StringNotLike", "s3:prefix", ("artifacts/*",), False),
        ("StringEqualsIgnoreCase", "s3:prefix", ("ARTIFACTS/greengrass/a",), True),
        ("Bool", "aws:SecureTransport", ("false",), False),
        ("BoolIfExists", "aws:MultiFactorAuthPresent", ("true",), True),
        ("ArnLike", "aws:SourceArn", ("arn:aws:iot:*:111111111111:rolealias/*",), True),
        ("ArnNotEquals", "aws:SourceArn", ("arn:aws:iot:*:222222222222:*",), True),
        ("NumericLessThanEquals", "s3:max-keys", ("10",), True),
        ("NumericGreaterThan", "s3:max-keys", ("ten",), False),
        ("Null", "sts:ExternalId", ("true",), True),
        ("Null", "aws:SecureTransport", ("true",), False),
        ("StringEquals", "sts:ExternalId", ("x",), False),
        ("StringNotEquals", "sts:ExternalId", ("x",), True),
        ("StringEqualsIfExists", "sts:ExternalId", ("x",), True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ("team", "stage", "cost"), True),
        ("ForAllValues:StringEquals", "aws:TagKeys", ("team",), False),
        ("ForAllValues:StringEquals", "aws:Absent", ("team",), True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ("team",), True),
        ("ForAnyValue:StringEquals", "aws:TagKeys", ("cost",), False),
        ("ForAnyValue:StringNotEquals", "aws:Absent", ("cost",), False),
        ("ForAnyValue:StringNotEquals", "aws:TagKeys", ("team",), True),
        ("StringEquals", "aws:PrincipalAccount", ("${aws:PrincipalAccount}",), True),
    ],
)
def test_a_condition_holds(operator: str, key: str, values: tuple[str, ...], holds: bool) -> None:
    assert Condition(operator, key, values).holds(CONTEXT) is holds
