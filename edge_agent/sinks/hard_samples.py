"""Keeps frames worth labelling, with their predictions, for the next training."""

import logging
import random
import threading
from pathlib import Path
from typing import ClassVar

import cv2

from edge_agent.predicted import Predicted
from edge_agent.sinks.bounded_folder import BoundedFolder, entry_name
from edge_agent.sinks.sink import Seen
from edge_agent.tasks.output import least_score
from edge_agent.tasks.task import Content
from shared_schema.settings import HardSamples

logger = logging.getLogger(__name__)


class HardSampleFolder:
    """Keeps ``<name>.<kind>`` and ``<name>.json`` for a frame. Best effort: a failure costs the sample only."""

    durable: ClassVar[bool] = False

    def __init__(self, settings: HardSamples, work: Path) -> None:
        self._settings = settings
        self._folder = BoundedFolder(work / settings.path, keep=settings.keep, size=settings.max_bytes)
        self._lock = threading.Lock()
        self._chance = random.Random()  # noqa: S311  a sample, not a secret

    def write(self, prediction: Predicted, seen: Seen) -> None:
        if not self._is_hard(prediction):
            return
        try:
            kind, content = _file_of(seen.content, prediction.frame)
            files = {kind: content, ".json": prediction.line()}
            with self._lock:
                self._folder.put(entry_name(prediction), files)
        except (OSError, cv2.error) as error:
            logger.warning("hard sample not kept", extra={"frame": prediction.frame, "error": str(error)})

    def close(self) -> None:
        """Do nothing: no file is held open."""

    def _is_hard(self, prediction: Predicted) -> bool:
        score = least_score(prediction.output)
        if score is not None and self._settings.at_least <= score < self._settings.below:
            return True
        return self._settings.share > 0 and self._chance.random() < self._settings.share


def _file_of(content: Content, name: str) -> tuple[str, bytes]:
    """Return the file's suffix and the frame's bytes. A camera's pixels become a PNG, which loses nothing."""
    suffix = Path(name).suffix.lower()
    kind = suffix if suffix[1:].isalnum() and suffix != ".json" else ".frame"
    if isinstance(content, str):
        return kind, Path(content).read_bytes()
    if isinstance(content, bytes):
        return kind, content
    return ".png", cv2.imencode(".png", content)[1].tobytes()
