"""What a component says of itself by UpdateState, waited for beside the end of its process."""

import asyncio
from typing import Any

from greengrass_emulator.nucleus.errors import StepFailed
from greengrass_emulator.nucleus.lifecycle.processes import StepProcess
from greengrass_emulator.nucleus.lifecycle.states import State


class Word:
    """One component's, from one start to the next."""

    def __init__(self) -> None:
        self._running = asyncio.Event()
        self._errored = asyncio.Event()

    def begin_anew(self) -> None:
        """What it said before its process was started says nothing of this one."""
        self._running.clear()
        self._errored.clear()

    def say(self, said: str, state: State) -> None:
        """STARTING to RUNNING or ERRORED, RUNNING to ERRORED; all else is ignored (Lifecycle.java:130-192)."""
        if said == State.RUNNING and state is State.STARTING:
            self._running.set()
        elif said == State.ERRORED and state in {State.STARTING, State.RUNNING}:
            self._errored.set()

    async def running(self) -> None:
        """Until it has said RUNNING."""
        await self._running.wait()

    async def errored(self) -> None:
        """Until it has said ERRORED, which raises StepFailed."""
        await self._errored.wait()
        raise StepFailed("the component said ERRORED")

    async def exit_of(self, process: StepProcess) -> int:
        """The code that its process ends with. Raises StepFailed if it says ERRORED before."""
        ended = asyncio.ensure_future(process.wait())
        errored = asyncio.ensure_future(self._errored.wait())
        try:
            await asyncio.wait({ended, errored}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                raise StepFailed("the component said ERRORED")
            return ended.result()
        finally:
            await end_all(ended, errored)


async def end_all(*tasks: "asyncio.Future[Any]") -> None:
    """Cancel what is no longer waited for, and see it ended."""
    for each in tasks:
        each.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
