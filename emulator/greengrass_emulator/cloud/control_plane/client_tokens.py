"""Idempotent requests: one client token has one answer for eight hours, whatever else the request has.

Source: AWS IoT Greengrass V2 API reference, ``clientToken`` of CreateComponentVersion and CreateDeployment.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

KEPT_SECONDS = 8 * 3600


class ClientTokens:
    """The answers of one account's recent requests."""

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._answers: dict[tuple[str, str], tuple[float, Mapping[str, Any]]] = {}

    def answer(self, operation: str, token: str | None) -> Mapping[str, Any] | None:
        """Return the answer that this token got within the last eight hours, or None."""
        now = self._clock()
        self._answers = {key: kept for key, kept in self._answers.items() if now - kept[0] < KEPT_SECONDS}
        kept = self._answers.get((operation, token)) if token else None
        return kept[1] if kept else None

    def keep(self, operation: str, token: str | None, answer: Mapping[str, Any]) -> None:
        """Remember a success. Failures are not remembered: they may be retried."""
        if token:
            self._answers[operation, token] = (self._clock(), answer)
