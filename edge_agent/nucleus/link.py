"""The one connection to the nucleus. Each call has a deadline, and each failure is one of our errors.

It decides nothing and never reconnects by itself: its owner does.
"""

import json
import logging
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Protocol

from awsiot import eventstreamrpc
from awsiot.greengrasscoreipc import model
from awsiot.greengrasscoreipc.client import GreengrassCoreIPCClient
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2

from edge_agent.errors import NotThereError, NucleusAwayError
from edge_agent.nucleus.connecting import Connecting
from edge_agent.nucleus.events import CommandCame, ConnectionLost, Hint, NucleusEvent, UpdateAsked, ValidationAsked
from edge_agent.nucleus.ipc_errors import DEADLINE, nucleus_error
from edge_agent.nucleus.subscription import Subscription

logger = logging.getLogger(__name__)


class Link(Protocol):
    """What the agent needs of a nucleus, or of the file in its place. `NucleusLink` documents the methods."""

    connection: int
    forgets: bool

    @property
    def connected(self) -> bool: ...
    def connect(self) -> None: ...
    def close(self) -> None: ...
    def end(self, name: str) -> None: ...
    def configuration(self, component: str, key: str) -> object | None: ...
    def subscribe_to_configuration(self, name: str, component: str) -> None: ...
    def offer_validation(self, name: str) -> None: ...
    def offer_consent(self, name: str) -> None: ...
    def subscribe_to_command(self, name: str, topic: str) -> None: ...
    def subscribe_to_local(self, name: str, topic: str) -> None: ...
    def report_validity(self, deployment: str, *, accepted: bool, words: str | None = None) -> None: ...
    def answer_update(self, deployment: str, *, recheck_ms: int, words: str | None = None) -> None: ...
    def running(self) -> None: ...
    def publish(self, topic: str, payload: bytes) -> None: ...
    def publish_local(self, topic: str, payload: bytes) -> None: ...


LinkTo = Callable[[Callable[[NucleusEvent], object], Callable[[str, bytes], object]], Link]
"""Makes a link. Its arguments take events, and messages of local topics."""


class _Lifecycle(eventstreamrpc.LifecycleHandler):
    def __init__(self, lost: Callable[[], object]) -> None:
        self._lost = lost

    def on_disconnect(self, reason: Exception | None) -> None:  # noqa: ARG002
        self._lost()

    def on_error(self, error: Exception) -> bool:  # noqa: ARG002
        return True


