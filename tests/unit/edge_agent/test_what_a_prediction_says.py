"""What the agent writes of a frame is what the schema's message would be: its short way must not be another way."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from edge_agent.predicted import Predicted
from shared_schema.messages import Prediction


def predicted(**other: Any) -> Predicted:
    said = Predicted(
        source="camera",
        frame="00001.jpg",
        frame_id="1f-2e",
        model="digits",
        version="1.2.3",
        digest="A" * 43,
        timestamp=datetime(2026, 11, 24, 20, 15, 12, 123456, tzinfo=UTC),
        latency_ms=12.345,
        output={"label": "7", "score": 0.9},
    )
    return said._replace(**other)


@pytest.mark.parametrize(
    "other",
    [
        {},
        {"frame_id": None},
        {"frame": 'ein "Bild"\n\u00e4\u2713'},
        {"timestamp": datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)},
        {"latency_ms": 12.0},
        {"output": {"label": "7", "score": 1.0, "top": [{"label": "7", "score": 1.0}]}},
        {"output": {"detections": []}},
        {"output": {"value": None, "nan": float("nan"), "far": float("inf")}},
        {"output": {"y": {"shape": [1, 2], "values": [1e-9, 12345678901234567890]}}},
    ],
)
def test_its_line_is_that_of_the_message(other: dict[str, Any]) -> None:
    said = predicted(**other)
    assert said.line().decode() == said.message().model_dump_json(by_alias=True, exclude_none=True)


def test_it_has_the_fields_of_the_message_in_their_order() -> None:
    assert Predicted._fields == tuple(Prediction.model_fields)


def test_what_no_reader_would_take_makes_no_message() -> None:
    with pytest.raises(ValidationError, match="version"):
        predicted(version="newest").message()
