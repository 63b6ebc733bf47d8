"""From an image file's bytes to pixels, and from pixels to a graph's input."""

import os
from collections.abc import Callable
from pathlib import Path
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


def read_image(path: Path, preprocessing: Preprocessing) -> Pixels:
    """The image's pixels, gray or BGR as the preprocessing wants.

    Raises ``UnreadableFrameError`` for bytes that are no whole image, and ``OSError`` for a file that cannot be read.
    """
    data = np.frombuffer(path.read_bytes(), dtype=np.uint8)
    flags = cv2.IMREAD_GRAYSCALE if preprocessing.colour == "gray" else cv2.IMREAD_COLOR
    try:
        pixels = cv2.imdecode(data, flags) if data.size else None
    except cv2.error as error:
        raise UnreadableFrameError(f"{path.name} cannot be decoded: {_first_line(error)}") from None
    if pixels is None:
        what = "is empty" if not data.size else "is no image that can be decoded"
        raise UnreadableFrameError(f"{path.name} {what}; it is set aside")
    decoded: Pixels = pixels
    return decoded


def preprocessor(wanted: Preprocessing, dtype: type[np.generic]) -> Callable[[Pixels], NDArray[Any]]:
    """The function from pixels to the graph's input, of shape 1 × C × H × W or 1 × H × W × C and of ``dtype``."""
    height, width = wanted.size
    channels = 1 if wanted.colour == "gray" else 3
    mean = np.asarray(wanted.mean or [0.0] * channels, dtype=np.float32)
    std = np.asarray(wanted.std or [1.0] * channels, dtype=np.float32)
    # (pixel * scale - mean) / std, as one multiplication and one addition.
    factor, offset = np.float32(wanted.scale) / std, -mean / std
    plain = bool(np.all(factor == 1.0) and np.all(offset == 0.0))

    def prepare(pixels: Pixels) -> NDArray[Any]:
        fitted = _letterboxed(pixels, height, width, wanted.pad) if wanted.resize == "letterbox" else pixels
        if fitted.shape[:2] != (height, width):
            fitted = cv2.resize(fitted, (width, height), interpolation=cv2.INTER_LINEAR)
        if wanted.colour == "rgb":
            fitted = cv2.cvtColor(fitted, cv2.COLOR_BGR2RGB)
        values: NDArray[Any] = fitted.reshape(height, width, channels)
        if not plain:
            values = values * factor + offset
        if wanted.layout == "nchw":
            values = values.transpose(2, 0, 1)
        return np.ascontiguousarray(values[np.newaxis], dtype=dtype)

    return prepare


def _letterboxed(pixels: Pixels, height: int, width: int, pad: int) -> Pixels:
    ratio = min(height / pixels.shape[0], width / pixels.shape[1])
    inner_height = max(1, min(height, round(pixels.shape[0] * ratio)))
    inner_width = max(1, min(width, round(pixels.shape[1] * ratio)))
    canvas = np.full((height, width, *pixels.shape[2:]), pad, dtype=np.uint8)
    top, left = (height - inner_height) // 2, (width - inner_width) // 2
    inner = cv2.resize(pixels, (inner_width, inner_height), interpolation=cv2.INTER_LINEAR)
    canvas[top : top + inner_height, left : left + inner_width] = inner
    return canvas


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no reason given"])[0][:200]
