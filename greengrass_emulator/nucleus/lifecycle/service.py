"""One component, living: installed, started, watched, tried again, stopped.

A service is one task from ``begin()`` to the end of its CLOSE. What others want of it is a ``Wish``, which interrupts
whatever it is doing. The rules of the state machine are greengrass-facts.md's ("Lifecycle", and lite's differences).
"""

import asyncio
import logging
import secrets
import shutil
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from greengrass_emulator.nucleus.errors import StepFailed
from greengrass_emulator.nucleus.lifecycle.processes import GroupReaper, StepProcess
from greengrass_emulator.nucleus.lifecycle.states import (
    BOOTSTRAP_SUCCESSES,
    DEFAULT_TIMEOUTS,
    ERRORS_TO_BREAK,
    ERRORS_WITHIN,
    State,
    Wish,
)
from greengrass_emulator.nucleus.recipes.component import Component, Lifecycle, Step
from greengrass_emulator.nucleus.runtimes import Runtime

_log = logging.getLogger(__name__)
_T = TypeVar("_T")


class Surroundings(Protocol):
    """What a service needs of the nucleus around it."""

    runtime: Runtime
    reaper: GroupReaper

    def fill(self, component: Component) -> Lifecycle:
        """The lifecycle with its variables filled in from the running configuration."""

    def environment(self, token: str) -> dict[str, str]: ...

    def work_folder(self, component: str) -> Path: ...

    def log_file(self, component: str) -> Path: ...

    def hand_over_files(self, component: Component) -> None:
        """Give the component its unpacked files: called before each of its own steps."""

    def dependencies_ready(self, component: Component) -> bool: ...

    def state_changed(self, service: "Service", before: State) -> None: ...


@dataclass(frozen=True, slots=True)
class _Plan:
    component: Component
    lifecycle: Lifecycle

    def needs_bootstrap_after(self, before: "_Plan") -> bool:
        """A new version, or another text of the step (GenericExternalService.java, isBootstrapRequired)."""
        texts = [each.lifecycle.steps.get("bootstrap") for each in (self, before)]
        return self.component.version != before.component.version or texts[0] != texts[1]


class _Interrupted(Exception):
    """A wish came while a step was under way."""


