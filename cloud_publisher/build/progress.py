"""The interface by which a build reports its progress; the CLI shows it as lines and bars."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

Advance = Callable[[int], None]
"""Called with the bytes that were moved since the last call; negative when something is sent again."""


class Progress(Protocol):
    """Receives a build's progress. ``key`` is the component's key in the config."""

    def said(self, key: str, text: str) -> None:
        """Show one step, or one line of a build's output."""

    def transfer(self, key: str, what: str, size: int) -> AbstractContextManager[Advance]:
        """Show a download or upload of ``size`` bytes, which may take a while."""
