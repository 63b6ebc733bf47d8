"""Frames as AWS's own decoder reads them, and any bytes without an accident."""

import struct
import zlib
from contextlib import suppress

import pytest
from botocore.eventstream import EventStreamBuffer
from greengrass_emulator.nucleus.errors import FrameInvalid
from greengrass_emulator.nucleus.ipc.frames import PRELUDE, MessageFlag, MessageType, decode, encode, length_of
from hypothesis import given
from hypothesis import strategies as st

HEADERS = st.dictionaries(st.text("abc-:", min_size=1, max_size=10), st.text(max_size=30), max_size=4)


@given(st.binary(max_size=300), HEADERS, st.integers(0, 2**31 - 1))
def test_what_is_encoded_is_read_back_by_us_and_by_botocore(
    payload: bytes, headers: dict[str, str], stream: int
) -> None:
    frame = encode(
        stream=stream,
        kind=MessageType.APPLICATION_MESSAGE,
        flags=MessageFlag.TERMINATE_STREAM,
        payload=payload,
        headers=headers,
    )
    expected = {":message-type": 0, ":message-flags": 2, ":stream-id": stream, **headers}
    ours = decode(frame)
    assert (dict(ours.headers), ours.payload) == (expected, payload)
    assert length_of(frame[:PRELUDE], 10_000) == len(frame)
    buffer = EventStreamBuffer()
    buffer.add_data(frame)
    theirs = next(iter(buffer))
    assert (theirs.headers, theirs.payload) == (expected, payload)


def _read(frame: bytes) -> None:
    if length_of(frame[:PRELUDE], 10_000) == len(frame):
        decode(frame)


@given(st.data())
def test_a_spoilt_frame_is_refused(data: st.DataObject) -> None:
    frame = encode(stream=1, kind=MessageType.CONNECT, flags=MessageFlag.NONE, payload=b"{}", headers={"a": "b"})
    place = data.draw(st.integers(0, len(frame) - 1))
    spoilt = bytearray(frame)
    spoilt[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(FrameInvalid):
        _read(bytes(spoilt))


@given(st.binary(min_size=PRELUDE, max_size=PRELUDE))
def test_any_twelve_bytes_are_a_length_or_an_error(prelude: bytes) -> None:
    with suppress(FrameInvalid):
        assert 16 <= length_of(prelude, 1000) <= 1000


@given(st.binary(max_size=60))
def test_any_headers_are_read_or_refused(headers: bytes) -> None:
    prelude = struct.pack(">II", 16 + len(headers), len(headers))
    body = prelude + struct.pack(">I", zlib.crc32(prelude)) + headers
    with suppress(FrameInvalid):
        assert isinstance(decode(body + struct.pack(">I", zlib.crc32(body))).headers, dict)
