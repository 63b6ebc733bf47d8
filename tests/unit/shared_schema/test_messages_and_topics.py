"""Messages over IoT Core: new fields break no reader, and each thing has topics of its own."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from shared_schema.messages import (
    CONTENT_REASONS,
    MAXIMUM_BYTES,
    AgentState,
    Channel,
    CommandReply,
    Confirmation,
    Envelope,
    Health,
    Latency,
    ModelHealth,
    Reason,
    Verdict,
)
from shared_schema.names import digest_text
from shared_schema.shadow import Said, Serving, ShadowModel, ShadowReport
from shared_schema.topics import ANY_THING, COMMANDS, Topics

SHA = digest_text(bytes.fromhex("ab" * 32))
NOW = datetime(2026, 11, 24, 12, 0, 0, 250_000, tzinfo=UTC)
ENVELOPE: dict[str, Any] = {"thing": "edge-1", "timestamp": NOW, "sequence": 7}

HEALTH = Health(
    **ENVELOPE,
    state=AgentState.SERVING,
    agent_version="1.2.3",
    release="1795544309",
    models={
        "digits": ModelHealth(
            version="4.0.0",
            digest=SHA,
            requests=10,
            latency_ms=Latency(p50=1.0, p95=2.0, p99=3.0, max=4.0),
        )
    },
    channels=[Channel.VALIDATED, Channel.SUBSCRIBED],
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
            serves=Serving("3.0.0", SHA),
            said=Said("1795544309", "4.0.0", SHA, Verdict.REJECTED, Reason.GOLDEN, "0 of 20: golden samples agree"),
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


def test_what_serves_and_what_was_said_of_it_is_one_text_each() -> None:
    written = json.loads(REPORT.model_dump_json(by_alias=True))["models"]["digits"]
    assert written == {
        "serves": f"3.0.0:{SHA}",
        "said": f"1795544309:4.0.0:{SHA}:REJECTED:golden:0 of 20: golden samples agree",
    }


@pytest.mark.parametrize(
    "said",
    [
        Said("7", "4.0.0", SHA, Verdict.CONFIRMED),
        Said("7", "4.0.0", SHA, Verdict.HELD, None, "by: an operator"),
        Said("7", "4.0.0", SHA, Verdict.FAILED, Reason.MEMORY),
    ],
)
def test_a_confirmation_without_reason_or_words_reads_back(said: Said) -> None:
    model = ShadowModel(said=said)
    assert ShadowModel.model_validate_json(model.model_dump_json()) == model


@pytest.mark.parametrize(
    "wrong",
    [
        {"said": f"7:4.0.0:{SHA}"},
        {"said": f"7:4.0.0:{SHA}:"},
        {"said": f"7:four:{SHA}:CONFIRMED"},
        {"said": "7:4.0.0:short:CONFIRMED"},
        {"serves": "4.0.0"},
        {"serves": f"4.0.0:{SHA}:more"},
        {"serves": {"version": "4.0.0", "digest": SHA}, "said": 7},
    ],
)
def test_a_text_of_another_form_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        ShadowModel.model_validate(wrong)


def test_a_word_that_a_newer_agent_says_is_read_as_its_text() -> None:
    newer = json.loads(REPORT.model_dump_json(by_alias=True)) | {"state": "DREAMING", "reason": "moon"}
    newer["models"]["digits"]["said"] = f"7:4.0.0:{SHA}:POSTPONED:tide:"
    read = ShadowReport.model_validate(newer)
    said = read.models["digits"].said
    assert (read.state, read.reason) == ("DREAMING", "moon")
    assert said is not None
    assert (said.verdict, said.reason, said.words) == ("POSTPONED", "tide", None)
    health = json.loads(HEALTH.encoded()) | {"channels": ["validated", "by-post"]}
    assert Health.model_validate(health).channels == [Channel.VALIDATED, "by-post"]
    assert Health.model_validate(health).channels[0] is Channel.VALIDATED


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema": 2},
        {"state": 7},
        {"sequence": -1},
        {"models": {"a/b": {"version": "1.0.0", "digest": SHA}}},
        {"models": {"setEnv": {"version": "1.0.0", "digest": SHA}}},
        {"models": {"a": {"version": "1.0.0", "digest": "short"}}},
    ],
)
def test_a_message_with_a_wrong_field_is_refused(wrong: dict[str, Any]) -> None:
    written = json.loads(HEALTH.encoded()) | wrong
    with pytest.raises(ValidationError):
        Health.model_validate(written)


def test_refusals_for_content_hold_and_others_do_not() -> None:
    assert {Reason.DIGEST, Reason.GRAPH, Reason.GOLDEN} <= CONTENT_REASONS
    assert not CONTENT_REASONS & {Reason.TIMEOUT, Reason.MEMORY, Reason.SIGNAL, Reason.BUDGET, Reason.ARTIFACT}


def test_the_topics_are_those_of_the_architecture() -> None:
    topics = Topics("digits-demo", "edge-1")
    assert topics.health == "dt/digits-demo/edge-1/health"
    assert topics.confirmation == "dt/digits-demo/edge-1/confirmation"
    assert topics.prediction("digits") == "dt/digits-demo/edge-1/prediction/digits"
    assert topics.command("rollback") == "cmd/digits-demo/edge-1/rollback"
    assert topics.reply("rollback") == "cmd/digits-demo/edge-1/rollback/reply"
    assert topics.echo == "cmd/digits-demo/edge-1/echo"
    assert topics.shadow_update == "$aws/things/edge-1/shadow/name/mlops/update"
    assert set(COMMANDS) == {"report", "rollback", "release-hold"}


def test_a_recipes_topics_are_those_of_any_thing() -> None:
    assert Topics("a", ANY_THING).health == "dt/a/+/health"
