"""The nucleus's messages and subscriptions at IoT Core, and what waits while the connection is down.

Classic keeps messages of QoS 1 while it is offline, in a bounded spool; lite fails at once
(docs/greengrass-facts.md, "MQTT, jobs and shadows").
"""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial

from greengrass_emulator.mqtt_topics import topic_matches
from greengrass_emulator.nucleus.clock import DeviceClock
from greengrass_emulator.nucleus.cloud.mqtt_connection import MqttConnection
from greengrass_emulator.nucleus.cloud.reaching import FIRST_PAUSE, pauses
from greengrass_emulator.nucleus.ipc.answers import ServiceError
from greengrass_emulator.nucleus.ipc.operations.iot_core import MessageListener
from greengrass_emulator.nucleus.lite_sizes import packet_bytes
from greengrass_emulator.nucleus.settings import CloudSettings

_log = logging.getLogger(__name__)

_MOST_SPOOLED = 10_000
_SECONDS_OF_MQTT3 = 11.0


@dataclass(frozen=True, slots=True)
class _Message:
    topic: str
    payload: bytes
    qos: int
    retain: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Subscription:
    """``granted`` has a result once the broker has acknowledged it, or an exception if it refused."""

    topic_filter: str
    qos: int
    listener: MessageListener
    granted: "asyncio.Future[None]"
    of_component: bool


