"""Images with the predictions drawn on them, for people."""

import logging
import threading
import time
from pathlib import Path
from typing import Any, ClassVar, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.predicted import Predicted
from edge_agent.sinks.bounded_folder import BoundedFolder, entry_name
from edge_agent.sinks.sink import Seen
from edge_agent.tasks.output import Output, labelled
from shared_schema.settings import AnnotatedImagesSink

logger = logging.getLogger(__name__)
_COLOURS: Final = ((60, 200, 60), (40, 120, 255), (255, 140, 40), (200, 60, 200), (60, 220, 220))


class AnnotatedImages:
    """Best effort: on a full disk images are lost, and no predictions. Frames that are no images are ignored."""

    durable: ClassVar[bool] = False

    def __init__(self, settings: AnnotatedImagesSink, work: Path) -> None:
        self._folder = BoundedFolder(work / settings.path, keep=settings.keep, age=settings.max_age)
        self._pause = 1 / settings.rate
        self._lock = threading.Lock()
        self._next = 0.0

    def write(self, prediction: Predicted, seen: Seen) -> None:
        if not isinstance(seen.frame, np.ndarray):
            return
        with self._lock:
            if time.monotonic() < self._next:
                return
            self._next = time.monotonic() + self._pause
            try:
                _, encoded = cv2.imencode(".jpg", drawn(seen.frame, prediction.output))
                self._folder.put(entry_name(prediction), {".jpg": encoded.tobytes()})
                self._folder.prune()
            except (OSError, cv2.error) as error:
                logger.warning("annotated image not written", extra={"error": str(error)})

    def close(self) -> None:
        """Do nothing: no file is held open."""


def drawn(pixels: NDArray[Any], output: Output) -> NDArray[Any]:
    """Return a colour copy with boxes, labels and scores. Small images are enlarged, so that the text is readable."""
    times = max(1, round(240 / max(pixels.shape[:2])))
    canvas: Any = cv2.resize(pixels, None, fx=times, fy=times, interpolation=cv2.INTER_NEAREST)
    if canvas.ndim == 2:
        canvas = cv2.cvtColor(canvas, cv2.COLOR_GRAY2BGR)
    thick = max(1, round(max(canvas.shape[:2]) / 640))
    if "detections" in output:
        for found in output["detections"]:
            left, top, right, bottom = (round(each * times) for each in found["box"])
            colour = _COLOURS[sum(found["label"].encode()) % len(_COLOURS)]
            cv2.rectangle(canvas, (left, top), (right, bottom), colour, 2 * thick)
            _word(canvas, f"{found['label']} {found['score']:.2f}", (left, max(top - 4, 14 * thick)), colour, thick)
    else:
        for number, (label, score) in enumerate(labelled(output)[:5], 1):
            _word(canvas, f"{label} {score:.2f}", (6, 18 * thick * number), _COLOURS[0], thick)
    painted: NDArray[Any] = canvas
    return painted


def _word(canvas: Any, text: str, at: tuple[int, int], colour: tuple[int, int, int], thick: int) -> None:
    for shade, width in (((0, 0, 0), 3 * thick), (colour, thick)):
        cv2.putText(canvas, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.5 * thick, shade, width, cv2.LINE_AA)
