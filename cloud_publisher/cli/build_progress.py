"""Shows a build's progress: a line for each step, and on a terminal a bar for each transfer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from cloud_publisher.cli.output import Output


class BuildProgress:
    """Shows a build's progress on a command's output."""

    def __init__(self, output: Output) -> None:
        self._output = output

    def said(self, key: str, text: str) -> None:
        """Show one step, or one line of a build's output."""
        self._output.say(f"{key}: {text}")

    @contextmanager
    def transfer(self, key: str, what: str, size: int) -> Iterator[Callable[[int], None]]:
        """Show a download or upload of ``size`` bytes."""
        self.said(key, f"{what} ({size} bytes)")
        with self._output.bar(key, size) as advance:
            yield advance
