"""One component's connection: its handshake, its streams, and what waits to be sent to it.

``frames.py`` reads and writes the bytes, ``streams.py`` has what an operation sees, ``operations/`` the operations. A
subscription whose events are not read as fast as they come ends with an error, so that a slow component neither fills
the nucleus's memory nor slows others.
"""

import asyncio
import json
import logging
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

from greengrass_emulator.json_value import JsonObject
from greengrass_emulator.nucleus.errors import FrameInvalid
from greengrass_emulator.nucleus.ipc.admission import Admitted
from greengrass_emulator.nucleus.ipc.answers import IpcError, ServiceError, Unmodelled, internal_error, without_handler
from greengrass_emulator.nucleus.ipc.frames import PRELUDE, Frame, MessageFlag, MessageType, decode, encode, length_of
from greengrass_emulator.nucleus.ipc.streams import MOST_EVENTS_WAITING, Handler, Stream
from greengrass_emulator.nucleus.lite_sizes import fault_of_ipc_request
from greengrass_emulator.nucleus.runtimes import Runtime

_log = logging.getLogger(__name__)

_NAMESPACE = "aws.greengrass#"
_MOST_BYTES_WAITING = 16 * 1024 * 1024
"""What events may wait for one component. Answers and errors have no limit."""
_MOST_WAITING = 10_000
_MOST_STREAMS = 1_000
_HANDSHAKE_TIMEOUT = 10.0


