"""Bytes on the socket that are no good: the connection ends, the nucleus and everybody else go on."""

import json
import socket
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from greengrass_emulator.nucleus.ipc.frames import Frame, MessageFlag, MessageType, decode, encode

A = "com.example.a"


@contextmanager
def _socket(device: Any) -> Iterator[socket.socket]:
    with socket.socket(socket.AF_UNIX) as opened:
        opened.settimeout(10)
        opened.connect(device.status().socket)
        yield opened


def _read(opened: socket.socket) -> Frame | None:
    data = b""
    while len(data) < 4 or len(data) < struct.unpack(">I", data[:4])[0]:
        more = opened.recv(4096)
        if not more:
            return None
        data += more
    return decode(data[: struct.unpack(">I", data[:4])[0]])


def _connect(token: str) -> bytes:
    payload = json.dumps({"authToken": token}).encode()
    return encode(stream=0, kind=MessageType.CONNECT, flags=MessageFlag.NONE, payload=payload)


def _call(stream: int, operation: str, payload: bytes = b"{}") -> bytes:
    headers = {"operation": operation, "service-model-type": f"{operation}Request"}
    return encode(
        stream=stream,
        kind=MessageType.APPLICATION_MESSAGE,
        flags=MessageFlag.NONE,
        payload=payload,
        headers=headers,
    )


@pytest.fixture
def token(classic: Any) -> str:
    classic.give(A, configuration={"n": 5})
    classic.deploy(f"{A}=1.0.0")
    return str(classic.token(A))


def _spoilt(frame: bytes, at: int) -> bytes:
    return frame[:at] + bytes([frame[at] ^ 0xFF]) + frame[at + 1 :]


def _with_lengths(total: int, headers: int) -> bytes:
    prelude = struct.pack(">II", total, headers)
    return prelude + struct.pack(">I", zlib.crc32(prelude)) + b"\0" * 64


def test_broken_frames_end_only_their_own_connection(classic: Any, token: str) -> None:
    good = _call(1, "aws.greengrass#GetConfiguration")
    broken = {
        "prelude checksum": _spoilt(good, 9),
        "length": _spoilt(good, 2),
        "message checksum": _spoilt(good, len(good) - 1),
        "header": _spoilt(good, 20),
        "too short": _with_lengths(15, 0),
        "headers longer than the frame": _with_lengths(32, 4096),
        "too large": _with_lengths(64 * 1024 * 1024, 0),
        "no operation": _call(1, ""),
        "a stream of its own": _call(0, "aws.greengrass#GetConfiguration"),
        "a second connect": _connect(token),
    }
    with _socket(classic) as other:
        other.sendall(_connect(token))
        assert _read(other) is not None
        for what, frame in broken.items():
            with _socket(classic) as opened:
                opened.sendall(_connect(token))
                accepted = _read(opened)
                assert accepted is not None
                assert accepted.number(":message-flags") == MessageFlag.CONNECTION_ACCEPTED
                opened.sendall(frame)
                assert _read(opened) is None, what
        other.sendall(good)
        answer = _read(other)
        assert answer is not None
        assert json.loads(answer.payload) == {"componentName": A, "value": {"n": 5}}


def test_nothing_is_answered_before_a_connect(classic: Any, token: str) -> None:
    with _socket(classic) as opened:
        opened.sendall(_call(1, "aws.greengrass#GetConfiguration"))
        assert _read(opened) is None


@pytest.mark.parametrize("payload", [b"", b"no JSON", b"[]", b'{"authToken": 5}', b'{"authToken": "wrong"}'])
def test_a_connect_without_a_known_token_is_refused(classic: Any, payload: bytes) -> None:
    with _socket(classic) as opened:
        opened.sendall(encode(stream=0, kind=MessageType.CONNECT, flags=MessageFlag.NONE, payload=payload))
        answer = _read(opened)
        assert answer is not None
        assert answer.number(":message-type") == MessageType.CONNECT_ACK
        assert answer.number(":message-flags") == MessageFlag.NONE
        assert _read(opened) is None


