"""From an encoded image to pixels. What becomes of them is in `preparing.py`."""

import os
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import UnreadableFrameError
from shared_schema.model_manifest import Preprocessing

MOST_PIXELS: Final = 1 << 26
"""A few kilobytes of PNG can unfold into gigabytes; 67 megapixels is more than any camera line has."""
# cv2 reads its limit once, when it is imported.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(MOST_PIXELS))

import cv2  # noqa: E402  (see the line above)

Pixels = NDArray[Any]
"""8-bit, height × width for gray, height × width × 3 in cv2's BGR order otherwise."""


def decode_image(content: bytes, name: str, preprocessing: Preprocessing) -> Pixels:
    """The image's pixels, gray or BGR as the preprocessing wants, turned as its EXIF says; alpha is left out, 16 bits
    become 8, CMYK becomes BGR.

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
    """A camera's pixels (BGR, or gray) in the form that `decode_image` gives."""
    if preprocessing.colour == "gray":
        return cv2.cvtColor(pixels, cv2.COLOR_BGR2GRAY) if pixels.ndim == 3 else pixels
    return pixels if pixels.ndim == 3 else cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)


def _is_whole(content: bytes) -> bool:
    """Some builds of cv2 fill the missing part of a JPEG with gray and say nothing; half an image is none."""
    if not content.startswith(b"\xff\xd8"):
        return True
    # Its thumbnail is a JPEG of its own: only an end of image (FFD9) behind the last start of scan (FFDA) is its end.
    return content.rfind(b"\xff\xd9") > content.rfind(b"\xff\xda")


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0][:200]
