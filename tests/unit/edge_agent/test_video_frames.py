"""A video file as a camera: every frame where that is wanted, the newest where it is not, opened again when it ends."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge_agent.sources.source import Offered
from edge_agent.sources.video import Video
from shared_schema.settings import VideoSource

FRAMES = 12


def film(path: Path) -> Path:
    """Each frame is brighter than the last."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 25, (32, 24))
    for number in range(FRAMES):
        writer.write(np.full((24, 32, 3), 20 * number, np.uint8))
    writer.release()
    return path


@pytest.fixture
def playing(tmp_path: Path) -> Iterator[Callable[..., Video]]:
    videos: list[Video] = []

    def play(address: str, **settings: Any) -> Video:
        video = Video(VideoSource.model_validate({"address": address, **settings}), tmp_path)
        videos.append(video)
        video.start()
        return video

    yield play
    for video in videos:
        video.stop()


def taken(video: Video, *, timeout: float = 2.0) -> list[Offered]:
    found = []
    while (frame := video.next(timeout)) is not None:
        found.append(frame)
        video.done(frame)
        timeout = 0.5
    return found


def test_every_frame_of_a_file_comes_once_and_in_order(tmp_path: Path, playing: Callable[..., Video]) -> None:
    film(tmp_path / "line.avi")
    video = playing("line.avi", drop="block")
    frames = taken(video)
    assert [frame.name for frame in frames] == [f"{number:08d}" for number in range(1, FRAMES + 1)]
    brightness = [float(np.asarray(frame.content).mean()) for frame in frames]
    assert brightness == pytest.approx([20 * number for number in range(FRAMES)], abs=4)
    assert video.dropped == 0
    assert video.next(0.3) is None, "a file that has ended is over"


def test_a_slow_reader_gets_the_newest_frames_and_the_rest_are_counted(
    tmp_path: Path, playing: Callable[..., Video]
) -> None:
    film(tmp_path / "line.avi")
    video = playing("line.avi", queue=2)
    deadline = time.monotonic() + 10
    while video.dropped < FRAMES - 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    assert [frame.name for frame in taken(video)] == [f"{FRAMES - 1:08d}", f"{FRAMES:08d}"]
    assert video.dropped == FRAMES - 2


def test_a_frame_that_was_given_back_comes_first(tmp_path: Path, playing: Callable[..., Video]) -> None:
    film(tmp_path / "line.avi")
    video = playing("line.avi", drop="block")
    first = video.next(5)
    assert first is not None
    video.give_back(first)
    again = video.next(5)
    assert again is not None
    assert again.name == first.name


def test_a_file_that_is_not_there_yet_is_opened_when_it_comes_and_may_begin_again(
    tmp_path: Path, playing: Callable[..., Video], caplog: pytest.LogCaptureFixture
) -> None:
    video = playing("late.avi", drop="block", repeat=True, queue=1)
    assert video.next(0.3) is None
    film(tmp_path / "late.avi")
    names = []
    while len(names) < FRAMES + 2:
        frame = video.next(5)
        assert frame is not None
        names.append(frame.name)
    assert names[-1] == f"{FRAMES + 2:08d}"
    assert "video gives nothing" in caplog.text


def test_a_password_in_an_address_is_not_logged(
    playing: Callable[..., Video], caplog: pytest.LogCaptureFixture
) -> None:
    video = playing("http://user:secret@127.0.0.1:9/stream")
    deadline = time.monotonic() + 10
    while not any(record.msg == "video gives nothing" for record in caplog.records) and time.monotonic() < deadline:
        time.sleep(0.05)
    video.stop()
    addresses = [vars(record).get("address") for record in caplog.records]
    assert addresses
    assert set(addresses) == {"http://127.0.0.1:9/stream"}
