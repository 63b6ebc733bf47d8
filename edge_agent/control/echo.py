"""An echo: a message that the agent publishes to itself, to find out whether its subscriptions still work.

It only decides when to send one; the caller publishes. Lite answers a subscription before the broker has, and tells
nobody when it has forgotten one (docs/greengrass-facts.md, "What lite forgets"). IoT Core may close the connection of a
client that publishes what its policy does not allow. So an echo that never came back is not sent again: a device with
an older IoT policy loses one connection at most.
"""

import secrets

from edge_agent.control.timing import Bounds


class Echo:
    """The caller gives times on the monotonic clock. ``harmless``: an echo that is not allowed costs nothing."""

    def __init__(self, bounds: Bounds, *, harmless: bool = False) -> None:
        self._bounds = bounds
        self._harmless = harmless
        self._said: bytes | None = None
        self._said_at: float | None = None
        self._ever_heard = False
        self._silent_before = False
        self.stopped = False
        """Whether this process must not send it again."""

    def due(self, now: float) -> bool:
        """Return whether it may be sent now."""
        return not self.stopped and (self._said_at is None or now - self._said_at >= self._bounds.renewal)

    def say(self, now: float) -> bytes:
        """Return the payload to publish, and count it as sent."""
        self._said, self._said_at = secrets.token_hex(8).encode(), now
        return self._said

    def lost(self) -> None:
        """Note that it could not be sent, or that the connection was lost right after it."""
        self._said = None
        self.stopped = not self._harmless

    def came(self, payload: bytes) -> None:
        """Take a message on the topic. Only the echo that was sent last counts."""
        if payload == self._said:
            self._said, self._ever_heard, self._silent_before = None, True, False

    @property
    def awaited(self) -> bool:
        """Whether it was sent, and has not come back yet."""
        return self._said is not None

    def missed(self, now: float) -> bool:
        """Return whether it should have come back by now. True once for each that was sent."""
        if self._said is None or self._said_at is None or now - self._said_at < self._bounds.echo:
            return False
        self._said = None
        self.stopped = not self._harmless and (self._silent_before or not self._ever_heard)
        self._silent_before = True
        return True