class Connection:
    """Serves one socket until it closes.

    ``admit`` gets the connect message and the id of the process at the other end; it returns the component, or None to
    refuse it. If it raises ``ConnectionError``, the socket is closed without an answer. ``component`` is the owner.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        runtime: Runtime,
        handlers: dict[str, Handler],
        admit: Callable[[bytes, int], Admitted | None],
        held_up: Callable[[], float],
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._runtime = runtime
        self._handlers = handlers
        self._admit = admit
        self._held_up = held_up
        self.component = ""
        self._streams: dict[int, Stream] = {}
        self._latest = 0
        self._waiting: asyncio.Queue[bytes] = asyncio.Queue(_MOST_WAITING)
        self._bytes_waiting = 0
        self._calls: set[asyncio.Task[None]] = set()

    async def serve(self) -> None:
        """Read frames until the component disconnects, or does something that ends the connection."""
        sender = asyncio.create_task(self._send_waiting())
        try:
            if await self._handshake():
                while True:
                    frame = await self._next_frame()
                    await asyncio.sleep(self._held_up())
                    self._take(frame)
        except FrameInvalid as error:
            _log.warning("a connection is closed", extra={"component": self.component, "reason": str(error)})
        except ConnectionAbortedError as error:
            _log.info("a connection is closed without an answer", extra={"reason": str(error)})
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            await self._close(sender)

    def abort(self) -> None:
        """Close the connection at once, without a message."""
        self._writer.transport.abort()

    def send_event(self, stream: Stream, shape: str, payload: JsonObject) -> None:
        """Queue one event; if too many wait already, queue an error that ends the stream."""
        if self._waiting.qsize() >= MOST_EVENTS_WAITING or self._bytes_waiting >= _MOST_BYTES_WAITING:
            _log.warning(
                "a subscription is dropped: its events are not read",
                extra={"component": stream.component, "operation": stream.operation},
            )
            self._refuse(stream, ServiceError("events came faster than they were read; subscribe again"))
            return
        self.send(stream, MessageType.APPLICATION_MESSAGE, MessageFlag.NONE, shape, payload)

    def send(self, stream: Stream, kind: MessageType, flags: MessageFlag, shape: str, payload: JsonObject) -> None:
        """Queue one message of a stream.

        Lite replaces an answer that is too large by ServiceError (ipc_server.c, handle_operation).
        """
        frame = encode(
            stream=stream.number,
            kind=kind,
            flags=flags,
            payload=json.dumps(payload, ensure_ascii=False, separators=(",", ":")).encode(),
            headers={":content-type": "application/json", "service-model-type": shape},
        )
        if len(frame) > self._runtime.largest_frame:
            _log.warning("a frame is too large", extra={"component": self.component, "bytes": len(frame)})
            if self._runtime.has_fixed_buffers and not stream.is_answered:
                self._refuse(stream, ServiceError())
            else:
                self.abort()
            return
        self._put(frame)

    def _put(self, frame: bytes) -> None:
        try:
            self._waiting.put_nowait(frame)
            self._bytes_waiting += len(frame)
        except asyncio.QueueFull:
            _log.warning("a component does not read what it is sent", extra={"component": self.component})
            self.abort()

    async def _send_waiting(self) -> None:
        with suppress(ConnectionError):
            while True:
                frame = await self._waiting.get()
                self._bytes_waiting -= len(frame)
                self._writer.write(frame)
                await self._writer.drain()

    async def _next_frame(self) -> Frame:
        prelude = await self._reader.readexactly(PRELUDE)
        length = length_of(prelude, self._runtime.largest_frame)
        return decode(prelude + await self._reader.readexactly(length - PRELUDE))

    async def _handshake(self) -> bool:
        try:
            async with asyncio.timeout(_HANDSHAKE_TIMEOUT):
                frame = await self._next_frame()
        except TimeoutError as error:
            raise FrameInvalid("no connect message came") from error
        if frame.number(":message-type") != MessageType.CONNECT:
            raise FrameInvalid("the first message is not a connect message")
        admitted = self._admit(frame.payload, self._peer())
        accepted = admitted is not None
        self.component = admitted.component if admitted else ""
        self._put(
            encode(
                stream=0,
                kind=MessageType.CONNECT_ACK,
                flags=MessageFlag.CONNECTION_ACCEPTED if accepted else MessageFlag.NONE,
                payload=b"",
                headers={"svcuid": admitted.token} if admitted and admitted.token else None,
            )
        )
        if not accepted:
            _log.warning("a connection with an unknown token is refused")
            # The refusal must be written before the connection is closed.
            while not self._waiting.empty():
                await asyncio.sleep(0)
        return accepted

    def _peer(self) -> int:
        """Return the id of the process at the other end (SO_PEERCRED: pid, uid, gid)."""
        credentials = self._writer.get_extra_info("socket").getsockopt(
            socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i")
        )
        return int(struct.unpack("3i", credentials)[0])

    def _take(self, frame: Frame) -> None:
        kind = frame.number(":message-type")
        if kind == MessageType.PING:
            self._put(encode(stream=0, kind=MessageType.PING_RESPONSE, flags=MessageFlag.NONE, payload=frame.payload))
            return
        if kind == MessageType.PING_RESPONSE:
            return
        number, flags = frame.number(":stream-id"), frame.number(":message-flags")
        if kind != MessageType.APPLICATION_MESSAGE or number <= 0:
            raise FrameInvalid(f"a message of type {kind} on stream {number} is not for a server")
        stream = self._streams.get(number)
        if flags & MessageFlag.TERMINATE_STREAM:
            if stream is not None:
                del self._streams[number]
                stream.end()
        elif stream is None:
            self._open(number, frame)

    def _open(self, number: int, frame: Frame) -> None:
        operation = (frame.text("operation") or "").removeprefix(_NAMESPACE)
        if number <= self._latest:
            raise FrameInvalid(f"stream {number} is opened after stream {self._latest}")
        if not operation:
            raise FrameInvalid(f"stream {number} names no operation")
        if len(self._streams) >= _MOST_STREAMS:
            raise FrameInvalid(f"more than {_MOST_STREAMS} streams are open")
        self._latest = number
        stream = Stream(self.component, operation, number, self)
        self._streams[number] = stream
        # A call may wait for a deployment or a broker; the component's other calls go on meanwhile.
        task = asyncio.create_task(self._call(stream, frame.payload))
        self._calls.add(task)
        task.add_done_callback(self._calls.discard)

    async def _call(self, stream: Stream, payload: bytes) -> None:
        try:
            handler = self._handlers.get(stream.operation)
            if handler is None:
                raise without_handler(stream.operation, is_modelled=stream.operation in self._runtime.modelled)
            request = _object(payload)
            if self._runtime.has_fixed_buffers and (fault := fault_of_ipc_request(request)) is not None:
                raise ServiceError(fault)
            answer = await handler(stream, request)
        except IpcError as error:
            self._refuse(stream, error)
        except Unmodelled as error:
            self._refuse_unmodelled(stream, error)
        except Exception:  # noqa: BLE001 - one bad call must not end the connection
            _log.exception("an operation failed", extra={"component": stream.component, "operation": stream.operation})
            self._refuse_unmodelled(stream, internal_error())
        else:
            flags = MessageFlag.NONE if answer.stays_open else MessageFlag.TERMINATE_STREAM
            shape = f"{_NAMESPACE}{stream.operation}Response"
            self.send(stream, MessageType.APPLICATION_MESSAGE, flags, shape, answer.payload)
            if answer.stays_open:
                stream.answered()
            else:
                self._forget(stream)

    def _refuse(self, stream: Stream, error: IpcError) -> None:
        self.send(
            stream,
            MessageType.APPLICATION_ERROR,
            MessageFlag.TERMINATE_STREAM,
            _NAMESPACE + error.name,
            error.payload(self._runtime.errors_have_text),
        )
        self._forget(stream)

    def _refuse_unmodelled(self, stream: Stream, error: Unmodelled) -> None:
        if not self._runtime.errors_have_text:
            # Lite models every error.
            self._refuse(stream, ServiceError())
            return
        kind, flags = MessageType.APPLICATION_ERROR, MessageFlag.TERMINATE_STREAM
        headers = {":content-type": error.content_type}
        self._put(encode(stream=stream.number, kind=kind, flags=flags, payload=error.body.encode(), headers=headers))
        self._forget(stream)

    def _forget(self, stream: Stream) -> None:
        self._streams.pop(stream.number, None)
        stream.end()

    async def _close(self, sender: asyncio.Task[None]) -> None:
        for stream in tuple(self._streams.values()):
            self._forget(stream)
        for task in (sender, *self._calls):
            task.cancel()
        await asyncio.gather(sender, *self._calls, return_exceptions=True)
        self._writer.close()
        with suppress(ConnectionError):
            await self._writer.wait_closed()


def _object(payload: bytes) -> JsonObject:
    try:
        document = json.loads(payload or b"{}")
    except ValueError as error:
        raise internal_error() from error
    if not isinstance(document, dict):
        raise internal_error()
    return document
