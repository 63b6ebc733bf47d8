"""Makes a graph's input of pixels: resize or letterbox, colour order, scale, mean and std, layout, element type.

Each thread has its own buffers, made once, so that a frame allocates as little as possible.
"""

import threading
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.tasks.images import Pixels
from shared_schema.model_manifest import Preprocessing


class Placement:
    """Where an image lies within the graph's input, and how it is scaled. Pure."""

    __slots__ = ("height", "left", "scale_x", "scale_y", "top", "width")

    def __init__(self, pixels: Pixels, wanted: Preprocessing) -> None:
        rows, columns = pixels.shape[:2]
        height, width = wanted.size
        self.top = self.left = 0
        self.height, self.width = height, width
        if wanted.resize == "letterbox":
            ratio = min(height / rows, width / columns)
            self.height = max(1, min(height, round(rows * ratio)))
            self.width = max(1, min(width, round(columns * ratio)))
            self.top, self.left = (height - self.height) // 2, (width - self.width) // 2
        self.scale_y, self.scale_x = self.height / rows, self.width / columns

    def to_image(self, boxes: NDArray[Any]) -> NDArray[Any]:
        """Boxes (n × 4: left, top, right, bottom) in the input's pixels → the same boxes in the image's pixels."""
        shift = np.array([self.left, self.top, self.left, self.top], dtype=np.float32)
        scale = np.array([self.scale_x, self.scale_y, self.scale_x, self.scale_y], dtype=np.float32)
        moved: NDArray[Any] = (boxes - shift) / scale
        return moved


def preprocessor(wanted: Preprocessing, dtype: type[np.generic]) -> Callable[[Pixels], NDArray[Any]]:
    """Return a function from pixels to the graph's input, of shape 1 × C × H × W or 1 × H × W × C and of ``dtype``.

    Its result is the calling thread's buffer, valid until that thread's next call: copy it to keep it.
    """
    mine = threading.local()

    def prepare(pixels: Pixels) -> NDArray[Any]:
        buffers = getattr(mine, "buffers", None)
        if buffers is None:
            buffers = mine.buffers = _Buffers(wanted, dtype)
        return buffers.fill(pixels)

    return prepare


class _Buffers:
    """One thread's buffers. ``(pixel * scale - mean) / std`` is one multiplication and one addition by channel."""

    def __init__(self, wanted: Preprocessing, dtype: type[np.generic]) -> None:
        height, width = wanted.size
        self._wanted = wanted
        self._channels = 1 if wanted.colour == "gray" else 3
        self._mean = np.asarray(wanted.mean or [0.0] * self._channels, dtype=np.float32)
        self._std = np.asarray(wanted.std or [1.0] * self._channels, dtype=np.float32)
        self._factor, self._offset = np.float32(wanted.scale) / self._std, -self._mean / self._std
        self._plain = bool(np.all(self._factor == 1.0) and np.all(self._offset == 0.0))
        colours = () if self._channels == 1 else (3,)
        self._canvas = np.full((height, width, *colours), wanted.pad, dtype=np.uint8)
        self._last: tuple[int, int, int, int] | None = None
        nchw = wanted.layout == "nchw"
        shape = (1, self._channels, height, width) if nchw else (1, height, width, self._channels)
        self._out = np.empty(shape, dtype=dtype)
        # cv2 cannot scale into half floats, and integers must be rounded, not cut.
        direct = dtype in {np.float32, np.float64}
        self._values = self._out if direct else np.empty(shape, dtype=np.float32)
        self._planes = [np.empty((height, width), dtype=np.uint8) for _ in range(self._channels)]

    def fill(self, pixels: Pixels) -> NDArray[Any]:
        fitted = self._fitted(pixels)
        target = self._out if self._plain else self._values
        if self._wanted.layout == "nchw":
            self._by_planes(fitted, target)
        else:
            self._by_pixels(fitted, target)
        if target is not self._out:
            self._convert()
        return self._out

    def _fitted(self, pixels: Pixels) -> Pixels:
        height, width = self._wanted.size
        if pixels.shape[:2] == (height, width):
            return pixels
        place = Placement(pixels, self._wanted)
        where = (place.top, place.left, place.height, place.width)
        if where != self._last:
            self._canvas.fill(self._wanted.pad)
            self._last = where
        inner = self._canvas[place.top : place.top + place.height, place.left : place.left + place.width]
        resized = cv2.resize(pixels, (place.width, place.height), dst=inner, interpolation=cv2.INTER_LINEAR)
        if resized is not inner:
            inner[...] = resized
        return self._canvas

    def _by_planes(self, fitted: Pixels, target: NDArray[Any]) -> None:
        planes = [fitted] if self._channels == 1 else cv2.split(fitted, self._planes)
        for channel in range(self._channels):
            plane = planes[2 - channel] if self._wanted.colour == "rgb" else planes[channel]
            self._scale(plane, target[0, channel], channel)

    def _by_pixels(self, fitted: Pixels, target: NDArray[Any]) -> None:
        if self._channels == 1:
            self._scale(fitted, target[0, :, :, 0], 0)
            return
        for channel in range(3):
            source = 2 - channel if self._wanted.colour == "rgb" else channel
            self._scale(fitted[:, :, source], target[0, :, :, channel], channel)

    def _scale(self, plane: Pixels, out: NDArray[Any], channel: int) -> None:
        if self._plain:
            out[...] = plane
            return
        if out.dtype == np.float32 and out.flags.c_contiguous and plane.flags.c_contiguous:
            factor, offset = float(self._factor[channel]), float(self._offset[channel])
            scaled = cv2.addWeighted(plane, factor, plane, 0.0, offset, dst=out, dtype=cv2.CV_32F)
            if scaled is not out:
                out[...] = scaled
            return
        np.multiply(plane, self._factor[channel], out=out)
        np.add(out, self._offset[channel], out=out)

    def _convert(self) -> None:
        if np.issubdtype(self._out.dtype, np.integer):
            bounds = np.iinfo(self._out.dtype)
            np.rint(self._values, out=self._values)
            np.clip(self._values, bounds.min, bounds.max, out=self._values)
        np.copyto(self._out, self._values, casting="unsafe")
