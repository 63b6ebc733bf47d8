"""Requests on a local topic: each is answered once, whatever it holds and however many wait."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from edge_agent.nucleus.events import LocalTopics
from edge_agent.predicted import Predicted
from edge_agent.sources.topic import TopicRequests
from shared_schema.settings import TopicSource


class Line:
    """The topic from the asking component's side."""

    def __init__(self, **settings: Any) -> None:
        self.topics, self.answers = LocalTopics(), []
        self.source = TopicRequests(TopicSource.model_validate({"topic": "ask", **settings}), self.topics, self._answer)
        self.source.start()

    def _answer(self, topic: str, payload: bytes) -> None:
        assert topic == "ask/reply"
        self.answers.append(json.loads(payload))

    answers: list[dict[str, Any]]

    def ask(self, payload: bytes | dict[str, Any]) -> None:
        self.topics.came("ask", payload if isinstance(payload, bytes) else json.dumps(payload).encode())


def predicted(frame: str) -> Predicted:
    at, output = datetime(2026, 11, 24, 20, tzinfo=UTC), {"label": "7", "score": 0.9}
    return Predicted("line", frame, None, "digits", "1.0.0", "A" * 43, at, 1.0, output)


def test_a_files_bytes_are_one_frame_and_one_answer() -> None:
    line = Line()
    line.ask(b"\x89PNG the bytes")
    frame = line.source.next(1)
    assert frame is not None
    assert (frame.content, frame.together) == (b"\x89PNG the bytes", ())
    line.source.done(frame, predicted(frame.name))
    assert [each["output"]["label"] for each in line.answers[0]["predictions"]] == ["7"]
    assert line.answers[0]["errors"] == []


def test_the_frames_of_a_request_come_together_and_are_answered_together_in_order() -> None:
    line = Line()
    image = base64.b64encode(b"image").decode()
    line.ask(
        {"request": "r1", "frames": [{"name": "a", "data": image}, {"text": "x,y\n1,2"}, {"name": "c", "data": ""}]}
    )
    frame = line.source.next(1)
    assert frame is not None
    second, third = frame.together
    assert [each.content for each in (frame, second, third)] == [b"image", b"x,y\n1,2", b""]
    line.source.done(second, predicted(second.name))
    line.source.set_aside(third, "c is empty")
    assert line.answers == [], "not before all of them are done"
    line.source.done(frame, predicted("a"))
    (answer,) = line.answers
    assert answer["request"] == "r1"
    assert [each["frame"] for each in answer["predictions"]] == ["a", second.name]
    assert answer["errors"] == [{"frame": "c", "error": "c is empty"}]


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"", "empty"),
        (b'{"frames": ', "Invalid JSON"),
        (b'{"request": "r", "frames": []}', "frames: List should have at least 1"),
        (b'{"request": "r", "frames": [{"data": "!!"}]}', "no base64"),
        ('{"request": "r", "frames": [{"data": "é"}]}'.encode(), "no base64"),
        (b'{"request": "r", "frames": [{}]}', "either data or text"),
        (b'{"request": "r", "frames": [{"text": "a", "path": "/etc/passwd"}]}', "path"),
        (b'{"a": ' * 5000, "JSON"),
    ],
)
def test_what_is_no_request_is_refused_with_words(payload: bytes, words: str) -> None:
    line = Line()
    line.ask(payload)
    assert line.source.next(0) is None
    (answer,) = line.answers
    assert words in answer["errors"][0]["error"]
    assert answer.get("request") == ("r" if b'"r"' in payload else None)


@pytest.mark.parametrize(("drop", "served", "refused"), [("block", ["1", "2"], "3"), ("latest", ["2", "3"], "1")])
def test_a_full_queue_refuses_one_at_once_and_serves_the_others(drop: str, served: list[str], refused: str) -> None:
    line = Line(queue=2, drop=drop)
    for name in ("1", "2", "3"):
        line.ask({"request": name, "frames": [{"name": name, "text": "x"}]})
    assert [answer["request"] for answer in line.answers] == [refused]
    assert line.source.dropped == 1
    waiting = []
    while (frame := line.source.next(0)) is not None:
        waiting.append(frame.name)
    assert waiting == served


@pytest.mark.parametrize(
    "payload",
    [
        b'{"request": "r\\ud800", "frames": [{"text": "a"}]}',
        b'{"request": "r\\ud800", "frames": [{"text": "a\\udfff"}]}',
        b'{"request": "r\\ud800", "frames": [{"name": "\\ud800", "data": ""}]}',
    ],
    ids=["its name", "a text", "a frame's name"],
)
def test_a_lone_surrogate_in_a_request_is_refused_and_answered(payload: bytes) -> None:
    line = Line()
    line.ask(payload)
    assert line.source.next(0) is None
    (answer,) = line.answers
    assert answer["request"] == "r\ud800", "it was written as an escape, and comes back as one"
    assert "hex escape" in answer["errors"][0]["error"]
    line.ask({"frames": [{"text": "the next"}]})
    assert line.source.next(0) is not None


def test_a_prediction_that_no_reader_would_accept_is_an_error_of_its_frame() -> None:
    line = Line()
    line.ask({"request": "r", "frames": [{"name": "a", "text": "x"}]})
    frame = line.source.next(0)
    assert frame is not None
    line.source.done(frame, predicted("a")._replace(digest="no digest"))
    assert [each["frame"] for each in line.answers[0]["errors"]] == ["a"]


def test_what_waits_when_the_agent_ends_is_told_so() -> None:
    line = Line()
    line.ask({"request": "r", "frames": [{"text": "x"}]})
    line.source.stop()
    assert line.answers[0]["request"] == "r"
    line.ask(b"nobody listens")
    assert len(line.answers) == 1
