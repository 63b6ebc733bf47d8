"""What passes over IoT Core: messages that grow without breaking a reader, on the topics of one thing."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from shared_schema.messages import (
    CONTENT_REASONS,
    MAXIMUM_BYTES,
    AgentState,
    CommandReply,
    Confirmation,
    Envelope,
    Health,
    Latency,
    ModelConfirmation,
    ModelHealth,
    Reason,
    ShadowModel,
    ShadowReport,
    Verdict,
)
from shared_schema.topics import ANY_THING, COMMANDS, Topics

SHA = "ab" * 32
NOW = datetime(2026, 11, 24, 12, 0, 0, 250_000, tzinfo=UTC)
ENVELOPE: dict[str, Any] = {"thing": "edge-1", "timestamp": NOW, "sequence": 7}

HEALTH = Health(
    **ENVELOPE,
    state=AgentState.SERVING,
    agent_version="1.2.3",
    release="1795544309",
    models={
        "digits": ModelHealth(
            component="com.example.digits",
            version="4.0.0",
            digest=SHA,
            requests=10,
            latency_ms=Latency(p50=1.0, p95=2.0, p99=3.0, max=4.0),
        )
    },
    doors=["validated", "followed"],
)
CONFIRMATION = Confirmation(
    **ENVELOPE,
    release="1795544309",
    component="com.example.digits",
    version="4.0.0",
    digest=SHA,
    verdict=Verdict.REJECTED,
    reason=Reason.GOLDEN,
    words="0 of 20 golden samples agree",
    steps_ms={"digest": 1.5, "golden": 20.25},
    model="digits",
    agent_version="1.2.3",
    deployment="job-1",
)
REPLY = CommandReply(**ENVELOPE, command="rollback", ok=True, words="4.0.0 is held")
REPORT = ShadowReport(
    thing="edge-1",
    timestamp=NOW,
    agent_version="1.2.3",
    state=AgentState.DEGRADED,
    release="1795544309",
    models={
        "digits": ShadowModel(
            component="com.example.digits",
            version="3.0.0",
            digest=SHA,
            confirmation=ModelConfirmation.model_validate(CONFIRMATION.model_dump(by_alias=True)),
        )
    },
    why="4.0.0 was refused",
)


@pytest.mark.parametrize("message", [HEALTH, CONFIRMATION, REPLY], ids=lambda message: type(message).__name__)
def test_a_message_is_one_json_object_that_reads_back_as_itself(message: Envelope) -> None:
    encoded = message.encoded()
    assert len(encoded) < MAXIMUM_BYTES
    written = json.loads(encoded)
    assert written["schema"] == 1
    assert written["thing"] == "edge-1"
    assert written["timestamp"].startswith("2026-11-24T12:00:00.25")
    assert written["timestamp"].endswith("Z")
    assert written["sequence"] == 7
    assert type(message).model_validate_json(encoded) == message


def test_keys_are_written_in_camel_case_and_what_is_absent_is_left_out() -> None:
    written = json.loads(HEALTH.encoded())
    assert {"agentVersion", "droppedFrames", "freeDisk"} <= set(written)
    assert "latencyMs" in written["models"]["digits"]
    assert "lastError" not in written


@pytest.mark.parametrize("message", [HEALTH, CONFIRMATION, REPLY, REPORT], ids=lambda message: type(message).__name__)
def test_a_reader_ignores_what_a_later_agent_adds(message: BaseModel) -> None:
    written = json.loads(message.model_dump_json(by_alias=True))
    written["later"] = {"x": 1}
    for model in written.get("models", {}).values():
        model["later"] = [1]
    assert type(message).model_validate(written) == message


def test_a_report_reads_back_from_the_shadow_where_absent_and_null_are_one() -> None:
    written = json.loads(REPORT.model_dump_json(by_alias=True))
    assert ShadowReport.model_validate(written) == REPORT
    kept = json.loads(REPORT.model_dump_json(by_alias=True, exclude_none=True))
    assert ShadowReport.model_validate(kept) == REPORT


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema": 2},
        {"state": "FINE"},
        {"sequence": -1},
        {"models": {"a/b": {"component": "c", "version": "1.0.0", "digest": SHA}}},
        {"models": {"a": {"component": "c", "version": "1.0.0", "digest": "short"}}},
    ],
)
def test_a_message_with_a_wrong_field_is_refused(wrong: dict[str, Any]) -> None:
    written = json.loads(HEALTH.encoded()) | wrong
    with pytest.raises(ValidationError):
        Health.model_validate(written)


def test_refusals_for_content_hold_and_those_for_circumstances_do_not() -> None:
    assert {Reason.DIGEST, Reason.GRAPH, Reason.GOLDEN} <= CONTENT_REASONS
    assert not CONTENT_REASONS & {Reason.TIMEOUT, Reason.MEMORY, Reason.SIGNAL, Reason.BUDGET, Reason.ARTIFACT}


def test_the_topics_are_those_of_the_architecture() -> None:
    topics = Topics("digits-demo", "edge-1")
    assert topics.health == "dt/digits-demo/edge-1/health"
    assert topics.confirmation == "dt/digits-demo/edge-1/confirmation"
    assert topics.prediction("digits") == "dt/digits-demo/edge-1/prediction/digits"
    assert topics.command("rollback") == "cmd/digits-demo/edge-1/rollback"
    assert topics.reply("rollback") == "cmd/digits-demo/edge-1/rollback/reply"
    assert topics.shadow_update == "$aws/things/edge-1/shadow/name/mlops/update"
    assert set(COMMANDS) == {"report", "rollback", "release-hold"}


def test_a_recipes_topics_are_those_of_any_thing() -> None:
    assert Topics("a", ANY_THING).health == "dt/a/+/health"
