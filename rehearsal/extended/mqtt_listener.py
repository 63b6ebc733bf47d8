"""Receives what an account's devices publish to IoT Core, and sends them commands."""

import json

from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.device_messages.messages import Message, Messages

from shared_schema.messages import CommandReply, Confirmation, Health, PublishedPrediction
from shared_schema.topics import Command, Topics


class MqttListener:
    """The listener of one account. ``messages`` gets every topic. Used by one thread."""

    def __init__(self, cloud: Cloud, account: str, application: str, messages: Messages) -> None:
        self._cloud = cloud
        self._account = account
        self._application = application
        self._messages = messages
        self._received: list[Message] = []

    def command(self, thing: str, command: Command, **payload: str) -> None:
        """Send a command to a device."""
        topic = Topics(self._application, thing).command(command)
        self._cloud.publish(topic, json.dumps(payload).encode(), account=self._account)

    def mark(self) -> int:
        """Return the number of messages so far: the ``since`` of the other methods."""
        self._listen()
        return len(self._received)

    def health(self, thing: str, since: int = 0) -> list[Health]:
        """Return a device's health messages, in the order of arrival."""
        return [Health.model_validate_json(each) for each in self._on(Topics(self._application, thing).health, since)]

    def confirmations(self, thing: str, since: int = 0) -> list[Confirmation]:
        """Return a device's confirmations."""
        topic = Topics(self._application, thing).confirmation
        return [Confirmation.model_validate_json(each) for each in self._on(topic, since)]

    def replies(self, thing: str, command: Command, since: int = 0) -> list[CommandReply]:
        """Return a device's replies to a command."""
        topic = Topics(self._application, thing).reply(command)
        return [CommandReply.model_validate_json(each) for each in self._on(topic, since)]

    def predictions(self, thing: str, models: tuple[str, ...], since: int = 0) -> list[PublishedPrediction]:
        """Return a device's published predictions of some models."""
        topics = Topics(self._application, thing)
        return [
            PublishedPrediction.model_validate_json(each)
            for model in models
            for each in self._on(topics.prediction(model), since)
        ]

    def _on(self, topic: str, since: int) -> list[bytes]:
        self._listen()
        return [message.payload for message in self._received[since:] if message.topic == topic]

    def _listen(self) -> None:
        while True:
            try:
                self._received.append(self._messages.next(0))
            except TimeoutError:
                return
