"""Recordings read and replayed: sufficient policies, minimal policies, and the call that needs each statement."""

from pathlib import Path

import pytest
from greengrass_emulator.iam.documents import Policy, PolicyKind, read_policy
from greengrass_emulator.iam.errors import InvalidRecordingError
from greengrass_emulator.iam.policy_sources import PolicySet, judge
from greengrass_emulator.iam.recording import RecordedCall, Recorder, read_recording
from greengrass_emulator.iam.replay import Unused, replay
from greengrass_emulator.iam.requests import Call, Need, Principal, PrincipalKind

DEV = "111111111111"
ROLE = f"arn:aws:iam::{DEV}:role/Build"
BUILDER = Principal(PrincipalKind.ROLE, DEV, ROLE, f"arn:aws:sts::{DEV}:assumed-role/Build/x")
ADMIN = Principal(PrincipalKind.USER, DEV, f"arn:aws:iam::{DEV}:user/admin")
READ = {"Sid": "Read", "Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "arn:aws:s3:::a*"}
WRITE = {"Sid": "Write", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "arn:aws:s3:::a/*"}
NO_SECRETS = {"Sid": "NoSecrets", "Effect": "Deny", "Action": "s3:*", "Resource": "arn:aws:s3:::a/secret/*"}


def own(*statements: dict[str, object]) -> Policy:
    return read_policy("build", PolicyKind.IDENTITY, {"Version": "2012-10-17", "Statement": list(statements)})


def s3(operation: str, action: str, key: str) -> Call:
    return Call("s3", operation, "eu-west-1", (Need(f"s3:{action}", f"arn:aws:s3:::a/{key}", DEV),))


@pytest.fixture
def calls(tmp_path: Path) -> list[RecordedCall]:
    """The builder read and wrote and was kept from a secret; the administrator made a bucket."""
    policies = PolicySet({ROLE: (own(READ, WRITE, NO_SECRETS),)})
    everything = read_policy(
        "all", PolicyKind.IDENTITY, {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}
    )
    recorder = Recorder(tmp_path / "calls.jsonl")
    for call in (
        s3("GetObject", "GetObject", "1"),
        s3("PutObject", "PutObject", "2"),
        s3("GetObject", "GetObject", "secret/1"),
    ):
        recorder.record(BUILDER, call, judge(BUILDER, call, policies))
    made = s3("CreateBucket", "CreateBucket", "")
    recorder.record(ADMIN, made, judge(ADMIN, made, PolicySet({ADMIN.arn: (everything,)})))
    recorder.close()
    return list(read_recording(tmp_path / "calls.jsonl"))


def test_the_same_policies_are_sufficient_and_others_calls_are_left_out(calls: list[RecordedCall]) -> None:
    proof = replay(calls, PolicySet({ROLE: (own(READ, WRITE, NO_SECRETS),)}))
    assert (len(calls), proof.judged) == (4, 3)
    assert proof.insufficient == ()
    assert proof.loosened == ()


def test_each_statement_names_the_call_that_fails_without_it(calls: list[RecordedCall]) -> None:
    proof = replay(calls, PolicySet({ROLE: (own(READ, WRITE, NO_SECRETS),)}))
    carried = {removal.statement: removal.call.title for removal in proof.removals if removal.call}
    assert carried == {
        "build/Read": "GetObject of s3 by Build",
        "build/Write": "PutObject of s3 by Build",
        "build/NoSecrets": "GetObject of s3 by Build",
    }
    assert next(removal.call for removal in proof.removals if removal.statement == "build/NoSecrets").number == 3  # type: ignore[union-attr]


def test_an_action_or_resource_that_nothing_used_is_named(calls: list[RecordedCall]) -> None:
    wider = WRITE | {"Resource": ["arn:aws:s3:::a/*", "arn:aws:s3:::b/*"]}
    idle = {"Sid": "Idle", "Effect": "Allow", "Action": "iam:PassRole", "Resource": "*"}
    proof = replay(calls, PolicySet({ROLE: (own(READ, wider, NO_SECRETS, idle),)}))
    assert set(proof.unused) == {
        Unused("build/Read", "Action", "s3:ListBucket"),
        Unused("build/Write", "Resource", "arn:aws:s3:::b/*"),
        Unused("build/Idle", "Action", "iam:PassRole"),
        Unused("build/Idle", "Resource", "*"),
    }
    assert proof.unneeded == ("build/Idle",)


def test_a_policy_that_lost_a_right_is_insufficient_and_one_that_lost_a_denial_is_loosened(
    calls: list[RecordedCall],
) -> None:
    narrower = replay(calls, PolicySet({ROLE: (own(READ, NO_SECRETS),)}))
    assert [found.denied.need.action for found in narrower.insufficient] == ["s3:PutObject"]
    looser = replay(calls, PolicySet({ROLE: (own(READ, WRITE),)}))
    assert [call.number for call in looser.loosened] == [3]


def test_a_call_that_was_recorded_once_is_not_written_again(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "calls.jsonl")
    call = s3("GetObject", "GetObject", "1")
    verdict = judge(BUILDER, call, PolicySet())
    for _ in range(3):
        recorder.record(BUILDER, call, verdict)
    recorder.close()
    recorder.record(BUILDER, s3("GetObject", "GetObject", "2"), verdict)
    assert [each.number for each in read_recording(tmp_path / "calls.jsonl")] == [1]


@pytest.mark.parametrize(
    ("line", "message"),
    [('{"number": 1', "line 1: the line: "), ('{"number": 0}', "line 1: number: "), ("[]", "line 1: the line: ")],
)
def test_an_invalid_line_is_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "calls.jsonl"
    path.write_text(f"{line}\n")
    with pytest.raises(InvalidRecordingError) as refused:
        list(read_recording(path))
    assert message in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_recording_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(InvalidRecordingError, match="record a run first"):
        list(read_recording(tmp_path / "calls.jsonl"))
