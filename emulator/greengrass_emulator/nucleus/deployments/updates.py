"""Notifies components before an update, and waits while they defer it (UpdateSystemPolicyService.java)."""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, field

_log = logging.getLogger(__name__)

PreUpdate = Callable[[str | None, str | None], None]
"""Called with the deployment's id before an update, and with (None, id) after it."""


@dataclass(slots=True)
class _Round:
    deployment_id: str
    waiting: set[str]
    longest: float = 0.0
    settled: asyncio.Event = field(default_factory=asyncio.Event)


class ComponentUpdates:
    """The subscribers to updates, and their answers."""

    def __init__(self) -> None:
        self._listeners: list[tuple[str, PreUpdate]] = []
        self._round: _Round | None = None

    def subscribe(self, component: str, listener: PreUpdate) -> Callable[[], None]:
        """Register a listener; return the function that ends it."""
        entry = (component, listener)
        self._listeners.append(entry)

        def end() -> None:
            self._listeners = [each for each in self._listeners if each is not entry]
            # Do not wait for a component that is gone.
            self._answered(component)

        return end

    def defer(self, component: str, deployment_id: str, seconds: float) -> bool:
        """Take a component's answer: 0 to go on. Return False if there is nothing to defer."""
        current = self._round
        if current is None or current.deployment_id != deployment_id:
            return False
        current.longest = max(current.longest, seconds)
        self._answered(component)
        return True

    async def before(self, deployment_id: str, timeout: float) -> None:
        """Send every subscriber a pre-update event, and return when none defers any more.

        No answer in time means go on. A defer waits for the longest requested time, and then asks again, without a
        limit (UpdateSystemPolicyService.java:165-237).
        """
        while self._listeners:
            current = self._round = _Round(deployment_id, {component for component, _ in self._listeners})
            for _, listener in tuple(self._listeners):
                listener(deployment_id, None)
            try:
                async with asyncio.timeout(timeout):
                    await current.settled.wait()
            except TimeoutError:
                _log.info("components did not answer the notification", extra={"components": sorted(current.waiting)})
            finally:
                self._round = None
            if current.longest <= 0:
                return
            _log.info("an update is deferred", extra={"deployment": deployment_id, "seconds": current.longest})
            await asyncio.sleep(current.longest)

    def after(self, deployment_id: str) -> None:
        """Send every subscriber a post-update event."""
        for _, listener in tuple(self._listeners):
            listener(None, deployment_id)

    def _answered(self, component: str) -> None:
        if self._round is not None:
            self._round.waiting.discard(component)
            if not self._round.waiting:
                self._round.settled.set()
