"""The MQTT brokers, one for each account, in one thread: amqtt, changed to behave like AWS IoT Core.

Mutual TLS is required, the certificate identifies a client, the reserved topics go to their services, and a thing that
uses another's reserved topics is disconnected. amqtt asks for certificates only optionally and refuses
every topic that begins with ``$``: hence the subclass, which depends on amqtt 0.12's internal methods.
"""

import asyncio
import logging
import ssl
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from amqtt.adapters import BufferReader
from amqtt.broker import Broker
from amqtt.contexts import Action, BrokerConfig, ListenerConfig
from amqtt.errors import MQTTError
from amqtt.mqtt.connack import NOT_AUTHORIZED, ConnackPacket
from amqtt.mqtt.connect import ConnectPacket
from amqtt.session import Session

from greengrass_emulator.cloud.certificate_authority import ServerIdentity
from greengrass_emulator.cloud.device_messages.reserved_topics import is_own_topic
from greengrass_emulator.errors import CloudNotRunning

_log = logging.getLogger(__name__)
_START_SECONDS = 10
_STOP_SECONDS = 10
_TAKE_OVER_SECONDS = 2
_LISTENER = "default"


@dataclass(frozen=True, slots=True)
class BrokerPlan:
    """What one account's broker calls and checks."""

    things_of_certificate: Callable[[bytes], tuple[str, ...]]
    take_message: Callable[[str, str, bytes], None]
    """Is called in the brokers' thread with thing, topic and payload of each message on a reserved topic."""
    publish_received: Callable[[str, bytes], None] = lambda _topic, _payload: None
    """Is called with each message on any other topic, in the brokers' thread; must not wait."""
    permits: Callable[[str, str, str, str], bool] | None = None
    """Returns whether a thing's policies allow it: thing, client id, IAM action, topic. None allows all."""


@dataclass(frozen=True, slots=True)
class _Connection:
    handler: Any
    ended: asyncio.Event


class _AccountBroker(Broker):
    """One account's broker. Knows the thing behind each client id."""

    def __init__(self, plan: BrokerPlan, identity: ServerIdentity) -> None:
        listener = ListenerConfig(
            bind="127.0.0.1:0",
            ssl=True,
            cafile=identity.root_path,
            certfile=identity.certificate_path,
            keyfile=identity.key_path,
        )
        super().__init__(BrokerConfig(listeners={_LISTENER: listener}, plugins={}))
        self._plan = plan
        self._things: dict[str, str] = {}
        self._connections: dict[str, _Connection] = {}
        self._refused: frozenset[str] | None = frozenset()

    @property
    def port(self) -> int:
        """The port that the broker listens on."""
        sockets = list(self._servers[_LISTENER].instance.sockets)
        return int(sockets[0].getsockname()[1])

    async def refuse(self, things: frozenset[str] | None) -> None:
        """Disconnect these things' clients (None: all clients), now and whenever they reconnect."""
        self._refused = things
        for client, connection in list(self._connections.items()):
            if self._is_refused(self._things.get(client, "")):
                await connection.handler.handle_connection_closed()

    def _is_refused(self, thing: str) -> bool:
        return self._refused is None or thing in self._refused

    @staticmethod
    def _create_ssl_context(listener: ListenerConfig) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(listener.cafile))
        context.load_cert_chain(str(listener.certfile), str(listener.keyfile))
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    async def _initialize_client_session(self, reader: Any, writer: Any, *peer: Any) -> tuple[Any, Session]:
        # The certificate is checked before everything else: amqtt would first forget the session that a
        # stranger names, or end the connection that holds it.
        connect = await ConnectPacket.from_stream(reader)
        client: str = (connect.payload.client_id if connect.payload else None) or ""
        thing = self._thing_of(writer.get_ssl_info(), client)
        if thing is not None and self._is_refused(thing):
            # A disconnected client may still have sent something.
            with suppress(OSError):
                await writer.close()
            raise MQTTError(f"{client!r} is refused on demand")
        if thing is None or not self._may_connect(thing, client, connect):
            _log.warning("mqtt client refused", extra={"client": client})
            await ConnackPacket.build(0, NOT_AUTHORIZED).to_stream(writer)
            await writer.close()
            raise MQTTError(f"{client!r} is not a client id of its certificate, or the thing's policies refuse it")
        self._things[client] = thing
        _log.info("mqtt client connected", extra={"client": client, "thing": thing})
        return await super()._initialize_client_session(BufferReader(connect.to_bytes()), writer, *peer)

    async def _authenticate(self, session: Session, _: ListenerConfig) -> bool:
        return (session.client_id or "") in self._things

    async def _handle_client_session(
        self, reader: Any, writer: Any, client_session: Session, handler: Any, *place: Any
    ) -> None:
        client = client_session.client_id or ""
        await self._take_over(client)
        self._connections[client] = connection = _Connection(handler, asyncio.Event())
        try:
            await super()._handle_client_session(reader, writer, client_session, handler, *place)
        finally:
            connection.ended.set()
            if self._connections.get(client) is connection:
                del self._connections[client]
                if client_session.clean_session:
                    # amqtt keeps it, and answers "session present" to a later persistent one (MQTT 3.1.1, 3.1.2-6).
                    await self._delete_session(client)

    async def _take_over(self, client: str) -> None:
        # AWS IoT ends the older connection of a client id. amqtt leaves it open for a clean session, and loses the new
        # one for a persistent session, which both share: so the older one ends first, here.
        older = self._connections.get(client)
        if older is None:
            return
        _log.info("mqtt client taken over", extra={"client": client})
        await older.handler.handle_connection_closed()
        with suppress(TimeoutError):
            await asyncio.wait_for(older.ended.wait(), _TAKE_OVER_SECONDS)

    def _thing_of(self, tls: ssl.SSLObject | None, client: str) -> str | None:
        der = tls.getpeercert(binary_form=True) if tls else None
        things = self._plan.things_of_certificate(der) if der else ()
        return next((t for t in things if client == t or client.startswith((f"{t}#", f"{t}-", f"{t}/"))), None)

    async def _topic_filtering(self, session: Session, topic: str, action: Action) -> bool:
        client = session.client_id or ""
        thing = self._things.get(client, "")
        if action is Action.SUBSCRIBE:
            own = not topic.startswith("$aws/") or is_own_topic(thing, topic)
            return self._may(thing, client, "Subscribe", topic) and own
        return action is not Action.RECEIVE or self._may(thing, client, "Receive", topic)

    def _may(self, thing: str, client: str, action: str, topic: str) -> bool:
        return self._plan.permits is None or self._plan.permits(thing, client, action, topic)

    def _may_connect(self, thing: str, client: str, connect: ConnectPacket) -> bool:
        will = connect.payload.will_topic if connect.payload else None
        return self._may(thing, client, "Connect", client) and (
            not will or self._may_publish(thing, client, will, retain=bool(connect.will_retain_flag))
        )

    def _may_publish(self, thing: str, client: str, topic: str, *, retain: bool) -> bool:
        return self._may(thing, client, "Publish", topic) and (
            not retain or self._may(thing, client, "RetainPublish", topic)
        )

    async def _handle_message_delivery(self, client_session: Session, handler: Any, wait_deliver: Any) -> bool:
        message = wait_deliver.result()
        if message is None or not message.topic:
            return bool(await super()._handle_message_delivery(client_session, handler, wait_deliver))
        client = client_session.client_id or ""
        thing = self._things.get(client, "")
        permitted = self._may_publish(thing, client, message.topic, retain=bool(message.retain))
        if permitted and not message.topic.startswith("$"):
            self._plan.publish_received(message.topic, bytes(message.data or b""))
            return bool(await super()._handle_message_delivery(client_session, handler, wait_deliver))
        if not permitted or not is_own_topic(thing, message.topic):
            _log.warning("mqtt client cut off", extra={"thing": thing, "topic": message.topic})
            # AWS IoT disconnects a client that publishes without permission.
            await handler.handle_connection_closed()
            return True
        try:
            self._plan.take_message(thing, message.topic, bytes(message.data or b""))
        except Exception:  # noqa: BLE001 - one bad message must not end the broker
            _log.exception("reserved topic failed", extra={"thing": thing, "topic": message.topic})
        return True