class Service:
    """One component. ``token`` is its SVCUID.

    ``installed``: its install step was done by an earlier process; ``resumed``: that process had deployed it, so that
    it needs no bootstrap.
    """

    def __init__(
        self,
        component: Component,
        lifecycle: Lifecycle,
        around: Surroundings,
        *,
        installed: bool = False,
        resumed: bool = False,
    ) -> None:
        self._around = around
        self._plan = _Plan(component, lifecycle)
        self._next: _Plan | None = None
        self._wish: Wish | None = None
        self._wished = asyncio.Event()
        self._said_running = asyncio.Event()
        self._said_errored = asyncio.Event()
        self._process: StepProcess | None = None
        self._errors: dict[State, list[float]] = {}
        self._task: asyncio.Task[None] | None = None
        self._installed = installed
        self._bootstraps = not resumed
        self._uninstalls = False
        self.token = secrets.token_hex(16)
        self.state = State.NEW
        self.changed_at = time.monotonic()
        self.detail = ""

    @property
    def name(self) -> str:
        return self._plan.component.name

    @property
    def component(self) -> Component:
        """The version that is meant to run: the next one, while it is being changed to it."""
        return (self._next or self._plan).component

    @property
    def lifecycle(self) -> Lifecycle:
        return (self._next or self._plan).lifecycle

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process is not None and self._process.is_alive else None

    def begin(self) -> None:
        self._task = asyncio.create_task(self._live(), name=f"component {self.name}")

    def change(self, component: Component, lifecycle: Lifecycle, wish: Wish | None) -> None:
        """Take over a new plan: at once if nothing has to restart for it, else when the old one has stopped."""
        if wish is None:
            self._plan = _Plan(component, lifecycle)
        else:
            self._next = _Plan(component, lifecycle)
            self.ask(wish)

    def ask(self, wish: Wish) -> None:
        """Ask for something. CLOSE outweighs all, REINSTALL outweighs RESTART."""
        if self._wish is Wish.CLOSE or (self._wish is Wish.REINSTALL and wish is Wish.RESTART):
            return
        self._wish = wish
        # From now on its state says nothing about what was asked for.
        self.changed_at = time.monotonic()
        self._wished.set()

    def report(self, state: str) -> None:
        """UpdateState: STARTING to RUNNING or ERRORED, RUNNING to ERRORED; else ignored (Lifecycle.java:130-192)."""
        if state == State.RUNNING and self.state is State.STARTING:
            self._said_running.set()
        elif state == State.ERRORED and self.state in {State.STARTING, State.RUNNING}:
            self._said_errored.set()

    @property
    def is_paused(self) -> bool:
        return self._process is not None and self._process.is_paused

    def pause(self) -> None:
        """Let its processes stand still until ``resume()``. Nothing happens to one that has no process."""
        if self._process is not None:
            self._process.pause()

    def resume(self) -> None:
        if self._process is not None:
            self._process.resume()

    @property
    def is_asked(self) -> bool:
        """Whether a wish is still to be fulfilled."""
        return self._wish is not None

    async def close(self, *, uninstall: bool = False) -> None:
        """Stop, and be no more; ``uninstall``: on this device."""
        self._uninstalls = uninstall
        self.ask(Wish.CLOSE)
        if self._task is not None:
            await self._task

    async def _live(self) -> None:
        while True:
            try:
                await self._one_life()
                await self._wished.wait()
            except _Interrupted:
                pass
            except StepFailed as error:
                if await self._failed(error):
                    continue
                await self._wished.wait()
            wish, self._wish = self._wish, None
            self._wished.clear()
            if await self._fulfil(wish):
                return

    async def _fulfil(self, wish: Wish | None) -> bool:
        """Do what was asked; True if that was to close."""
        was_installed = self.state not in {State.NEW, State.BROKEN}
        await self._stop()
        if self._next is not None:
            self._bootstraps = self._next.needs_bootstrap_after(self._plan)
            self._plan, self._next = self._next, None
        self._errors.clear()
        if wish is Wish.CLOSE:
            if self._uninstalls and self._around.runtime.has_shutdown_and_recover:
                await self._try("uninstall", self._plan.lifecycle)
            self._become(State.FINISHED, "closed")
            return True
        if wish is Wish.HALT:
            self._become(State.FINISHED, "stopped")
            await self._wished.wait()
            return False
        self._become(State.NEW if wish is Wish.REINSTALL or not was_installed else State.INSTALLED)
        return False

    async def _one_life(self) -> None:
        """From NEW or INSTALLED to FINISHED. Raises StepFailed, or _Interrupted by a wish."""
        component = self._plan.component
        lifecycle = self._plan.lifecycle
        if self._around.runtime.cuts_scripts_at_unknown_variables:
            # Lite's recipe-runner fills variables in when it runs a script.
            lifecycle = self._around.fill(component)
        if self.state is State.NEW:
            bootstrap = lifecycle.steps.get("bootstrap")
            if bootstrap is not None and self._bootstraps:
                await self._unless_wished(self._to_its_end("bootstrap", bootstrap, lifecycle, BOOTSTRAP_SUCCESSES))
            self._bootstraps = False
            install = lifecycle.steps.get("install")
            if install is not None and not self._installed:
                await self._unless_wished(self._to_its_end("install", install, lifecycle))
            self._installed = False
            self._become(State.INSTALLED)
        if self._around.runtime.waits_for_hard_dependencies:
            await self._unless_wished(self._dependencies())
        self._said_running.clear()
        self._said_errored.clear()
        if "startup" in lifecycle.steps:
            await self._unless_wished(self._startup(lifecycle.steps["startup"], lifecycle))
        elif "run" in lifecycle.steps:
            await self._unless_wished(self._run(lifecycle.steps["run"], lifecycle))
        else:
            self._become(State.FINISHED)

    async def _unless_wished(self, work: Coroutine[Any, Any, _T]) -> _T:
        if self._wished.is_set():
            work.close()
            raise _Interrupted
        task = asyncio.ensure_future(work)
        wished = asyncio.ensure_future(self._wished.wait())
        try:
            await asyncio.wait({task, wished}, return_when=asyncio.FIRST_COMPLETED)
            if self._wished.is_set():
                raise _Interrupted
            return task.result()
        finally:
            wished.cancel()
            if not task.done():
                task.cancel()
            await asyncio.gather(task, wished, return_exceptions=True)

    async def _dependencies(self) -> None:
        while not self._around.dependencies_ready(self._plan.component):
            await asyncio.sleep(0.05)

    async def _run(self, step: Step, lifecycle: Lifecycle) -> None:
        """``run``: RUNNING as soon as its process is there."""
        self._become(State.STARTING)
        process = await self._start("run", step, lifecycle)
        if process is None:
            self._become(State.FINISHED, "skipped")
            return
        self._become(State.RUNNING)
        code = await self._exit_or_error(process)
        if code != 0:
            raise StepFailed(f"run ended with {code}")
        await self._stop()
        self._become(State.FINISHED)

    async def _startup(self, step: Step, lifecycle: Lifecycle) -> None:
        """``startup``: RUNNING once it ends with 0 or its process says so; the process may stay."""
        self._become(State.STARTING)
        process = await self._start("startup", step, lifecycle)
        if process is None:
            self._become(State.RUNNING, "skipped")
            return
        timeout = DEFAULT_TIMEOUTS["startup"] if step.timeout is None else step.timeout
        ended = asyncio.ensure_future(self._exit_or_error(process))
        running = asyncio.ensure_future(self._said_running.wait())
        try:
            done, _ = await asyncio.wait({ended, running}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                raise StepFailed(f"startup neither ended nor said RUNNING within {timeout:g} s")
            if running in done and ended not in done:
                self._become(State.RUNNING)
            self._check_startup(await ended)
        finally:
            for each in (ended, running):
                each.cancel()
            await asyncio.gather(ended, running, return_exceptions=True)
        if self.state is State.STARTING:
            self._become(State.RUNNING)
        # An exit with 0 after RUNNING is ignored: a dead component counts as RUNNING
        # (GenericExternalService.java:364-395). It can still say ERRORED through a child.
        await self._said_errored.wait()
        raise StepFailed("the component said ERRORED")

    def _check_startup(self, code: int) -> None:
        if code != 0:
            raise StepFailed(f"startup ended with {code}")
        if not self._around.runtime.startup_may_return:
            raise StepFailed("startup returned, and `systemd-notify --stopping` failed after it (systemd before 254)")

    async def _exit_or_error(self, process: StepProcess) -> int:
        ended = asyncio.ensure_future(process.wait())
        errored = asyncio.ensure_future(self._said_errored.wait())
        try:
            await asyncio.wait({ended, errored}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                raise StepFailed("the component said ERRORED")
            return ended.result()
        finally:
            for each in (ended, errored):
                each.cancel()
            await asyncio.gather(ended, errored, return_exceptions=True)

    async def _to_its_end(
        self, name: str, step: Step, lifecycle: Lifecycle, successes: frozenset[int] = frozenset({0})
    ) -> None:
        process = await self._start(name, step, lifecycle)
        if process is None:
            return
        timeout = DEFAULT_TIMEOUTS[name] if step.timeout is None else step.timeout
        try:
            async with asyncio.timeout(timeout):
                code = await process.wait()
        except TimeoutError as error:
            raise StepFailed(f"{name} was not done within {timeout} s") from error
        finally:
            if process.is_alive:
                await process.stop()
        if code not in successes:
            raise StepFailed(f"{name} ended with {code}")

    async def _start(self, name: str, step: Step, lifecycle: Lifecycle) -> StepProcess | None:
        if self._around.runtime.reads_skip_if and _is_skipped(step.skip_if):
            return None
        component = self._plan.component
        self._around.hand_over_files(component)
        folder = self._around.work_folder(self.name)
        folder.mkdir(parents=True, exist_ok=True)
        process = await StepProcess.start(
            step.script,
            folder=folder,
            environment={
                **self._around.environment(self.token),
                **lifecycle.environment,
                **step.environment,
            },
            log=self._around.log_file(self.name),
            reaper=self._around.reaper,
        )
        _log.info("a step runs", extra={"component": self.name, "step": name, "pid": process.pid})
        if name in {"run", "startup"}:
            self._process = process
        return process

    async def _stop(self) -> None:
        """Shut down what runs: the shutdown step, then SIGTERM, then SIGKILL."""
        process, self._process = self._process, None
        if process is None and self.state not in {State.RUNNING, State.STARTING}:
            return
        self._become(State.STOPPING)
        lifecycle = self._plan.lifecycle
        if self._around.runtime.has_shutdown_and_recover:
            await self._try("shutdown", lifecycle)
        if process is not None:
            await process.stop()

    async def _try(self, name: str, lifecycle: Lifecycle) -> None:
        step = lifecycle.steps.get(name)
        if step is None:
            return
        try:
            await self._to_its_end(name, step, lifecycle)
        except StepFailed as error:
            _log.warning("a step failed", extra={"component": self.name, "step": name, "reason": str(error)})

    async def _failed(self, error: StepFailed) -> bool:
        """Note an error; True if the component is tried again, False if it is BROKEN."""
        where = self.state
        now = time.monotonic()
        earlier = self._errors.get(where, [])
        recent = [*earlier, now] if earlier and now - earlier[-1] <= ERRORS_WITHIN else [now]
        self._errors[where] = recent
        self._become(State.ERRORED, str(error))
        lifecycle = self._plan.lifecycle
        if self._around.runtime.has_shutdown_and_recover:
            await self._try("recover", lifecycle)
        process, self._process = self._process, None
        if process is not None:
            await process.stop()
        if len(recent) >= ERRORS_TO_BREAK:
            self._become(State.BROKEN, str(error))
            return False
        try:
            await self._unless_wished(asyncio.sleep(self._around.runtime.pause_before_retry))
        except _Interrupted:
            return False
        self._become(State.NEW if where is State.NEW else State.INSTALLED, str(error))
        return True

    def _become(self, state: State, detail: str = "") -> None:
        before, self.state, self.detail = self.state, state, detail
        self.changed_at = time.monotonic()
        if before is not state:
            level = logging.WARNING if state in {State.ERRORED, State.BROKEN} else logging.INFO
            _log.log(level, "component state", extra={"component": self.name, "state": state, "detail": detail})
            self._around.state_changed(self, before)


def _is_skipped(condition: str | None) -> bool:
    kind, _, what = (condition or "").strip().partition(" ")
    if kind == "onpath":
        return shutil.which(what.strip()) is not None
    return kind == "exists" and Path(what.strip()).exists()


StateListener = Callable[[Service, State], None]
