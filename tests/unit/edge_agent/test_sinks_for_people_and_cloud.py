"""Predictions to the cloud, annotated images for people, and hard samples: all three are bounded."""

import json
import os
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_agent.predicted import Predicted
from edge_agent.reporting.publish_queue import PublishQueue
from edge_agent.reporting.published_predictions import PublishedPredictions
from edge_agent.sinks.annotated_images import AnnotatedImages, drawn
from edge_agent.sinks.hard_samples import HardSampleFolder
from edge_agent.sinks.sink import Seen
from edge_agent.sinks.topics import IotCore
from shared_schema.messages import MAXIMUM_BYTES
from shared_schema.settings import AnnotatedImagesSink, HardSamples, IotCoreSink
from shared_schema.topics import Topics

IMAGE = np.full((40, 60, 3), 90, np.uint8)
SEEN = Seen(IMAGE, IMAGE)


def predicted(label: str, score: float, frame: str = "a.png", at: int = 0, **output: Any) -> Predicted:
    when = datetime(2026, 11, 24, 20, at // 60, at % 60, tzinfo=UTC)
    said = output or {"label": label, "score": score}
    return Predicted("camera", frame, None, "digits", "1.0.0", "A" * 43, when, 1.0, said)


def sent_of(settings: dict[str, Any], *told: tuple[float, Predicted]) -> list[Predicted]:
    """What a sink of these settings sends of predictions that come at these seconds."""
    sent: list[Predicted] = []
    now = 0.0
    sink = IotCore(IotCoreSink.model_validate(settings), sent.append, lambda: now)
    for now, prediction in told:  # noqa: B007  the clock reads it
        sink.write(prediction, SEEN)
    return sent


def test_the_cloud_hears_at_most_so_many_a_second() -> None:
    sent = sent_of({"rate": 2}, *((number / 10, predicted("7", 0.9, str(number))) for number in range(11)))
    assert [each.frame for each in sent] == ["0", "5", "10"]


def test_the_cloud_hears_what_is_sure_enough_and_only_what_is_new() -> None:
    told = [("7", 0.9), ("7", 0.95), ("3", 0.2), ("3", 0.8), ("7", 0.7)]
    timed = [(float(10 * number), predicted(*each, frame=str(number))) for number, each in enumerate(told)]
    assert [each.frame for each in sent_of({"above": 0.5}, *timed)] == ["0", "1", "3", "4"]
    assert [each.frame for each in sent_of({"above": 0.5, "on-change": "true"}, *timed)] == ["0", "3", "4"]


def test_a_detector_is_news_when_it_sees_other_things() -> None:
    def seen(*labels: str) -> Predicted:
        return predicted("", 0, detections=[{"label": each, "score": 0.9, "box": [0, 0, 1, 1]} for each in labels])

    sent = sent_of({"on-change": True}, (0, seen("ship")), (10, seen("ship")), (20, seen("ship", "ship")), (30, seen()))
    assert [len(each.output["detections"]) for each in sent] == [1, 2, 0]


def test_a_message_stays_within_what_is_billed_once() -> None:
    posted: list[tuple[str, dict[str, Any]]] = []
    publish_queue = PublishQueue("test", lambda topic, payload: posted.append((topic, json.loads(payload))))
    published = PublishedPredictions("thing-1", publish_queue)
    many = [{"label": f"thing {number}", "score": 0.9, "box": [1.5, 2.5, 3.5, 4.5]} for number in range(300)]
    published.post(predicted("", 0, detections=many))
    published.topics = Topics("line", "thing-1")
    published.post(predicted("7", 0.9))
    published.post(predicted("", 0, detections=many))
    published.post(predicted("", 0, outputs={"y": [0.123456789] * 5000}))
    publish_queue.start()
    publish_queue.stop(5)
    assert [topic for topic, _ in posted] == ["dt/line/thing-1/prediction/digits"] * 3
    small, cut, emptied = (message for _, message in posted)
    assert (small["schema"], small["thing"], small["output"]["label"], small["cut"]) == (1, "thing-1", "7", False)
    assert cut["cut"]
    assert 10 < len(cut["output"]["detections"]) < 300
    assert cut["output"]["detections"][0]["label"] == "thing 0"
    assert (emptied["output"], emptied["cut"]) == ({}, True)
    assert all(len(json.dumps(message).encode()) < MAXIMUM_BYTES * 1.2 for _, message in posted)
    assert small["sequence"] < cut["sequence"] < emptied["sequence"]


def test_boxes_are_drawn_on_a_copy() -> None:
    output = {"detections": [{"label": "ship", "score": 0.9, "box": [10.0, 10.0, 30.0, 30.0]}]}
    picture = drawn(IMAGE, output)
    times = picture.shape[0] // IMAGE.shape[0]
    assert (picture[20 * times, 10 * times] != 90).any(), "the left edge of the box"
    assert (picture[5 * times, 55 * times] == 90).all()
    assert (IMAGE == 90).all()
    assert drawn(IMAGE[:, :, 0], {"label": "7", "score": 0.5}).ndim == 3


def test_annotated_images_are_kept_to_a_number_and_an_age(tmp_path: Path) -> None:
    folder = tmp_path / "annotated"
    folder.mkdir()
    (folder / "20200101T000000000000-camera-old.jpg").write_bytes(b"old")
    long_ago = time.time() - 100_000
    os.utime(folder / "20200101T000000000000-camera-old.jpg", (long_ago, long_ago))
    sink = AnnotatedImages(AnnotatedImagesSink.model_validate({"keep": 3, "rate": 100}), tmp_path)
    for number in range(5):
        sink.write(predicted("7", 0.9, frame=f"{number}.png", at=number), SEEN)
        time.sleep(0.011)
    assert [path.name[-5:] for path in sorted(folder.iterdir())] == ["2.jpg", "3.jpg", "4.jpg"]
    assert cv2.imread(str(sorted(folder.iterdir())[0])) is not None
    sink.write(predicted("7", 0.9, frame="row.csv"), Seen(b"a,b", [{"a": "1"}]))
    assert len(list(folder.iterdir())) == 3


def test_a_disk_that_takes_nothing_costs_pictures_and_no_prediction(tmp_path: Path) -> None:
    (tmp_path / "annotated").write_text("a file in the way", "utf-8")
    (tmp_path / "hard-samples").write_text("a file in the way", "utf-8")
    AnnotatedImages(AnnotatedImagesSink(), tmp_path).write(predicted("7", 0.9), SEEN)
    HardSampleFolder(HardSamples(share=1), tmp_path).write(predicted("7", 0.9), SEEN)


@pytest.mark.parametrize(
    ("score", "kept"),
    [(0.2, False), (0.4, True), (0.5, True), (0.6, False)],
    ids=["sure not", "from", "within", "below"],
)
def test_what_falls_between_two_scores_is_kept_with_its_prediction(tmp_path: Path, score: float, kept: bool) -> None:
    path = tmp_path / "frame 1.JPG"
    path.write_bytes(b"the very bytes")
    sink = HardSampleFolder(HardSamples.model_validate({"at-least": "0.4", "below": "0.6"}), tmp_path)
    sink.write(predicted("7", score, frame=path.name), Seen(str(path), IMAGE))
    found = sorted((tmp_path / "hard-samples").glob("*")) if kept else []
    assert len(found) == (2 if kept else 0)
    assert (tmp_path / "hard-samples").exists() is kept
    if kept:
        assert [each.suffix for each in found] == [".jpg", ".json"]
        assert found[0].stem == found[1].stem
        assert found[0].read_bytes() == b"the very bytes"
        assert json.loads(found[1].read_text("utf-8"))["output"] == {"label": "7", "score": score}


def test_a_cameras_hard_frame_is_kept_without_loss_and_the_oldest_goes_first(tmp_path: Path) -> None:
    settings = HardSamples.model_validate({"share": 1, "keep": 2})
    for number in range(2):
        HardSampleFolder(settings, tmp_path).write(predicted("7", 0.9, frame=f"{number}", at=number), SEEN)
    later = HardSampleFolder(settings, tmp_path)
    later.write(predicted("7", 0.9, frame="2", at=2), SEEN)
    found = sorted((tmp_path / "hard-samples").glob("*.png"))
    assert [each.stem[-1] for each in found] == ["1", "2"], "what an earlier process left counts"
    np.testing.assert_array_equal(cv2.imread(str(found[0])), IMAGE)


def test_hard_samples_stay_within_their_bytes(tmp_path: Path) -> None:
    sink = HardSampleFolder(HardSamples.model_validate({"share": 1, "max-bytes": 1_000_000}), tmp_path)
    for number in range(6):
        sink.write(predicted("7", 0.9, frame=f"{number}.bin", at=number), Seen(b"x" * 300_000, None))
    assert sum(path.stat().st_size for path in (tmp_path / "hard-samples").iterdir()) <= 1_000_000
    assert len(list((tmp_path / "hard-samples").glob("*.bin"))) == 3
