"""Publish and subscribe at AWS IoT Core, through the nucleus's own connection."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

from greengrass_emulator.json_value import JsonObject
from greengrass_emulator.mqtt_topics import is_filter
from greengrass_emulator.nucleus.ipc.answers import InvalidArgumentsError, ServiceError
from greengrass_emulator.nucleus.ipc.authorization import MQTT_PROXY, Access
from greengrass_emulator.nucleus.ipc.streams import Answer, Handler, Stream

MessageListener = Callable[[str, bytes], None]
"""Is called with a message's topic and payload."""
_LARGEST_PAYLOAD = 128 * 1024
"""AWS IoT Core's limit."""


class IotCore(Protocol):
    """The nucleus's way to IoT Core."""

    async def publish(self, topic: str, payload: bytes, qos: int, retain: bool, /) -> None:
        """Send a message, or queue it to send it later. Raises ServiceError."""

    async def subscribe(
        self, topic_filter: str, qos: int, listener: MessageListener, /
    ) -> Callable[[], Awaitable[None]]:
        """Subscribe; return the function that ends the subscription. May take as long as there is no connection.

        Raises ServiceError.
        """

    def restart(self) -> None:
        """Drop the connection and all subscriptions, as a restart of lite's iotcored does."""


class NoCloud:
    """A device without a cloud: nothing can be sent."""

    async def publish(self, _topic: str, _payload: bytes, _qos: int, _retain: bool, /) -> None:
        raise ServiceError("this device has no cloud")

    async def subscribe(self, _filter: str, _qos: int, _listener: MessageListener, /) -> Callable[[], Awaitable[None]]:
        raise ServiceError("this device has no cloud")

    def restart(self) -> None:
        """Do nothing: there are no subscriptions."""


@dataclass(slots=True)
class IotCoreMessages:
    """PublishToIoTCore and SubscribeToIoTCore."""

    access: Access
    iot_core: IotCore
    later: Callable[[Awaitable[None]], None]
    """Runs something in the background."""
    retains: bool

    def handlers(self) -> dict[str, Handler]:
        return {"PublishToIoTCore": self._publish, "SubscribeToIoTCore": self._subscribe}

    async def _publish(self, stream: Stream, request: JsonObject) -> Answer:
        topic, qos = _topic(request), _qos(request)
        if is_filter(topic):
            raise InvalidArgumentsError(f"{topic} has wildcards: nothing can be published on a filter")
        self.access.check(stream.component, MQTT_PROXY, "PublishToIoTCore", topic)
        try:
            written = request.get("payload") or ""
            payload = base64.b64decode(written if isinstance(written, str) else "=", validate=True)
        except ValueError as error:
            raise InvalidArgumentsError("the payload is not base64") from error
        if len(payload) > _LARGEST_PAYLOAD:
            raise InvalidArgumentsError(f"the payload has {len(payload)} bytes; IoT Core takes {_LARGEST_PAYLOAD}")
        await self.iot_core.publish(topic, payload, qos, self.retains and request.get("retain") is True)
        return Answer()

    async def _subscribe(self, stream: Stream, request: JsonObject) -> Answer:
        topic_filter, qos = _topic(request), _qos(request)
        self.access.check(stream.component, MQTT_PROXY, "SubscribeToIoTCore", topic_filter)

        def bring(topic: str, payload: bytes) -> None:
            message: JsonObject = {"topicName": topic, "payload": base64.b64encode(payload).decode()}
            stream.send_event("aws.greengrass#IoTCoreMessage", {"message": message})

        granted = asyncio.ensure_future(self.iot_core.subscribe(topic_filter, qos, bring))
        # While the device is offline this waits, and the component may disconnect meanwhile.
        stream.on_close.append(lambda: _give_up(granted))
        end = await granted
        if not stream.is_open:
            self.later(end())
        stream.on_close.append(lambda: self.later(end()))
        return Answer(stays_open=True)


def _give_up(waiting: "asyncio.Future[Any]") -> None:
    waiting.cancel()


def _topic(request: JsonObject) -> str:
    topic = request.get("topicName")
    if not isinstance(topic, str) or not topic:
        raise InvalidArgumentsError("topicName is missing")
    return topic


def _qos(request: JsonObject) -> int:
    qos = str(request.get("qos"))
    if qos not in {"0", "1"}:
        raise InvalidArgumentsError(f"qos is {qos}; it is 0 or 1")
    return int(qos)
