"""The frame decoder: any bytes are a frame or FrameInvalid, quickly."""

import struct
import zlib
from contextlib import suppress
from datetime import timedelta

from greengrass_emulator.nucleus.errors import FrameInvalid
from greengrass_emulator.nucleus.ipc.frames import PRELUDE, MessageFlag, MessageType, decode, encode, length_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

ROUND = settings(
    max_examples=200,
    deadline=timedelta(seconds=10),
    database=None,
    suppress_health_check=list(HealthCheck),
)
_LARGEST = 10_000


@ROUND
@given(st.binary(max_size=300), st.binary(max_size=300))
def any_bytes_are_frames_or_refused(headers: bytes, payload: bytes) -> None:
    """Whatever stands in the headers, in a frame whose lengths and checksums are right."""
    prelude = struct.pack(">II", len(headers) + len(payload) + 16, len(headers))
    body = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers + payload
    frame = body + struct.pack(">I", zlib.crc32(body))
    assert length_of(frame[:PRELUDE], _LARGEST) == len(frame)
    with suppress(FrameInvalid):
        decoded = decode(frame)
        assert decoded.payload == payload
        for name in decoded.headers:
            decoded.text(name)
            with suppress(FrameInvalid):
                decoded.number(name)


@ROUND
@given(st.data())
def spoilt_frames_are_refused(data: st.DataObject) -> None:
    """A good frame with some of its bytes changed, or cut short."""
    frame = bytearray(
        encode(
            stream=data.draw(st.integers(0, 2**31 - 1)),
            kind=data.draw(st.sampled_from(MessageType)),
            flags=data.draw(st.sampled_from(MessageFlag)),
            payload=data.draw(st.binary(max_size=200)),
            headers=data.draw(st.dictionaries(st.text(max_size=20), st.text(max_size=40), max_size=4)),
        )
    )
    good = bytes(frame)
    for place, value in data.draw(st.dictionaries(st.integers(0, len(frame) - 1), st.integers(0, 255))).items():
        frame[place] = value
    try:
        length = length_of(bytes(frame[:PRELUDE]), _LARGEST)
        if length == len(frame):
            decode(bytes(frame))
    except FrameInvalid:
        assert bytes(frame) != good
    else:
        assert bytes(frame) == good
