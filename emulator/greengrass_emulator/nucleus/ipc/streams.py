"""One operation of a component, its answer, and the events that follow on its stream."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from greengrass_emulator.json_value import JsonObject

MOST_EVENTS_WAITING = 2_000
"""Events that may wait for one component."""


class EventSender(Protocol):
    """The connection of a stream."""

    def send_event(self, stream: "Stream", shape: str, payload: JsonObject, /) -> None:
        """Queue one event."""


@dataclass(slots=True, eq=False)
class Stream:
    """One operation of a component. ``on_close`` holds what ends with it, such as a subscription."""

    component: str
    operation: str
    number: int
    connection: EventSender
    on_close: list[Callable[[], None]] = field(default_factory=list)
    is_open: bool = True
    is_answered: bool = False
    _early: list[tuple[str, JsonObject]] = field(default_factory=list)

    def send_event(self, shape: str, payload: JsonObject) -> None:
        """Send one event of a subscription. Does nothing on a stream that has ended."""
        if not self.is_open:
            return
        if self.is_answered:
            self.connection.send_event(self, shape, payload)
        elif len(self._early) < MOST_EVENTS_WAITING:
            self._early.append((shape, payload))

    def answered(self) -> None:
        """Send the events that had to wait for the response, such as a retained message."""
        self.is_answered = True
        for shape, payload in self._early:
            self.send_event(shape, payload)
        self._early.clear()

    def end(self) -> None:
        if self.is_open:
            self.is_open = False
            for each in self.on_close:
                each()
            self.on_close.clear()


@dataclass(frozen=True, slots=True)
class Answer:
    """An operation's response. If ``stays_open``, events follow on its stream."""

    payload: JsonObject = field(default_factory=dict)
    stays_open: bool = False


Handler = Callable[[Stream, JsonObject], Awaitable[Answer]]
"""Carries out one operation. Raises an IpcError, which is the answer then."""
