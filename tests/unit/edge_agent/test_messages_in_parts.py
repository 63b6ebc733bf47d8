"""A shadow and a health of many models: no message and no shadow document is too large, and nothing is left out."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from edge_agent.reporting.parts import health_parts, shadow_updates
from shared_schema.messages import MAXIMUM_BYTES, AgentState, Health, Latency, ModelHealth, Reason, Verdict
from shared_schema.names import digest_text
from shared_schema.shadow import MAXIMUM_SHADOW_BYTES, Said, Serving, ShadowModel, ShadowReport

NOW = datetime(2026, 11, 30, 12, 0, 0, 250_000, tzinfo=UTC)
THING = "t" * 128
WORDS = 'golden "sample" 17: got 3, wanted 4 \x1b[31m é\n' * 20
"""Longer in JSON than it looks: quotes, control characters, characters of two bytes."""


def digest(number: int) -> str:
    return digest_text(bytes([number]) * 32)


def report(
    models: int, *, words: str | None = WORDS, name: str = "model-{:04}", why: str | None = None
) -> ShadowReport:
    return ShadowReport(
        thing=THING,
        timestamp=NOW,
        agent_version="10.20.30",
        state=AgentState.DEGRADED,
        release="1795544309",
        why=why,
        models={
            name.format(number): ShadowModel(
                serves=Serving("40.0.12", digest(number)),
                said=Said("1795544309", "41.0.0", digest(number + 1), Verdict.REJECTED, Reason.TIMEOUT, words),
            )
            for number in range(models)
        },
    )


def merged(updates: list[bytes]) -> dict[str, Any]:
    """What a shadow makes of the updates: objects merge, and null removes."""
    kept: dict[str, Any] = {}
    for update in updates:
        reported = json.loads(update)["state"]["reported"]
        models = {**kept.get("models", {}), **reported["models"]}
        kept = {**kept, **reported, "models": {name: each for name, each in models.items() if each is not None}}
    return kept


@pytest.mark.parametrize("models", [0, 1, 8, 16, 20, 30])
def test_a_report_of_many_refused_models_is_written_whole_in_updates_that_fit(models: int) -> None:
    updates = shadow_updates(report(models, why=WORDS), [])
    assert max(len(update) for update in updates) <= MAXIMUM_BYTES
    kept = merged(updates)
    assert len(json.dumps(kept, ensure_ascii=False, separators=(",", ":")).encode()) <= MAXIMUM_SHADOW_BYTES
    read = ShadowReport.model_validate(kept)
    bare, wanted = read.model_copy(update={"why": None}), report(models, words=None)
    for name, each in read.models.items():
        assert each.said is not None
        said = wanted.models[name].said
        assert said is not None
        assert (each.said.digest, each.said.verdict, each.said.reason) == (said.digest, said.verdict, said.reason)
        assert each.serves == wanted.models[name].serves
    assert set(read.models) == set(wanted.models)
    assert bare.release == wanted.release


def test_words_are_whole_where_there_is_room_and_share_what_is_left_where_there_is_not() -> None:
    (update,) = shadow_updates(report(2, words="short: and whole"), [])
    assert "short: and whole" in update.decode()
    few = report(20, words=WORDS)
    few.models["model-0000"] = few.models["model-0000"].model_copy(update={"said": None})
    kept = ShadowReport.model_validate(merged(shadow_updates(few, [])))
    cut = [each.said.words for each in kept.models.values() if each.said is not None and each.said.words is not None]
    assert len(cut) == 19
    assert all(WORDS.startswith(words.removesuffix("…")) for words in cut)
    assert len({len(words) for words in cut}) == 1


def test_a_model_that_is_gone_is_written_as_null() -> None:
    updates = shadow_updates(report(20), ["older", "oldest"])
    written = {
        name: each for update in updates for name, each in json.loads(update)["state"]["reported"]["models"].items()
    }
    assert written["older"] is None
    assert written["oldest"] is None
    assert len(written) == 22


@pytest.mark.parametrize("models", [0, 1, 8, 20, 30])
def test_a_health_of_many_models_comes_in_parts_that_fit(models: int) -> None:
    health = Health(
        thing=THING,
        timestamp=NOW,
        sequence=123_456,
        state=AgentState.DEGRADED,
        agent_version="10.20.30",
        why="é" * 600,
        last_error="x" * 500,
        models={
            f"m{number:039}": ModelHealth(
                version="40.0.12",
                digest=digest(number),
                provider="CUDAExecutionProvider",
                requests=10**9,
                latency_ms=Latency(p50=1.234, p95=12.345, p99=123.456, max=1234.567),
            )
            for number in range(models)
        },
    )
    parts = [Health.model_validate_json(part) for part in health_parts(health)]
    assert max(len(part) for part in health_parts(health)) <= MAXIMUM_BYTES
    assert [(part.part, part.parts) for part in parts] == [(n + 1, len(parts)) for n in range(len(parts))]
    assert {name: each for part in parts for name, each in part.models.items()} == health.models
    assert {part.why for part in parts} == {health.why}
