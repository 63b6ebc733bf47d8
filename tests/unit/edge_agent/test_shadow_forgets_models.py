"""A model that is gone is written to the shadow as null until that is sent, and not afterwards."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge_agent.errors import NucleusAwayError
from edge_agent.memory import Memory
from edge_agent.reporting.publish_queue import PublishQueue
from edge_agent.reporting.reporter import Reporter
from edge_agent.snapshot import Snapshot
from shared_schema.messages import AgentState, ModelConfirmation, Verdict
from shared_schema.topics import Topics

Eventually = Callable[..., Any]


def snapshot(*models: str) -> Snapshot:
    said = {
        name: ModelConfirmation(
            release="7", component="c", version="1.0.0", digest="A" * 43, verdict=Verdict.CONFIRMED, words=None
        )
        for name in models
    }
    return Snapshot(AgentState.SERVING, None, "7", {}, said, ("subscribed",))


def test_it_is_told_again_while_it_could_not_be_sent_and_once_when_it_was(tmp_path: Path) -> None:
    sent: list[dict[str, Any]] = []
    away = True

    def send(_: str, payload: bytes) -> None:
        if away:
            raise NucleusAwayError("away")
        sent.append(json.loads(payload)["state"]["reported"]["models"])

    publish_queue, memory = PublishQueue("publish-queue", send), Memory(tmp_path / "memory.json")
    reporter = Reporter("device-1", tmp_path, publish_queue, memory)
    reporter.topics = Topics("lines", "device-1")
    memory.in_shadow(("halves", "thirds"))
    publish_queue.start()
    reporter.shadow(snapshot("halves"))
    reporter.shadow(snapshot("halves"))
    away = False
    publish_queue.retry_now()
    publish_queue.stop(10)
    assert [models["thirds"] for models in sent] == [None]
    again = PublishQueue("publish-queue", send)
    reporter = Reporter("device-1", tmp_path, again, Memory(tmp_path / "memory.json"))
    reporter.topics = Topics("lines", "device-1")
    again.start()
    sent.clear()
    for _ in range(2):
        reporter.shadow(snapshot("halves"))
        # As when some time passes between two reports.
        with again._changed:
            assert again._changed.wait_for(lambda: not again._messages, 10)
    again.stop(10)
    # A new start does not know whether the last one arrived: it tells once more, and that is all.
    assert ["thirds" in models for models in sent] == [True, False]
