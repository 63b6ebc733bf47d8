"""One MQTT connection to IoT Core at a time, with the device's certificate, by the AWS library.

The library's callbacks come on its own thread and are handed to the event loop at once.
"""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from awscrt import io, mqtt
from awscrt.exceptions import AwsCrtError
from awsiot import mqtt_connection_builder

from greengrass_emulator.nucleus.clock import DeviceClock
from greengrass_emulator.nucleus.cloud.reaching import Trust
from greengrass_emulator.nucleus.ipc.operations.iot_core import MessageListener
from greengrass_emulator.nucleus.settings import CloudSettings

_log = logging.getLogger(__name__)
_ACK_TIMEOUT = 10.0
_KEEP_ALIVE = 30


class MqttConnection:
    """The connection, which its owner opens again after it is lost. ``lost`` is set when it is.

    ``arrived`` is called with the topic and payload of each message.
    """

    def __init__(self, settings: CloudSettings, client_id: str, clock: DeviceClock, arrived: MessageListener) -> None:
        self._settings = settings
        self._client_id = client_id
        self._trust = Trust(settings.root_ca, clock)
        self._arrived = arrived
        self._loop = asyncio.get_running_loop()
        self._connection: Any = None
        self._bootstrap = _bootstrap()
        self.lost = asyncio.Event()

    async def open(self) -> bool:
        """Connect. Return whether it succeeded."""
        if (fault := self._trust.fault()) is not None:
            _log.info("IoT Core cannot be reached yet", extra={"reason": fault})
            return False
        self._connection = mqtt_connection_builder.mtls_from_path(
            endpoint=self._settings.mqtt_host,
            port=self._settings.mqtt_port,
            cert_filepath=str(self._settings.certificate),
            pri_key_filepath=str(self._settings.private_key),
            ca_filepath=str(self._settings.root_ca),
            client_bootstrap=self._bootstrap,
            client_id=self._client_id,
            clean_session=True,
            keep_alive_secs=_KEEP_ALIVE,
            # The owner reconnects: the library must not keep the socket open.
            reconnect_min_timeout_secs=1,
            reconnect_max_timeout_secs=1,
            on_connection_interrupted=self._interrupted,
        )
        self._connection.on_message(self._message_came)
        if not await self._acknowledged(self._connection.connect):
            _log.info("IoT Core cannot be reached yet", extra={"endpoint": self._settings.mqtt_host})
            return False
        return True

    async def close(self) -> None:
        """Disconnect. Does nothing without a connection."""
        connection, self._connection = self._connection, None
        if connection is not None:
            self.lost.clear()
            try:
                async with asyncio.timeout(_ACK_TIMEOUT):
                    await asyncio.wrap_future(connection.disconnect())
            except (AwsCrtError, RuntimeError, TimeoutError) as error:
                # RuntimeError: the connection was never open, because the broker closed it at once.
                _log.info("the connection did not end well", extra={"reason": str(error)})

    async def publish(self, topic: str, payload: bytes, qos: int, *, retain: bool) -> bool:
        """Publish a message. Return whether it was acknowledged (QoS 1) or sent (QoS 0) in time."""
        return await self._acknowledged(lambda: self._connection.publish(topic, payload, mqtt.QoS(qos), retain)[0])

    async def subscribe(self, topic_filter: str, qos: int) -> bool:
        """Subscribe. Return whether the broker granted it in time."""
        return await self._acknowledged(lambda: self._connection.subscribe(topic_filter, mqtt.QoS(qos))[0])

    async def unsubscribe(self, topic_filter: str) -> bool:
        """End a subscription. Return whether the broker acknowledged it in time."""
        return await self._acknowledged(lambda: self._connection.unsubscribe(topic_filter)[0])

    async def _acknowledged(self, ask: Callable[[], "Future[Any]"]) -> bool:
        """Return whether the library finished in time, before the connection was lost."""
        try:
            done = asyncio.ensure_future(asyncio.wrap_future(ask()))
        except (AwsCrtError, RuntimeError) as error:
            _log.warning("a request to IoT Core failed", extra={"reason": str(error)})
            return False
        lost = asyncio.ensure_future(self.lost.wait())
        try:
            await asyncio.wait({done, lost}, timeout=_ACK_TIMEOUT, return_when=asyncio.FIRST_COMPLETED)
            if not done.done():
                return False
            if (failure := done.exception()) is not None:
                _log.warning("a request to IoT Core failed", extra={"reason": str(failure)})
                return False
            return True
        finally:
            lost.cancel()
            done.cancel()
            await asyncio.gather(lost, done, return_exceptions=True)

    def _interrupted(self, *_: object, **__: object) -> None:
        self._loop.call_soon_threadsafe(self.lost.set)

    def _message_came(self, *, topic: str, payload: bytes, **_: object) -> None:
        self._loop.call_soon_threadsafe(self._arrived, topic, bytes(payload))


def _bootstrap() -> Any:
    # One thread: by default the library takes one for each core.
    library: Any = io
    group = library.EventLoopGroup(1)
    return library.ClientBootstrap(group, library.DefaultHostResolver(group))
