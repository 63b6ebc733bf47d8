"""The state that a component reports by UpdateState, awaited together with the end of its process."""

import asyncio
from typing import Any

from greengrass_emulator.nucleus.errors import StepFailed
from greengrass_emulator.nucleus.lifecycle.processes import StepProcess
from greengrass_emulator.nucleus.lifecycle.states import State


class ReportedState:
    """One component's reported state, from one start to the next."""

    def __init__(self) -> None:
        self._running = asyncio.Event()
        self._errored = asyncio.Event()

    def forget(self) -> None:
        """Forget what was reported before the process started."""
        self._running.clear()
        self._errored.clear()

    def take(self, reported: str, state: State) -> None:
        """Take a report: STARTING to RUNNING or ERRORED, RUNNING to ERRORED, nothing else (Lifecycle.java:130-192)."""
        if reported == State.RUNNING and state is State.STARTING:
            self._running.set()
        elif reported == State.ERRORED and state in {State.STARTING, State.RUNNING}:
            self._errored.set()

    async def running(self) -> None:
        """Wait until it has reported RUNNING."""
        await self._running.wait()

    async def errored(self) -> None:
        """Wait until it has reported ERRORED, and raise StepFailed."""
        await self._errored.wait()
        raise StepFailed("the component reported ERRORED")

    async def exit_of(self, process: StepProcess) -> int:
        """Return the exit code of its process. Raises StepFailed if it reports ERRORED before."""
        ended = asyncio.ensure_future(process.wait())
        errored = asyncio.ensure_future(self._errored.wait())
        try:
            await asyncio.wait({ended, errored}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                raise StepFailed("the component reported ERRORED")
            return ended.result()
        finally:
            await end_all(ended, errored)


async def end_all(*tasks: "asyncio.Future[Any]") -> None:
    """Cancel the tasks and wait for their end."""
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
