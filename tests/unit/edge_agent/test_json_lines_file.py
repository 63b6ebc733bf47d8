"""Predictions as lines: whole ones only, turned over by size."""

import contextlib
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge_agent.errors import SinkError
from edge_agent.predicted import Predicted
from edge_agent.sinks.json_lines import JsonLinesFile
from edge_agent.sinks.sink import Seen
from shared_schema.settings import JsonLinesSink

SEEN = Seen(b"", None)


def prediction(frame: str, frame_id: str | None = None, source: str = "camera") -> Predicted:
    return Predicted(
        source=source,
        frame=frame,
        frame_id=frame_id,
        model="digits",
        version="1.0.0",
        digest="A" * 43,
        timestamp=datetime(2026, 11, 24, tzinfo=UTC),
        latency_ms=1.5,
        output={"label": "7", "score": 0.9},
    )


def frames(path: Path) -> list[str]:
    return [json.loads(line)["frame"] for line in path.read_text("utf-8").splitlines()]


def test_each_prediction_is_one_line(tmp_path: Path) -> None:
    sink = JsonLinesFile(JsonLinesSink(path="out/p.jsonl"), tmp_path)
    for name in ("a", "b\n"):
        sink.write(prediction(name), SEEN)
    sink.close()
    assert frames(tmp_path / "out" / "p.jsonl") == ["a", "b\n"]


def test_a_full_file_is_turned_over_and_the_oldest_let_go(tmp_path: Path) -> None:
    sink = JsonLinesFile(JsonLinesSink.model_validate({"path": "p.jsonl", "max-bytes": 10_000, "keep": 2}), tmp_path)
    for number in range(200):
        sink.write(prediction(str(number)), SEEN)
    sink.close()
    kept = [frame for name in ("p.jsonl.2", "p.jsonl.1", "p.jsonl") for frame in frames(tmp_path / name)]
    assert kept == [str(number) for number in range(200 - len(kept), 200)]
    assert not (tmp_path / "p.jsonl.3").exists()
    assert all((tmp_path / name).stat().st_size <= 10_000 for name in ("p.jsonl", "p.jsonl.1", "p.jsonl.2"))


def test_half_a_line_of_a_killed_process_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    path.write_text('{"frame": "a"}\n{"frame": "b', "utf-8")
    sink = JsonLinesFile(JsonLinesSink(), tmp_path)
    sink.write(prediction("c"), SEEN)
    sink.close()
    assert frames(path) == ["a", "c"]


def test_however_long_half_a_line_is_it_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    path.write_text('{"frame": "a"}\n{"frame": "' + 200_000 * "b", "utf-8")
    sink = JsonLinesFile(JsonLinesSink(), tmp_path)
    sink.write(prediction("c"), SEEN)
    sink.close()
    assert frames(path) == ["a", "c"]


def test_a_frame_that_an_earlier_process_wrote_last_is_not_written_again(tmp_path: Path) -> None:
    for _ in range(2):
        with contextlib.closing(JsonLinesFile(JsonLinesSink(), tmp_path)) as sink:
            sink.write(prediction("a", "1-1"), SEEN)
            sink.write(prediction("b", "2-1", source="other"), SEEN)
    assert frames(tmp_path / "predictions.jsonl") == ["a", "b"]
    with contextlib.closing(JsonLinesFile(JsonLinesSink(), tmp_path)) as sink:
        sink.write(prediction("a", "1-2"), SEEN)
    assert frames(tmp_path / "predictions.jsonl") == ["a", "b", "a"], "another picture of the same name"


def test_a_frame_whose_line_was_turned_over_meanwhile_is_not_written_again(tmp_path: Path) -> None:
    settings = JsonLinesSink.model_validate({"path": "p.jsonl", "max-bytes": 10_000, "keep": 2})
    with contextlib.closing(JsonLinesFile(settings, tmp_path)) as sink:
        for number in range(20):
            sink.write(prediction(str(number), f"2-{number}", source="other"), SEEN)
        sink.write(prediction("a", "1-1"), SEEN)
        while not (tmp_path / "p.jsonl.1").exists():
            number += 1
            sink.write(prediction(str(number), f"2-{number}", source="other"), SEEN)
    assert "a" in frames(tmp_path / "p.jsonl.1")
    with contextlib.closing(JsonLinesFile(settings, tmp_path)) as sink:
        sink.write(prediction("a", "1-1"), SEEN)
    assert "a" not in frames(tmp_path / "p.jsonl")


def test_what_cannot_be_written_is_said_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file, no folder", "utf-8")
    sink = JsonLinesFile(JsonLinesSink(path="taken/p.jsonl"), tmp_path)
    with pytest.raises(SinkError, match=r"taken/p\.jsonl cannot be written .* correct the sink's path"):
        sink.write(prediction("a"), SEEN)


def _moved(path: Path) -> None:
    path.rename(path.with_name("moved"))


def _deleted(path: Path) -> None:
    path.unlink()


def _replaced(path: Path) -> None:
    path.with_name("other").write_text('{"frame": "other"}\n', "utf-8")
    path.with_name("other").replace(path)


def _emptied(path: Path) -> None:
    path.write_bytes(b"")


def _gone_with_its_folder(path: Path) -> None:
    shutil.rmtree(path.parent)


@pytest.mark.parametrize(
    ("spoil", "before"),
    [(_moved, []), (_deleted, []), (_replaced, ["other"]), (_emptied, []), (_gone_with_its_folder, [])],
)
def test_the_line_after_somebody_takes_the_file_away_is_where_readers_look(
    tmp_path: Path, spoil: Callable[[Path], None], before: list[str]
) -> None:
    path = tmp_path / "out" / "p.jsonl"
    with contextlib.closing(JsonLinesFile(JsonLinesSink(path="out/p.jsonl"), tmp_path)) as sink:
        sink.write(prediction("a", "1-1"), SEEN)
        spoil(path)
        sink.write(prediction("b", "1-2"), SEEN)
        assert frames(path) == [*before, "b"]
        sink.write(prediction("c", "1-3"), SEEN)
    assert frames(path) == [*before, "b", "c"]


def test_the_same_picture_copied_again_with_its_time_is_a_new_frame(tmp_path: Path) -> None:
    with contextlib.closing(JsonLinesFile(JsonLinesSink(), tmp_path)) as sink:
        sink.write(prediction("a", "1-1"), SEEN)
    with contextlib.closing(JsonLinesFile(JsonLinesSink(), tmp_path)) as sink:
        for _ in range(3):
            sink.write(prediction("a", "1-1"), SEEN)
    assert frames(tmp_path / "predictions.jsonl") == ["a", "a", "a"]


def test_a_file_that_somebody_emptied_is_turned_over_by_its_true_size(tmp_path: Path) -> None:
    path = tmp_path / "p.jsonl"
    settings = JsonLinesSink.model_validate({"path": "p.jsonl", "max-bytes": 10_000, "keep": 2})
    with contextlib.closing(JsonLinesFile(settings, tmp_path)) as sink:
        for number in range(30):
            sink.write(prediction(str(number)), SEEN)
        _emptied(path)
        for number in range(30):
            sink.write(prediction(str(number)), SEEN)
    assert len(frames(path)) == 30
    assert not (tmp_path / "p.jsonl.1").exists()
