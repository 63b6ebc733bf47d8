"""Frames of a video file, a camera or a stream, by cv2. What ends or breaks is opened again, with growing pauses."""

import logging
import re
import threading
import time
from collections import deque
from pathlib import Path
from typing import Any, Final

import cv2

from edge_agent.backoff import Backoff
from edge_agent.predicted import Predicted
from edge_agent.sources.source import Offered
from shared_schema.settings import VideoSource

logger = logging.getLogger(__name__)
_CREDENTIALS: Final = re.compile(r"//[^/@]*@")


class Video:
    """Owns the thread that reads, from `start` to `stop`. Frames are named by their number since `start`."""

    def __init__(self, settings: VideoSource, work: Path) -> None:
        self._settings = settings
        self._file = _file(settings.address, work)
        self._shown = _CREDENTIALS.sub("//", settings.address)
        self._changed = threading.Condition()
        self._waiting: deque[Offered] = deque()
        self._dropped = 0
        self._number = 0
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._work, name="video", daemon=True)

    @property
    def dropped(self) -> int:
        return self._dropped

    @property
    def trouble(self) -> str | None:
        return None

    def start(self) -> None:
        self._thread.start()

    def next(self, timeout: float) -> Offered | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, timeout)
            frame = self._waiting.popleft() if self._waiting else None
            self._changed.notify_all()
            return frame

    def done(self, frame: Offered, prediction: Predicted | None = None) -> None:
        """Do nothing: a video's frame needs no removal."""

    def set_aside(self, frame: Offered, why: str) -> None:
        logger.warning("frame without a prediction", extra={"frame": frame.name, "why": why})

    def give_back(self, frame: Offered) -> None:
        with self._changed:
            self._waiting.appendleft(frame)

    def stop(self) -> None:
        self._stopping.set()
        with self._changed:
            self._changed.notify_all()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def _work(self) -> None:
        backoff = Backoff(0.5, 30.0)
        while not self._stopping.is_set():
            frames = self._play()
            if frames:
                backoff.reset()
            if frames and self._file is not None:
                if not self._settings.repeat:
                    logger.info("video ended", extra={"address": self._shown, "frames": frames})
                    return
                continue
            pause = backoff.pause()
            if not frames:
                logger.warning("video gives nothing", extra={"address": self._shown, "again_in": pause})
            self._stopping.wait(pause)

    def _play(self) -> int:
        """Open the video and read it to its end. Return how many frames came."""
        capture = cv2.VideoCapture(_opened_as(self._file, self._settings.address))
        began = self._number
        try:
            if capture.isOpened():
                self._read(capture)
        except cv2.error as error:
            logger.warning("video broken", extra={"address": self._shown, "error": str(error).strip()[:200]})
        finally:
            capture.release()
        return self._number - began

    def _read(self, capture: Any) -> None:
        spacing = 1 / self._settings.rate if self._settings.rate else 0.0
        due = time.monotonic()
        while not self._stopping.is_set():
            if self._file is not None:
                # A file can wait. A camera goes on: frames that come too early are skipped undecoded.
                self._stopping.wait(max(0.0, due - time.monotonic()))
            if not capture.grab():
                return
            if time.monotonic() < due:
                continue
            whole, pixels = capture.retrieve()
            if not whole:
                return
            due = max(due + spacing, time.monotonic() - spacing)
            self._put(pixels)

    def _put(self, pixels: Any) -> None:
        with self._changed:
            if self._settings.drop == "block":
                self._changed.wait_for(lambda: len(self._waiting) < self._settings.queue or self._stopping.is_set())
            elif len(self._waiting) >= self._settings.queue:
                self._waiting.popleft()
                self._dropped += 1
            self._number += 1
            self._waiting.append(Offered(f"{self._number:08d}", pixels, time.monotonic(), (self._number,)))
            self._changed.notify_all()


def _file(address: str, work: Path) -> Path | None:
    """Return the file of an address; ``None`` for a camera or a stream. The file need not exist yet."""
    if address.isdecimal() or "://" in address or address.startswith("/dev/"):
        return None
    return work / address


def _opened_as(file: Path | None, address: str) -> Any:
    if file is not None:
        return str(file)
    return int(address) if address.isdecimal() else address