class NucleusLink:
    """The connection to a nucleus, with one client at a time (many fail: aws-iot-device-sdk-python-v2 #521).

    ``put`` takes events and ``heard`` takes messages of local topics, both on the networking thread; they must not
    wait. Only one thread may connect and subscribe, any thread may make the other calls. The events of a subscription
    carry its ``name``.
    """

    forgets = True
    """Whether parts of the nucleus may restart while the connection stays."""

    def __init__(
        self,
        component: str,
        put: Callable[[NucleusEvent], object],
        heard: Callable[[str, bytes], object] = lambda *_: None,
    ) -> None:
        self._connecting = Connecting(component)
        self._put = put
        self._heard = heard
        self._client: Any = None
        self._subscriptions: dict[str, Subscription] = {}
        self.connection = 0
        """The number of the connection, so that events of an earlier one can be told apart."""

    @property
    def connected(self) -> bool:
        return self._client is not None

    def connect(self) -> None:
        """Close what is left of the last connection, and open a new one.

        Raises ``NucleusAwayError``, and ``TokenRefusedError`` if the nucleus does not know the component.
        """
        self.close()
        self.connection += 1
        number = self.connection
        connection = self._connecting.open(_Lifecycle(lambda: self._put(ConnectionLost(number))))
        # No executor is needed: our handlers only put into a queue, so the networking thread may run them.
        self._client = GreengrassCoreIPCClientV2(client=GreengrassCoreIPCClient(connection), executor=None)

    def close(self) -> None:
        """Close the streams, then the connection. An open validation stream would keep the next one out."""
        client, self._client = self._client, None
        for name in list(self._subscriptions):
            self.end(name)
        if client is not None:
            _quietly(client.close)

    def end(self, name: str) -> None:
        """End a subscription, pending or not. It gives no events any more."""
        subscription = self._subscriptions.pop(name, None)
        if subscription is not None:
            subscription.end()

    def configuration(self, component: str, key: str) -> object | None:
        """Return what stands under a key of a component's configuration; ``None`` if nothing does."""
        try:
            answer = self._call("get_configuration", component_name=component, key_path=[key])
        except NotThereError:
            return None
        value = answer.value
        # One nucleus wraps the value in an object with its key, the other does not.
        if isinstance(value, dict) and set(value) == {key}:
            return value[key]  # type: ignore[no-any-return]
        return value  # type: ignore[no-any-return]

    def subscribe_to_configuration(self, name: str, component: str) -> None:
        """Get a `Hint` whenever a component's configuration changes. Raises ``NotThereError`` for an unknown one."""
        self._subscribe(
            name,
            "subscribe_to_configuration_update",
            lambda _: self._put(Hint()),
            component_name=component,
            key_path=[],
        )

    def offer_validation(self, name: str) -> None:
        """Get `ValidationAsked` before a configuration changes. Raises ``NotOfferedError`` on a nucleus without it."""

        def asked(events: Any) -> None:
            event = events.validate_configuration_update_event
            if event is not None:
                self._put(ValidationAsked(event.deployment_id or "", event.configuration))

        self._subscribe(name, "subscribe_to_validate_configuration_updates", asked)

    def offer_consent(self, name: str) -> None:
        """Get `UpdateAsked` before a deployment goes on. Raises ``NotOfferedError`` on a nucleus without it."""

        def asked(events: Any) -> None:
            event = events.pre_update_event
            if event is not None:
                self._put(UpdateAsked(event.deployment_id or ""))

        self._subscribe(name, "subscribe_to_component_updates", asked)

    def subscribe_to_command(self, name: str, topic: str) -> None:
        """Subscribe to an IoT Core topic without waiting; `Subscribed` or `SubscriptionRefused` follows.

        Classic answers only when the broker has answered, which may be never
        (docs/greengrass-facts.md, "MQTT, jobs and shadows").
        """

        def came(message: Any) -> None:
            if message.message is not None and not self._put(
                CommandCame(message.message.topic_name or topic, message.message.payload or b"")
            ):
                logger.warning("command lost: too many at once", extra={"topic": topic})

        qos = model.QOS.AT_LEAST_ONCE
        answer, subscription = self._open(name, "subscribe_to_iot_core", came, topic_name=topic, qos=qos)
        answer.add_done_callback(subscription.answered)

    def subscribe_to_local(self, name: str, topic: str) -> None:
        """Subscribe to what other components publish on a local topic."""

        def came(message: Any) -> None:
            if message.binary_message is not None:
                self._heard(topic, message.binary_message.message or b"")
            elif message.json_message is not None:
                self._heard(topic, json.dumps(message.json_message.message).encode())

        self._subscribe(name, "subscribe_to_topic", came, topic=topic)

    def report_validity(self, deployment: str, *, accepted: bool, words: str | None = None) -> None:
        """Answer what `offer_validation` asked."""
        status = model.ConfigurationValidityStatus
        report = model.ConfigurationValidityReport(
            status=status.ACCEPTED if accepted else status.REJECTED, deployment_id=deployment, message=words
        )
        self._call("send_configuration_validity_report", configuration_validity_report=report)

    def answer_update(self, deployment: str, *, recheck_ms: int, words: str | None = None) -> None:
        """Answer what `offer_consent` asked: 0 lets the deployment go on."""
        self._call("defer_component_update", deployment_id=deployment, message=words, recheck_after_ms=recheck_ms)

    def running(self) -> None:
        """Tell the nucleus that the component runs."""
        self._call("update_state", state=model.ReportedLifecycleState.RUNNING)

    def publish(self, topic: str, payload: bytes) -> None:
        """Publish to an IoT Core topic, at least once."""
        self._call("publish_to_iot_core", topic_name=topic, qos=model.QOS.AT_LEAST_ONCE, payload=payload)

    def publish_local(self, topic: str, payload: bytes) -> None:
        """Publish to a local topic."""
        message = model.PublishMessage(binary_message=model.BinaryMessage(message=payload))
        self._call("publish_to_topic", topic=topic, publish_message=message)

    def _call(self, operation: str, **arguments: Any) -> Any:
        try:
            return getattr(self._here(), f"{operation}_async")(**arguments).result(DEADLINE)
        except Exception as error:
            raise nucleus_error(operation, error) from error

    def _subscribe(self, name: str, operation: str, on_event: Callable[[Any], object], **arguments: Any) -> None:
        """Subscribe, and wait for the answer: the nucleus itself grants it."""
        answer, subscription = self._open(name, operation, on_event, **arguments)
        try:
            answer.result(DEADLINE)
        except Exception as error:
            self.end(name)
            raise nucleus_error(operation, error) from error
        subscription.granted()

    def _open(
        self, name: str, operation: str, on_event: Callable[[Any], object], **arguments: Any
    ) -> tuple["Future[Any]", Subscription]:
        """Ask on a new stream. End an older one of this name first, or its events would come twice."""
        self.end(name)
        subscription = self._subscriptions[name] = Subscription(name, self.connection, self._put)
        try:
            answer, subscription.stream = getattr(self._here(), f"{operation}_async")(
                **arguments,
                on_stream_event=on_event,
                on_stream_error=lambda _: True,
                on_stream_closed=subscription.closed,
            )
        except Exception as error:
            del self._subscriptions[name]
            raise nucleus_error(operation, error) from error
        return answer, subscription

    def _here(self) -> Any:
        client = self._client
        if client is None:
            raise NucleusAwayError("there is no connection to the nucleus")
        return client


def _quietly(close: Callable[[], object]) -> None:
    try:
        close()
    except Exception as error:  # noqa: BLE001  a broken connection may raise anything
        logger.debug("closing failed", extra={"error": str(error)})
