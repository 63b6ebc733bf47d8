"""Local publish and subscribe between the components of a device."""

import base64
from dataclasses import dataclass, field

from greengrass_emulator.json_value import JsonObject, JsonValue
from greengrass_emulator.mqtt_topics import is_filter, topic_matches
from greengrass_emulator.nucleus.ipc.answers import InvalidArgumentsError
from greengrass_emulator.nucleus.ipc.authorization import PUBSUB, Access
from greengrass_emulator.nucleus.ipc.streams import Answer, Handler, Stream


@dataclass(frozen=True, slots=True, eq=False)
class _Subscriber:
    stream: Stream
    topic_filter: str
    not_own: bool


@dataclass(slots=True)
class LocalMessages:
    """PublishToTopic and SubscribeToTopic."""

    access: Access
    reads_receive_mode: bool
    _subscribers: list[_Subscriber] = field(default_factory=list)

    def handlers(self) -> dict[str, Handler]:
        return {"PublishToTopic": self._publish, "SubscribeToTopic": self._subscribe}

    def forget(self) -> None:
        """Drop the subscriptions, as a restart of lite's daemon does: their streams stay open without events."""
        self._subscribers.clear()

    async def _publish(self, stream: Stream, request: JsonObject) -> Answer:
        topic = _text(request, "topic")
        if is_filter(topic):
            raise InvalidArgumentsError(f"{topic} has wildcards: nothing can be published on a filter")
        self.access.check(stream.component, PUBSUB, "PublishToTopic", topic)
        message = _message(request.get("publishMessage"), topic)
        for each in tuple(self._subscribers):
            own = each.stream.component == stream.component
            if topic_matches(each.topic_filter, topic) and not (each.not_own and own):
                each.stream.send_event("aws.greengrass#SubscriptionResponseMessage", message)
        return Answer()

    async def _subscribe(self, stream: Stream, request: JsonObject) -> Answer:
        topic_filter = _text(request, "topic")
        self.access.check(stream.component, PUBSUB, "SubscribeToTopic", topic_filter)
        not_own = self.reads_receive_mode and request.get("receiveMode") == "RECEIVE_MESSAGES_FROM_OTHERS"
        subscriber = _Subscriber(stream, topic_filter, not_own)
        self._subscribers.append(subscriber)
        stream.on_close.append(lambda: self._end(subscriber))
        return Answer({"topicName": topic_filter}, stays_open=True)

    def _end(self, subscriber: _Subscriber) -> None:
        if subscriber in self._subscribers:
            self._subscribers.remove(subscriber)


def _text(request: JsonObject, name: str) -> str:
    value = request.get(name)
    if not isinstance(value, str) or not value:
        raise InvalidArgumentsError(f"{name} is missing")
    return value


def _message(published: JsonValue, topic: str) -> JsonObject:
    for kind in ("jsonMessage", "binaryMessage"):
        part = published.get(kind) if isinstance(published, dict) else None
        if isinstance(part, dict) and "message" in part:
            if kind == "binaryMessage":
                _check_base64(part["message"])
            return {kind: {"message": part["message"], "context": {"topic": topic}}}
    raise InvalidArgumentsError("publishMessage holds neither a jsonMessage nor a binaryMessage")


def _check_base64(value: JsonValue) -> None:
    try:
        base64.b64decode(value if isinstance(value, str) else "=", validate=True)
    except ValueError as error:
        raise InvalidArgumentsError("the binary message is not base64") from error
