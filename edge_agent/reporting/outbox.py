"""Messages on their way out, sent by a thread of their own so that nothing waits for the nucleus or the broker.

Bounded: while offline the newest of a kind replaces the older one where that is enough, and beyond the bound the
oldest is let go.
"""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from edge_agent.errors import NotAllowedError, NucleusError

logger = logging.getLogger(__name__)
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0


@dataclass(frozen=True, slots=True)
class Letter:
    """One message, or a part of one. A later one with the same ``kind`` takes its place; ``None`` keeps both."""

    topic: str
    payload: bytes
    kind: str | None = None


class Outbox:
    """Owns its thread from `start` to `stop`. ``send`` is the blocking call; it raises ``NucleusError``."""

    def __init__(self, name: str, send: Callable[[str, bytes], None], *, most: int = 256, patient: bool = True) -> None:
        self._name = name
        self._send = send
        self._most = most
        self._patient = patient
        self._changed = threading.Condition()
        self._letters: OrderedDict[int, Letter] = OrderedDict()
        self._number = 0
        self._lost = 0
        self._stopping = False
        self._hurry = False
        self._forbidden: set[str] = set()
        self._thread = threading.Thread(target=self._work, name=name, daemon=True)

    @property
    def lost(self) -> int:
        """How many were let go unsent."""
        return self._lost

    def start(self) -> None:
        self._thread.start()

    def post(self, *letters: Letter) -> None:
        """Put a message, or all the parts of one, on its way; never waits."""
        kinds = {letter.kind for letter in letters} - {None}
        with self._changed:
            # A newer health goes to the end: it is to follow what was confirmed before it.
            for key in [key for key, each in self._letters.items() if each.kind in kinds]:
                del self._letters[key]
            for letter in letters:
                self._number += 1
                self._letters[self._number] = letter
            while len(self._letters) > self._most:
                self._letters.popitem(last=False)
                self._lost += 1
            self._changed.notify_all()

    def holds(self, kind: str) -> bool:
        """Whether something of a kind still waits to be sent."""
        with self._changed:
            return any(letter.kind == kind for letter in self._letters.values())

    def retry_now(self) -> None:
        """The connection is back: do not wait out the pause."""
        with self._changed:
            self._hurry = True
            self._changed.notify_all()

    def stop(self, seconds: float) -> None:
        """Send what can be sent within ``seconds``, and end the thread."""
        ends = time.monotonic() + seconds
        with self._changed:
            self._changed.wait_for(lambda: not self._letters, max(0.0, ends - time.monotonic()))
            self._stopping = True
            self._changed.notify_all()
        self._thread.join(max(0.05, ends - time.monotonic()))

    def _work(self) -> None:
        pause = _FIRST_PAUSE
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._letters or self._stopping)
                if self._stopping:
                    return
                key, letter = next(iter(self._letters.items()))
            gone = self._try(letter)
            with self._changed:
                if gone:
                    pause = _FIRST_PAUSE
                    # Unless a newer one has taken its place meanwhile.
                    if self._letters.get(key) is letter:
                        del self._letters[key]
                    self._changed.notify_all()
                else:
                    self._changed.wait_for(lambda: self._stopping or self._hurry, pause)
                    pause = _FIRST_PAUSE if self._hurry else min(pause * 2, _LONGEST_PAUSE)
                    self._hurry = False

    def _try(self, letter: Letter) -> bool:
        try:
            self._send(letter.topic, letter.payload)
        except NotAllowedError as error:
            if letter.topic not in self._forbidden:
                self._forbidden.add(letter.topic)
                logger.warning("message not allowed", extra={"topic": letter.topic, "error": str(error)})
            return True
        except NucleusError as error:
            logger.debug("message waits", extra={"topic": letter.topic, "error": str(error)})
            if not self._patient:
                self._lost += 1
            return not self._patient
        return True
