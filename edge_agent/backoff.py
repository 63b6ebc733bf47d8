"""Pauses that grow between tries, for everything in the agent that tries again.

The caller waits, on its own clock or condition; tenacity computes the pause. It has no random share: an agent asks its
own nucleus, and no other agent does.
"""


class Backoff:
    """Pauses that double from ``first`` to ``longest`` seconds, until `reset`. Not thread-safe."""

    def __init__(self, first: float, longest: float) -> None:
        self._first = first
        self._longest = longest
        self._failed = 0

    def pause(self) -> float:
        """Count one more failed try. Return the seconds to wait before the next one."""
        # Imported here: it takes as long as a few frames, and a start without a failure does not need it.
        from tenacity import RetryCallState, Retrying, wait_exponential  # noqa: PLC0415

        self._failed += 1
        wait = wait_exponential(multiplier=self._first, max=self._longest)
        tries = RetryCallState(Retrying(wait=wait), None, (), {})
        tries.attempt_number = self._failed
        return wait(tries)

    def reset(self) -> None:
        """Begin with the shortest pause again: a try went well, or something changed."""
        self._failed = 0
