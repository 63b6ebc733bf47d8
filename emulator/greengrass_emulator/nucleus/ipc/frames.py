"""Event-stream frames, both ways (the wire of Greengrass IPC; see also AWS's "event stream encoding").

A frame is: total length, header length, CRC32 of these eight bytes; headers; payload; CRC32 of all before it.
"""

import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, IntFlag

from greengrass_emulator.nucleus.errors import FrameInvalid

PRELUDE = 12
_SHORTEST = 16
HeaderValue = bool | int | bytes | str

_FIXED: dict[int, tuple[str, int]] = {2: ("b", 1), 3: (">h", 2), 4: (">i", 4), 5: (">q", 8), 8: (">q", 8)}


class MessageType(IntEnum):
    """``:message-type``."""

    APPLICATION_MESSAGE = 0
    APPLICATION_ERROR = 1
    PING = 2
    PING_RESPONSE = 3
    CONNECT = 4
    CONNECT_ACK = 5
    PROTOCOL_ERROR = 6
    INTERNAL_ERROR = 7


class MessageFlag(IntFlag):
    """``:message-flags``."""

    NONE = 0
    CONNECTION_ACCEPTED = 1
    TERMINATE_STREAM = 2


@dataclass(frozen=True, slots=True)
class Frame:
    """One decoded frame."""

    headers: Mapping[str, HeaderValue]
    payload: bytes

    def number(self, name: str) -> int:
        """Return a header that must be an integer. Raises FrameInvalid."""
        value = self.headers.get(name)
        if not isinstance(value, int) or isinstance(value, bool):
            raise FrameInvalid(f"the header {name} is missing, or no number")
        return value

    def text(self, name: str) -> str | None:
        value = self.headers.get(name)
        return value if isinstance(value, str) else None


def encode(
    *, stream: int, kind: MessageType, flags: MessageFlag, payload: bytes, headers: Mapping[str, str] | None = None
) -> bytes:
    """Return one frame's bytes."""
    encoded = b"".join(
        _name(name) + struct.pack(">bi", 4, value)
        for name, value in ((":message-type", int(kind)), (":message-flags", int(flags)), (":stream-id", stream))
    )
    for name, value in (headers or {}).items():
        raw = value.encode()
        encoded += _name(name) + struct.pack(">bH", 7, len(raw)) + raw
    prelude = struct.pack(">II", _SHORTEST + len(encoded) + len(payload), len(encoded))
    body = prelude + struct.pack(">I", zlib.crc32(prelude)) + encoded + payload
    return body + struct.pack(">I", zlib.crc32(body))


def length_of(prelude: bytes, largest: int) -> int:
    """Return the whole length of the frame that begins with these 12 bytes. Raises FrameInvalid.

    A frame over ``largest`` is refused before it is read: lite closes the connection over 10,000 bytes.
    """
    total, headers, checksum = struct.unpack(">III", prelude)
    if zlib.crc32(prelude[:8]) != checksum:
        raise FrameInvalid("the prelude's checksum is wrong")
    if total < _SHORTEST or headers > total - _SHORTEST:
        raise FrameInvalid(f"a frame of {total} bytes cannot hold {headers} bytes of headers")
    if total > largest:
        raise FrameInvalid(f"a frame of {total} bytes is larger than {largest}")
    return int(total)


def decode(frame: bytes) -> Frame:
    """Return the frame in exactly these bytes. Raises FrameInvalid."""
    (checksum,) = struct.unpack(">I", frame[-4:])
    if zlib.crc32(frame[:-4]) != checksum:
        raise FrameInvalid("the message's checksum is wrong")
    (headers_length,) = struct.unpack(">I", frame[4:8])
    end = PRELUDE + headers_length
    return Frame(_headers(frame[PRELUDE:end]), frame[end:-4])


def _name(name: str) -> bytes:
    raw = name.encode()
    return struct.pack(">B", len(raw)) + raw


def _headers(raw: bytes) -> dict[str, HeaderValue]:
    headers: dict[str, HeaderValue] = {}
    at = 0
    try:
        while at < len(raw):
            length = raw[at]
            name = raw[at + 1 : at + 1 + length].decode()
            kind = raw[at + 1 + length]
            value, at = _header_value(raw, kind, at + 2 + length)
            headers[name] = value
    except (IndexError, UnicodeDecodeError, struct.error) as error:
        raise FrameInvalid(f"the headers cannot be read ({error})") from error
    return headers


def _header_value(raw: bytes, kind: int, at: int) -> tuple[HeaderValue, int]:
    if kind in {0, 1}:
        return kind == 0, at
    if kind in _FIXED:
        form, size = _FIXED[kind]
        return int(struct.unpack_from(form, raw, at)[0]), at + size
    if kind in {6, 7}:
        (size,) = struct.unpack_from(">H", raw, at)
        value = raw[at + 2 : at + 2 + size]
        if len(value) != size:
            raise FrameInvalid("a header is longer than the headers")
        return (value if kind == 6 else value.decode()), at + 2 + size
    if kind == 9:
        return raw[at : at + 16], at + 16
    raise FrameInvalid(f"a header has the unknown type {kind}")
