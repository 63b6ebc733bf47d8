"""Names for files that are kept of frames: in the order of time, and safe whatever the frame is called."""

import re
from pathlib import PurePath
from typing import Final

from edge_agent.predicted import Predicted

_ODD: Final = re.compile(r"[^A-Za-z0-9_-]+")


def entry_name(prediction: Predicted) -> str:
    """Such as ``20261124T201512123456-camera-00001``: the prediction's time, its source and frame, without dots."""
    frame = _ODD.sub("_", PurePath(prediction.frame).stem)[:80] or "frame"
    return f"{prediction.timestamp:%Y%m%dT%H%M%S%f}-{prediction.source}-{frame}"
