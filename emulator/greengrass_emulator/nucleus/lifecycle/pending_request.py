"""The open request to a component, which interrupts what the component is doing."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from greengrass_emulator.nucleus.errors import StepInterrupted
from greengrass_emulator.nucleus.lifecycle.states import LifecycleRequest

_T = TypeVar("_T")


class PendingRequest:
    """The open request, if any. CLOSE outweighs all, REINSTALL outweighs RESTART."""

    def __init__(self) -> None:
        self._open: LifecycleRequest | None = None
        self._came = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether a request is open."""
        return self._open is not None

    def ask(self, request: LifecycleRequest) -> bool:
        """Make a request; return False if the open one outweighs it."""
        if self._open is LifecycleRequest.CLOSE or (
            self._open is LifecycleRequest.REINSTALL and request is LifecycleRequest.RESTART
        ):
            return False
        self._open = request
        self._came.set()
        return True

    def take(self) -> LifecycleRequest | None:
        """Remove the open request and return it."""
        request, self._open = self._open, None
        self._came.clear()
        return request

    async def wait(self) -> None:
        """Wait until there is a request."""
        await self._came.wait()

    async def unless(self, work: Coroutine[Any, Any, _T]) -> _T:
        """Do some work and return its result. A request cancels it, and then this raises StepInterrupted."""
        if self._came.is_set():
            work.close()
            raise StepInterrupted
        task = asyncio.ensure_future(work)
        requested = asyncio.ensure_future(self._came.wait())
        try:
            await asyncio.wait({task, requested}, return_when=asyncio.FIRST_COMPLETED)
            if self._came.is_set():
                raise StepInterrupted
            return task.result()
        finally:
            requested.cancel()
            if not task.done():
                task.cancel()
            await asyncio.gather(task, requested, return_exceptions=True)
