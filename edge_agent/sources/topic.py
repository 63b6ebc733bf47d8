"""Requests of other components on a local topic. Each is answered on the reply topic once all its frames are done."""

import base64
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.errors import RequestError
from edge_agent.nucleus.events import LocalTopics
from edge_agent.predicted import Predicted
from edge_agent.sources.source import Offered
from shared_schema.json_value import JsonObject
from shared_schema.settings import TopicSource

logger = logging.getLogger(__name__)
MOST_FRAMES: Final = 64
"""The most frames of one request."""


class RequestedFrame(BaseModel):
    """One frame: ``data`` is a file's bytes in base64, ``text`` the content of a text file (a CSV)."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str | None = Field(default=None, max_length=200)
    data: str | None = None
    text: str | None = None

    def content(self) -> bytes:
        """Return the frame's bytes. Raises ``RequestError``."""
        if (self.data is None) == (self.text is None):
            raise RequestError("a frame has either data or text")
        if self.text is not None:
            return self.text.encode()
        try:
            return base64.b64decode(self.data or "", validate=True)
        except ValueError as error:
            raise RequestError(f"data is no base64: {error}") from None


class Request(BaseModel):
    """A request in JSON. The answer repeats ``request``."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    request: str | None = Field(default=None, max_length=128)
    frames: list[RequestedFrame] = Field(min_length=1, max_length=MOST_FRAMES)


@dataclass(slots=True)
class _Asked:
    request: str | None
    frames: list[Offered]
    left: int
    predictions: dict[int, JsonObject] = field(default_factory=dict)
    errors: list[JsonObject] = field(default_factory=list)


class TopicRequests:
    """A topic as a source. ``post`` queues an answer; it never waits, and may lose one."""

    def __init__(self, settings: TopicSource, topics: LocalTopics, post: Callable[[str, bytes], None]) -> None:
        self._settings = settings
        self._topics = topics
        self._post = post
        self._changed = threading.Condition()
        self._waiting: deque[int] = deque()
        self._asked: dict[int, _Asked] = {}
        self._number = 0
        self._dropped = 0
        self._listener = self.came

    @property
    def dropped(self) -> int:
        return self._dropped

    @property
    def trouble(self) -> str | None:
        return None

    def start(self) -> None:
        self._topics.listen(self._settings.topic, self._listener)

    def came(self, payload: bytes) -> None:
        """Take a request. Called by the networking thread; never waits."""
        arrived = time.monotonic()
        try:
            name, contents = _read(payload)
        except RequestError as error:
            self._refuse(_name_of(payload), str(error))
            return
        refused: _Asked | None = None
        with self._changed:
            self._number += 1
            number = self._number
            frames = [
                Offered(each or f"{number:08d}-{index}", content, arrived, (number, index))
                for index, (each, content) in enumerate(contents)
            ]
            asked = _Asked(name, frames, len(frames))
            if len(self._waiting) >= self._settings.queue:
                self._dropped += len(frames)
                if self._settings.drop == "block":
                    refused = asked
                else:
                    oldest = self._waiting.popleft()
                    refused = self._asked.pop(oldest)
            if refused is not asked:
                self._asked[number] = asked
                self._waiting.append(number)
                self._changed.notify()
        if refused is not None:
            self._refuse(refused.request, "too many requests wait; ask more slowly")

    def next(self, timeout: float) -> Offered | None:
        with self._changed:
            self._changed.wait_for(lambda: self._waiting, timeout)
            if not self._waiting:
                return None
            first, *others = self._asked[self._waiting.popleft()].frames
        return Offered(first.name, first.content, first.arrived, first.ticket, tuple(others))

    def done(self, frame: Offered, prediction: Predicted | None = None) -> None:
        try:
            told: JsonObject = (
                {}
                if prediction is None
                else prediction.message().model_dump(mode="json", by_alias=True, exclude_none=True)
            )
        except ValidationError as error:
            self.set_aside(frame, f"its prediction is no valid message: {_first(error)}")
            return
        self._end(frame, lambda asked: asked.predictions.__setitem__(frame.ticket[1], told))

    def set_aside(self, frame: Offered, why: str) -> None:
        self._end(frame, lambda asked: asked.errors.append({"frame": frame.name, "error": why[:300]}))

    def give_back(self, frame: Offered) -> None:
        with self._changed:
            self._waiting.appendleft(frame.ticket[0])

    def stop(self) -> None:
        self._topics.forget(self._settings.topic, self._listener)
        with self._changed:
            left = [self._asked.pop(number) for number in self._waiting]
            self._waiting.clear()
        for asked in left:
            self._refuse(asked.request, "the agent stops listening; ask again later")

    def _end(self, frame: Offered, note: Callable[[_Asked], object]) -> None:
        with self._changed:
            asked = self._asked.get(frame.ticket[0])
            if asked is None:
                return
            note(asked)
            asked.left -= 1
            if asked.left:
                return
            del self._asked[frame.ticket[0]]
        self._answer(asked.request, [asked.predictions[index] for index in sorted(asked.predictions)], asked.errors)

    def _refuse(self, request: str | None, why: str) -> None:
        logger.warning("request refused", extra={"topic": self._settings.topic, "why": why})
        self._answer(request, [], [{"error": why}])

    def _answer(self, request: str | None, predictions: list[JsonObject], errors: list[JsonObject]) -> None:
        answer: JsonObject = {"schema": 1, "predictions": [*predictions], "errors": [*errors]}
        if request is not None:
            answer["request"] = request
        self._post(self._settings.reply, _encoded(answer))


def _read(payload: bytes) -> tuple[str | None, list[tuple[str | None, bytes]]]:
    """Return the request's name and its frames. Raises ``RequestError``."""
    if not payload:
        raise RequestError("the request is empty")
    if payload.lstrip()[:1] != b"{":
        return None, [(None, payload)]
    try:
        request = Request.model_validate_json(payload)
    except ValidationError as error:
        raise RequestError(_first(error)) from None
    return request.request, [(each.name, each.content()) for each in request.frames]


def _first(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    return f"{'.'.join(str(step) for step in first['loc']) or 'the request'}: {first['msg']}"


def _encoded(answer: JsonObject) -> bytes:
    """Return the answer as JSON. A lone surrogate, which a refused request may be called by, stays escaped."""
    text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
    try:
        return text.encode()
    except UnicodeEncodeError:
        return json.dumps(answer, separators=(",", ":")).encode()


def _name_of(payload: bytes) -> str | None:
    """Return the ``request`` of an invalid request, so that the component can match the refusal."""
    try:
        found = json.loads(payload).get("request")
    except (ValueError, AttributeError, RecursionError):
        return None
    return found[:128] if isinstance(found, str) else None
