"""The two tokens of the API's requests: ``clientToken`` makes a creation idempotent, ``nextToken`` continues a listing.

Sources: AWS IoT Greengrass V2 API reference, ``clientToken`` of CreateComponentVersion and CreateDeployment: one token
has one answer for eight hours, whatever else the request has; ``maxResults`` of the listings: at most 100.
"""

import base64
import binascii
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from greengrass_emulator.cloud.api_errors import ValidationException

KEPT_SECONDS = 8 * 3600
DEFAULT_SIZE = 50
Item = TypeVar("Item")


class ClientTokens:
    """The answers of one account's recent requests."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._answers: dict[tuple[str, str], tuple[float, Mapping[str, object]]] = {}

    def answer(self, operation: str, token: str | None) -> Mapping[str, object] | None:
        """Return the answer that this token got within the last eight hours, or None."""
        now = self._clock()
        self._answers = {key: kept for key, kept in self._answers.items() if now - kept[0] < KEPT_SECONDS}
        kept = self._answers.get((operation, token)) if token else None
        return kept[1] if kept else None

    def keep(self, operation: str, token: str | None, answer: Mapping[str, object]) -> None:
        """Store the answer of a success. Failures are not stored: they may be retried."""
        if token:
            self._answers[operation, token] = (self._clock(), answer)


def page(items: Sequence[Item], size: int | None, token: str | None) -> tuple[Sequence[Item], str | None]:
    """Return one page of the items and the token of the next, or None after the last page.

    ``size`` is the request's ``maxResults``, ``token`` its ``nextToken``. Raises ``ValidationException`` for a token
    that no page gave.
    """
    start = _start(token)
    end = start + (size or DEFAULT_SIZE)
    following = base64.urlsafe_b64encode(f"from:{end}".encode()).decode() if end < len(items) else None
    return items[start:end], following


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(token).decode().partition(":")
        if word == "from":
            return int(number)
    except (binascii.Error, ValueError):
        pass
    raise ValidationException("nextToken is not a token that this listing gave")
