"""What an enforcing cloud recorded, replayed under the policies that it enforced."""

import json
from typing import Any

from greengrass_emulator.iam.documents import PolicyKind, read_policy
from greengrass_emulator.iam.policy_sources import PolicySet
from greengrass_emulator.iam.recording import RecordedCall, read_recording
from greengrass_emulator.iam.replay import replay

BUCKET = "example-artifacts"
DEV = "111111111111"
BUILD_ROLE = f"arn:aws:iam::{DEV}:role/MlopsBuildRole"


def held(enforced: Any, without: str = "") -> PolicySet:
    """The build role's policy, the bucket's and the key's, as the account holds them."""
    iam, s3, kms = (enforced.admin(service) for service in ("iam", "s3", "kms"))
    document = iam.get_role_policy(RoleName="MlopsBuildRole", PolicyName="build-role")["PolicyDocument"]
    build = read_policy("build", PolicyKind.IDENTITY, json.dumps(document))
    bucket = read_policy("bucket", PolicyKind.BUCKET, s3.get_bucket_policy(Bucket=BUCKET)["Policy"])
    key = read_policy("key", PolicyKind.KEY, kms.get_key_policy(KeyId=enforced.key, PolicyName="default")["Policy"])
    every = PolicySet({BUILD_ROLE: (build,)}, {f"arn:aws:s3:::{BUCKET}": bucket, enforced.key: key})
    return every.without(without) if without else every


def recorded(enforced: Any) -> list[RecordedCall]:
    return [call for call in read_recording(enforced.state / "calls.jsonl") if call.principal.arn == BUILD_ROLE]


def test_a_replay_allows_every_recorded_call_and_needs_every_statement(enforced: Any, artifact: str) -> None:
    s3 = enforced.build("s3")
    s3.get_object(Bucket=BUCKET, Key=artifact)["Body"].read()
    enforced.build("sagemaker").list_model_packages(ModelPackageGroupName="digits")
    calls = recorded(enforced)
    proof = replay(calls, held(enforced))
    assert proof.judged == len(calls)
    assert not proof.insufficient
    assert not proof.loosened
    carried = {removal.statement: removal.call for removal in proof.removals}
    read = carried["build/ReadTheRegistry"]
    assert read is not None
    assert read.operation in {"ListModelPackages", "DescribeModelPackage"}
    assert carried["build/WriteArtifacts"] is not None
    assert carried["key/WriteThroughS3"] is not None


def test_a_statement_that_is_taken_away_leaves_a_call_denied(enforced: Any, artifact: str) -> None:
    proof = replay(recorded(enforced), held(enforced, without="key/WriteThroughS3"))
    assert proof.insufficient
    found = proof.insufficient[0]
    assert found.denied.need.action in {"kms:GenerateDataKey", "kms:Decrypt"}
    assert found.denied.need.resource == enforced.key


def test_a_denial_is_logged_with_the_statement_that_was_missing(enforced: Any, artifact: str) -> None:
    enforced.device_request("camera", "GET", "/role-aliases/Absent-alias/credentials")
    enforced.device_request("camera", "GET", "/role-aliases/GreengrassTokenExchangeAlias/credentials")
    calls = list(read_recording(enforced.state / "calls.jsonl"))
    assert any(call.principal.kind == "thing" and call.allowed for call in calls)
    denied = [call for call in calls if not call.allowed and call.principal.kind == "service"]
    assert any('"Action": "sts:AssumeRole"' in text for call in denied for need in call.needs for text in need.missing)
