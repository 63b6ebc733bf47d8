"""A topic of the agent's own, by which it hears whether it still hears. Decides; publishes nothing itself.

Lite answers a subscription before the broker has, and tells nobody when it has forgotten one (greengrass-facts.md).
IoT Core may close the connection of a client that publishes what its policy does not allow, so that an echo which was
never heard is not said again: a device whose IoT policy is older loses one connection by it at most.
"""

import secrets

from edge_agent.control.bounds import Bounds


class Echo:
    """Times are on the monotonic clock, given by the caller. ``harmless``: to say it in vain costs nothing."""

    def __init__(self, bounds: Bounds, *, harmless: bool = False) -> None:
        self._bounds = bounds
        self._harmless = harmless
        self._said: bytes | None = None
        self._said_at: float | None = None
        self._ever_heard = False
        self._silent_before = False
        self.stopped = False
        """Whether it is not to be said again by this process."""

    def due(self, now: float) -> bool:
        """Whether it may be said now."""
        return not self.stopped and (self._said_at is None or now - self._said_at >= self._bounds.renewal)

    def say(self, now: float) -> bytes:
        """What to publish; it is taken for said."""
        self._said, self._said_at = secrets.token_hex(8).encode(), now
        return self._said

    def lost(self) -> None:
        """It could not be said, or the connection was lost right after it."""
        self._said = None
        self.stopped = not self._harmless

    def came(self, payload: bytes) -> None:
        """A message came on the topic; one of an earlier time, or of somebody else, says nothing."""
        if payload == self._said:
            self._said, self._ever_heard, self._silent_before = None, True, False

    @property
    def awaited(self) -> bool:
        """Whether it was said, and not heard yet."""
        return self._said is not None

    def missed(self, now: float) -> bool:
        """Whether it should have come by now: told once for each that was said."""
        if self._said is None or self._said_at is None or now - self._said_at < self._bounds.echo:
            return False
        self._said = None
        self.stopped = not self._harmless and (self._silent_before or not self._ever_heard)
        self._silent_before = True
        return True