def test_what_no_model_has_an_error_for_ends_its_stream_without_one(classic: Any, token: str) -> None:
    with _socket(classic) as opened:
        opened.sendall(_connect(token))
        _read(opened)
        unsupported = b'{"error": "Unsupported Operation", "message": "Nothing is an unsupported operation."}'
        calls = (
            ("aws.greengrass#Nothing", b"{}", "application/json", unsupported),
            ("aws.greengrass#GetConfiguration", b"no JSON", "text/plain", b"InternalServerError"),
            ("aws.greengrass#GetSecretValue", b"{}", "text/plain", b"InternalServerError"),
        )
        for stream, (operation, payload, content_type, said) in enumerate(calls, start=1):
            opened.sendall(_call(stream, operation, payload))
            answer = _read(opened)
            assert answer is not None
            assert answer.number(":stream-id") == stream
            assert answer.number(":message-type") == MessageType.APPLICATION_ERROR
            assert answer.number(":message-flags") == MessageFlag.TERMINATE_STREAM
            assert answer.text("service-model-type") is None
            assert (answer.text(":content-type"), answer.payload) == (content_type, said)
        opened.sendall(_call(7, "aws.greengrass#GetConfiguration"))
        answer = _read(opened)
        assert answer is not None
        assert answer.number(":message-type") == MessageType.APPLICATION_MESSAGE


def test_a_stream_number_is_used_once_and_upwards(classic: Any, token: str) -> None:
    with _socket(classic) as opened:
        opened.sendall(_connect(token))
        _read(opened)
        opened.sendall(_call(5, "aws.greengrass#GetConfiguration"))
        assert _read(opened) is not None
        opened.sendall(_call(4, "aws.greengrass#GetConfiguration"))
        assert _read(opened) is None


def _answers(opened: socket.socket) -> Iterator[Frame]:
    """Frames by a buffer, for many at once."""
    stream = opened.makefile("rb")
    while len(prelude := stream.read(4)) == 4:
        (length,) = struct.unpack(">I", prelude)
        yield decode(prelude + stream.read(length - 4))


def test_a_subscriber_that_does_not_read_is_dropped_with_an_error_and_slows_nobody(
    classic: Any, events: Any, everything_allowed: Any
) -> None:
    classic.give(A, configuration=everything_allowed)
    classic.deploy(f"{A}=1.0.0")
    token = classic.token(A)
    heard = events()
    reads = classic.speak_as(A)
    reads.subscribe_to_topic(topic="last", **heard.handlers())
    subscribe = json.dumps({"topic": "#"}).encode()
    message = json.dumps({"topic": "t", "publishMessage": {"jsonMessage": {"message": {"x": "y" * 300}}}}).encode()
    last = message.replace(b'"t"', b'"last"')
    with _socket(classic) as slow, _socket(classic) as publisher:
        for opened in (slow, publisher):
            opened.sendall(_connect(token))
            assert _read(opened) is not None
        slow.sendall(_call(1, "aws.greengrass#SubscribeToTopic", subscribe))
        assert _read(slow) is not None
        sent = 4_000
        answers = _answers(publisher)
        for number in range(1, sent + 1):
            publisher.sendall(_call(number, "aws.greengrass#PublishToTopic", message if number < sent else last))
            if number % 200 == 0:
                for _ in range(200):
                    assert next(answers).text("service-model-type") == "aws.greengrass#PublishToTopicResponse"
        assert heard.next().json_message.context.topic == "last"
        got = 0
        for frame in _answers(slow):
            got += 1
            if frame.number(":message-type") == MessageType.APPLICATION_ERROR:
                break
        assert frame.number(":message-flags") == MessageFlag.TERMINATE_STREAM
        assert "subscribe again" in json.loads(frame.payload)["message"]
        assert 2_000 < got < sent
        # Its connection lives, and it can do as it was told.
        slow.sendall(_call(2, "aws.greengrass#SubscribeToTopic", subscribe))
        answer = _read(slow)
        assert answer is not None
        assert answer.text("service-model-type") == "aws.greengrass#SubscribeToTopicResponse"


def test_a_client_that_vanishes_in_the_middle_harms_nobody(classic: Any, token: str) -> None:
    whole = _connect(token)
    subscribe = _call(1, "aws.greengrass#SubscribeToConfigurationUpdate")
    for sent in (b"", whole[:7], whole[:-1], whole + subscribe[:20], whole + subscribe, whole + subscribe[:-1]):
        with _socket(classic) as opened:
            opened.sendall(sent)
    with _socket(classic) as opened:
        opened.sendall(whole)
        assert _read(opened) is not None
        opened.sendall(_call(1, "aws.greengrass#GetConfiguration"))
        answer = _read(opened)
        assert answer is not None
        assert json.loads(answer.payload)["value"] == {"n": 5}
    assert "Traceback" not in classic.log()