class MqttLink:
    """What components and the nucleus publish and subscribe to.

    ``connected_again`` is called after each connect, once subscriptions stand.
    """

    def __init__(
        self,
        settings: CloudSettings,
        thing: str,
        clock: DeviceClock,
        *,
        spools: bool,
        largest_packet: int | None,
        connected_again: Callable[[], Awaitable[None]],
    ) -> None:
        """``largest_packet`` is the Maximum Packet Size: the broker delivers no larger packet (MQTT 5, 3.1.2.11.4)."""
        self._settings = settings
        self._spools = spools
        self._largest_packet = largest_packet
        self._connected_again = connected_again
        self._loop = asyncio.get_running_loop()
        self._connection = MqttConnection(settings, thing, clock, self._dispatch)
        self._connected = asyncio.Event()
        self._subscriptions: list[_Subscription] = []
        self._spool: deque[_Message] = deque()
        self._spooled_bytes = 0
        self._spool_filled = asyncio.Event()
        # With MQTT 3 classic connects, disconnects and waits for its own rate limit (11 s, seen on 2.18.0).
        self._is_mqtt3 = settings.is_mqtt3 and spools
        self._grants_from = self._loop.time() + (_SECONDS_OF_MQTT3 if self._is_mqtt3 else 0.0)
        self._ipc_held_until = self._loop.time()
        self._tasks: list[asyncio.Task[None]] = []
        self._unanswered: set[asyncio.Task[None]] = set()
        """Subscriptions that lite has answered before the broker did."""

    @property
    def is_connected(self) -> bool:
        return self._connected.is_set()

    @property
    def holds_ipc_up(self) -> float:
        """For how many seconds classic's IPC does nothing, for any component.

        With MQTT 3 a subscription that is asked for without a connection waits for the rate limit of connecting (0.09 a
        second) on the one thread of IPC (AwsIotMqttClient.java, establishConnection; IPCEventStreamService.java). Seen
        on 2.18.0: GetConfiguration of others took up to 10.5 s.
        """
        return max(0.0, self._ipc_held_until - self._loop.time())

    def start(self) -> None:
        self._tasks = [asyncio.create_task(self._stay_connected()), asyncio.create_task(self._send_spooled())]

    async def stop(self) -> None:
        tasks = [*self._tasks, *self._unanswered]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._connected.clear()
        await self._connection.close()

    async def publish(self, topic: str, payload: bytes, qos: int, retain: bool, /) -> None:
        """Publish a component's message. Raises ServiceError if it is lost."""
        message = _Message(topic, payload, qos, retain)
        if not self._spools:
            # Lite drops what it cannot send now.
            if not await self._send(message):
                raise ServiceError("the message could not be sent")
            return
        if qos == 0:
            if not await self._send(message):
                raise ServiceError("the device is offline: a message of QoS 0 is dropped")
            return
        self._keep(message)

    def report(self, topic: str, payload: bytes) -> None:
        """Publish the nucleus's own message. In either runtime it waits for a connection."""
        try:
            self._keep(_Message(topic, payload, 1, False))
        except ServiceError:
            _log.exception("a report is lost", extra={"topic": topic})

    async def subscribe(
        self, topic_filter: str, qos: int, listener: MessageListener, /
    ) -> Callable[[], Awaitable[None]]:
        """Subscribe for a component. Classic returns once the broker has acknowledged it: never while offline (seen).

        With MQTT 3, classic offline refuses each subscription after a try of its own, which blocks IPC meanwhile.

        Lite returns at once, and only logs the broker's answer (iotcored, bus_server.c, mqtt.c). Raises ServiceError if
        the subscription is refused; lite itself refuses it while offline.
        """
        if not self._spools:
            if not self.is_connected:
                raise ServiceError("the device is offline")
            subscription = self._add(topic_filter, qos, listener, of_component=True)
            subscription.granted.add_done_callback(lambda granted: granted.cancelled() or granted.exception())
            asking = asyncio.create_task(self._ask_for(topic_filter, qos))
            self._unanswered.add(asking)
            asking.add_done_callback(self._unanswered.discard)
            return partial(self._end, subscription)
        if self._is_mqtt3 and not self.is_connected:
            self._ipc_held_until = max(self._ipc_held_until, self._loop.time()) + _SECONDS_OF_MQTT3
            await asyncio.sleep(self._ipc_held_until - self._loop.time())
            if not self.is_connected:
                raise ServiceError("CompletionException: MqttException: there is no connection")
        await asyncio.sleep(max(0.0, self._grants_from - self._loop.time()))
        subscription = self._add(topic_filter, qos, listener, of_component=True)
        try:
            if self.is_connected and not subscription.granted.done():
                await self._ask_for(topic_filter, qos)
            await subscription.granted
        except BaseException:
            # Unless a restart has forgotten it meanwhile.
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)
            raise
        return partial(self._end, subscription)

    async def listen(self, topic_filter: str, qos: int, listener: MessageListener) -> Callable[[], Awaitable[None]]:
        """Subscribe for the nucleus itself, now or as soon as there is a connection."""
        subscription = self._add(topic_filter, qos, listener, of_component=False)
        # Nobody waits for it: a refusal is in the log.
        subscription.granted.add_done_callback(lambda granted: granted.cancelled() or granted.exception())
        if self.is_connected and not subscription.granted.done():
            await self._ask_for(topic_filter, qos)
        return partial(self._end, subscription)

    def restart(self) -> None:
        """Drop the connection and the components' subscriptions. The nucleus's own subscriptions are made again."""
        for each in [each for each in self._subscriptions if each.of_component]:
            self._subscriptions.remove(each)
            if not each.granted.done():
                each.granted.set_exception(ServiceError("the daemon that was asked is gone"))
        self._connection.lost.set()

    def _add(self, topic_filter: str, qos: int, listener: MessageListener, *, of_component: bool) -> _Subscription:
        subscription = _Subscription(topic_filter, qos, listener, self._loop.create_future(), of_component)
        others = [each for each in self._subscriptions if each.topic_filter == topic_filter]
        if self.is_connected and any(each.granted.done() for each in others):
            subscription.granted.set_result(None)
        self._subscriptions.append(subscription)
        return subscription

    async def _end(self, subscription: _Subscription) -> None:
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)
            topic_filter = subscription.topic_filter
            if self.is_connected and not any(each.topic_filter == topic_filter for each in self._subscriptions):
                await self._connection.unsubscribe(topic_filter)

    def _keep(self, message: _Message) -> None:
        size = len(message.payload) + len(message.topic)
        if self._spooled_bytes + size > self._settings.spooler_bytes or len(self._spool) >= _MOST_SPOOLED:
            raise ServiceError("the spool is full")
        self._spool.append(message)
        self._spooled_bytes += size
        self._spool_filled.set()

    async def _send_spooled(self) -> None:
        while True:
            while self._spool:
                await self._connected.wait()
                message = self._spool[0]
                if await self._send(message):
                    self._spool.popleft()
                    self._spooled_bytes -= len(message.payload) + len(message.topic)
                else:
                    await asyncio.sleep(FIRST_PAUSE)
            self._spool_filled.clear()
            await self._spool_filled.wait()

    async def _send(self, message: _Message) -> bool:
        if not self.is_connected:
            return False
        return await self._connection.publish(message.topic, message.payload, message.qos, retain=message.retain)

    async def _ask_for(self, topic_filter: str, qos: int) -> None:
        is_granted = await self._connection.subscribe(topic_filter, qos)
        for each in self._subscriptions:
            if each.topic_filter != topic_filter or each.granted.done():
                continue
            if is_granted:
                each.granted.set_result(None)
            elif not self._connection.lost.is_set():
                each.granted.set_exception(ServiceError(f"IoT Core refuses the subscription of {topic_filter}"))

    async def _stay_connected(self) -> None:
        """Connect, wait until the connection is lost, and connect again after longer and longer pauses."""
        waits = pauses()
        while True:
            self._connection.lost.clear()
            if await self._connect():
                waits = pauses()
                await self._connection.lost.wait()
                self._connected.clear()
                _log.warning("the connection to IoT Core is lost")
                await self._connected_again()
            self._connected.clear()
            await self._connection.close()
            await asyncio.sleep(next(waits))

    async def _connect(self) -> bool:
        if not await self._connection.open():
            return False
        for topic_filter, qos in {each.topic_filter: each.qos for each in self._subscriptions}.items():
            await self._ask_for(topic_filter, qos)
        self._connected.set()
        _log.info("connected to IoT Core")
        await self._connected_again()
        return True

    def _dispatch(self, topic: str, payload: bytes) -> None:
        if self._largest_packet is not None and packet_bytes(topic, len(payload)) > self._largest_packet:
            return
        for each in tuple(self._subscriptions):
            if topic_matches(each.topic_filter, topic):
                each.listener(topic, payload)
