"""What others want of a component, and the interruption of whatever it is doing by that."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from greengrass_emulator.nucleus.lifecycle.states import LifecycleRequest

_T = TypeVar("_T")


class Interrupted(Exception):
    """A request came while a step was under way."""


class PendingRequest:
    """At most one is open. CLOSE outweighs all, REINSTALL outweighs RESTART."""

    def __init__(self) -> None:
        self._open: LifecycleRequest | None = None
        self._came = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether a request is still to be fulfilled."""
        return self._open is not None

    def ask(self, request: LifecycleRequest) -> bool:
        """Ask for something; False if an open request outweighs it."""
        if self._open is LifecycleRequest.CLOSE or (
            self._open is LifecycleRequest.REINSTALL and request is LifecycleRequest.RESTART
        ):
            return False
        self._open = request
        self._came.set()
        return True

    def take(self) -> LifecycleRequest | None:
        """The open request, which is then to be fulfilled."""
        request, self._open = self._open, None
        self._came.clear()
        return request

    async def wait(self) -> None:
        """Until there is one."""
        await self._came.wait()

    async def unless(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do some work, and end it when a request comes: then it raises Interrupted."""
        if self._came.is_set():
            work.close()
            raise Interrupted
        task = asyncio.ensure_future(work)
        requested = asyncio.ensure_future(self._came.wait())
        try:
            await asyncio.wait({task, requested}, return_when=asyncio.FIRST_COMPLETED)
            if self._came.is_set():
                raise Interrupted
            return task.result()
        finally:
            requested.cancel()
            if not task.done():
                task.cancel()
            await asyncio.gather(task, requested, return_exceptions=True)
