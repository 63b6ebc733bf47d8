"""Decodes images to pixels. `preparing.py` makes a graph's input of them."""

import os
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import UnreadableFrameError
from shared_schema.model_manifest import Preprocessing

MOST_PIXELS: Final = 1 << 26
"""The most pixels of an image: a few kilobytes of PNG can decode to gigabytes. No line camera has more."""
# cv2 reads its limit once, when it is imported.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MOST_PIXELS))

import cv2  # noqa: E402  (see the line above)

Pixels = NDArray[Any]
"""8-bit, height × width for gray, height × width × 3 in cv2's BGR order otherwise."""


def decode_image(content: bytes, name: str, preprocessing: Preprocessing) -> Pixels:
    """Return the image's pixels, gray or BGR as the preprocessing says, rotated as its EXIF says.

    Alpha is left out, 16 bits become 8, CMYK becomes BGR.

    Raises ``UnreadableFrameError`` for bytes that are no whole image.
    """
    flags = cv2.IMREAD_GRAYSCALE if preprocessing.colour == "gray" else cv2.IMREAD_COLOR
    data = np.frombuffer(content, dtype=np.uint8)
    try:
        pixels = cv2.imdecode(data, flags) if data.size and _is_whole(content) else None
    except cv2.error as error:
        raise UnreadableFrameError(f"{name} cannot be decoded: {_first_line(error)}") from None
    if pixels is None:
        what = "is empty" if not data.size else "is no image that can be decoded"
        raise UnreadableFrameError(f"{name} {what}; it is set aside")
    decoded: Pixels = pixels
    return decoded


def as_wanted(pixels: Pixels, preprocessing: Preprocessing) -> Pixels:
    """Return a camera's pixels (BGR or gray) in the form that `decode_image` returns."""
    if preprocessing.colour == "gray":
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY) if pixels.ndim == 3 else pixels
    return pixels if pixels.ndim == 3 else cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)


def _is_whole(content: bytes) -> bool:
    """Return whether a JPEG has its end. Some builds of cv2 fill the missing part with gray and report nothing."""
    if not content.startswith(b"\xff\xd8"):
        return True
    # Its thumbnail is a JPEG too: only an end of image (FFD9) after the last start of scan (FFDA) counts.
    return content.rfind(b"\xff\xd9") > content.rfind(b"\xff\xda")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0][:200]
