"""What others want of a component, and the interruption of whatever it is doing by that."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from greengrass_emulator.nucleus.lifecycle.states import Wish

_T = TypeVar("_T")


class Interrupted(Exception):
    """A wish came while a step was under way."""


class Wishes:
    """At most one is open. CLOSE outweighs all, REINSTALL outweighs RESTART."""

    def __init__(self) -> None:
        self._open: Wish | None = None
        self._came = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether a wish is still to be fulfilled."""
        return self._open is not None

    def ask(self, wish: Wish) -> bool:
        """Ask for something; False if an open wish outweighs it."""
        if self._open is Wish.CLOSE or (self._open is Wish.REINSTALL and wish is Wish.RESTART):
            return False
        self._open = wish
        self._came.set()
        return True

    def take(self) -> Wish | None:
        """The open wish, which is then to be fulfilled."""
        wish, self._open = self._open, None
        self._came.clear()
        return wish

    async def wait(self) -> None:
        """Until there is one."""
        await self._came.wait()

    async def unless(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do some work, and end it when a wish comes: then it raises Interrupted."""
        if self._came.is_set():
            work.close()
            raise Interrupted
        task = asyncio.ensure_future(work)
        wished = asyncio.ensure_future(self._came.wait())
        try:
            await asyncio.wait({task, wished}, return_when=asyncio.FIRST_COMPLETED)
            if self._came.is_set():
                raise Interrupted
            return task.result()
        finally:
            wished.cancel()
            if not task.done():
                task.cancel()
            await asyncio.gather(task, wished, return_exceptions=True)
