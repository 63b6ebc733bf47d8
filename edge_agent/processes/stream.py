"""The stream between control and a worker: frames of a header, which is JSON, and a payload of plain bytes.

A frame begins with the lengths of both, 4 bytes each, little-endian. Never pickle: the worker has opened a file that is
not trusted.
"""

import os
import struct
from dataclasses import dataclass
from typing import Final, NamedTuple

from edge_agent.errors import BabbleError

_LENGTHS: Final = struct.Struct("<II")
_CHUNK: Final = 1 << 16
LONGEST_HEADER: Final = 65_536
"""Bytes."""


class Frame(NamedTuple):
    """One message."""

    header: bytes
    payload: bytes


@dataclass(frozen=True, slots=True)
class Bounds:
    """How many bytes a worker may send: in one payload, and in all frames together."""

    payload: int
    all: int


class FrameReader:
    """Control's end of a stream whose descriptor does not block. It holds at most one chunk more than one frame."""

    def __init__(self, descriptor: int, bounds: Bounds) -> None:
        self._descriptor = descriptor
        self._bounds = bounds
        self._held = bytearray()
        self._taken = 0
        self.babbled: BabbleError | None = None
        """What the next `read` raises: nothing more needs to arrive for that."""
        self.ended = False
        """Whether the other end is closed."""

    def read(self) -> list[Frame]:
        """Return the frames that have arrived. Raises ``BabbleError`` at one beyond the bounds, after those before."""
        if self.babbled is not None:
            raise self.babbled
        try:
            chunk = os.read(self._descriptor, _CHUNK)
        except BlockingIOError:
            return []
        except ConnectionResetError:
            chunk = b""
        if not chunk:
            self.ended = True
            return []
        self._taken += len(chunk)
        if self._taken > self._bounds.all:
            raise BabbleError(f"more than {self._bounds.all} bytes")
        self._held += chunk
        frames: list[Frame] = []
        try:
            while (frame := self._first()) is not None:
                frames.append(frame)
        except BabbleError as error:
            if not frames:
                raise
            self.babbled = error
        return frames

    def _first(self) -> Frame | None:
        if len(self._held) < _LENGTHS.size:
            return None
        header, payload = _LENGTHS.unpack_from(self._held)
        if header > LONGEST_HEADER or payload > self._bounds.payload:
            raise BabbleError(f"a message of {header} and {payload} bytes")
        begins, ends = _LENGTHS.size + header, _LENGTHS.size + header + payload
        if len(self._held) < ends:
            return None
        frame = Frame(bytes(self._held[_LENGTHS.size : begins]), bytes(self._held[begins:ends]))
        del self._held[:ends]
        return frame


def framed(header: bytes, payload: bytes = b"") -> bytes:
    """Return a frame's bytes."""
    return _LENGTHS.pack(len(header), len(payload)) + header + payload


def write_all(descriptor: int, message: bytes) -> None:
    """Write every byte to a descriptor that blocks: the worker's end."""
    left = memoryview(message)
    while left:
        left = left[os.write(descriptor, left) :]


def read_frame(descriptor: int) -> Frame | None:
    """Return the next frame, for which a worker waits; ``None`` if control has closed its end."""
    lengths = _read_exactly(descriptor, _LENGTHS.size)
    if lengths is None:
        return None
    header, payload = _LENGTHS.unpack(lengths)
    body = _read_exactly(descriptor, header + payload)
    return None if body is None else Frame(body[:header], body[header:])


def _read_exactly(descriptor: int, size: int) -> bytes | None:
    found = bytearray()
    while len(found) < size:
        chunk = os.read(descriptor, min(size - len(found), _CHUNK))
        if not chunk:
            return None
        found += chunk
    return bytes(found)
