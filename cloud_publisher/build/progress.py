"""How a build tells whoever watches what it does. Words and bars are the command's; here is only the face."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Protocol

Advance = Callable[[int], None]
"""Called with the bytes that were moved since the last call; negative when something is sent again."""


class Progress(Protocol):
    """What a build tells. ``key`` is the component that it is about."""

    def said(self, key: str, text: str) -> None:
        """One step, or one line of a build's output."""

    def transfer(self, key: str, what: str, size: int) -> AbstractContextManager[Advance]:
        """A download or upload of ``size`` bytes, which may take a while."""