class MqttBrokers:
    """The thread that runs every account's broker. It owns its event loop."""

    def __init__(self, plans: Mapping[str, BrokerPlan], identity: ServerIdentity) -> None:
        self._plans = plans
        self._identity = identity
        self._loop: asyncio.AbstractEventLoop | None = None
        self._brokers: dict[str, _AccountBroker] = {}
        self._ready = threading.Event()
        self._stopping: asyncio.Event | None = None
        self._failure: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="mqtt-brokers", daemon=True)

    def start(self) -> None:
        """Start the thread and wait until every broker listens. Raises ``CloudNotRunning``."""
        self._thread.start()
        if not self._ready.wait(_START_SECONDS) or self._failure is not None:
            raise CloudNotRunning(
                f"The MQTT brokers did not start within {_START_SECONDS} s", "see the log"
            ) from self._failure

    def stop(self) -> None:
        """End every broker and the thread."""
        loop, stopping = self._loop, self._stopping
        if loop is not None and stopping is not None and not loop.is_closed():
            loop.call_soon_threadsafe(stopping.set)
        self._thread.join(timeout=_STOP_SECONDS)

    def port(self, account_id: str) -> int:
        """Return the port of an account's broker."""
        return self._brokers[account_id].port

    def refuse(self, account_id: str, things: frozenset[str] | None) -> None:
        """Disconnect some things of an account, or all (None); the empty set refuses none. Waits until done."""
        loop = self._loop
        if loop is not None and not loop.is_closed():
            asyncio.run_coroutine_threadsafe(self._brokers[account_id].refuse(things), loop).result(_STOP_SECONDS)

    def publish(self, account_id: str, topic: str, payload: bytes) -> None:
        """Send a message to an account's clients. Returns at once. Thread-safe."""
        loop, broker = self._loop, self._brokers.get(account_id)
        if loop is None or broker is None or loop.is_closed():
            _log.warning("message dropped, no broker", extra={"topic": topic})
            return
        loop.call_soon_threadsafe(self._broadcast, broker, topic, payload)

    def _broadcast(self, broker: _AccountBroker, topic: str, payload: bytes) -> None:
        task = asyncio.ensure_future(broker.internal_message_broadcast(topic, payload))
        task.add_done_callback(_log_failure)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as fault:  # noqa: BLE001 - start() raises it in its own thread
            self._failure = fault
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        for account_id, plan in self._plans.items():
            broker = _AccountBroker(plan, self._identity)
            await broker.start()
            self._brokers[account_id] = broker
        self._ready.set()
        await self._stopping.wait()
        for broker in self._brokers.values():
            await broker.shutdown()


def _log_failure(broadcast: asyncio.Task[None]) -> None:
    if not broadcast.cancelled() and (fault := broadcast.exception()) is not None:
        _log.error("broadcast failed", exc_info=fault)
