"""One component at run time: install, start, watch, retry, stop.

A service is one task from ``begin()`` to the end of its CLOSE. Others send it a ``LifecycleRequest``, which interrupts
whatever it is doing. The rules of the state machine: docs/greengrass-facts.md,
"Lifecycle", "Nucleus lite".
"""

import asyncio
import logging
from collections.abc import Callable

from greengrass_emulator.nucleus.errors import StepFailed, StepInterrupted
from greengrass_emulator.nucleus.lifecycle.pending_request import PendingRequest
from greengrass_emulator.nucleus.lifecycle.processes import StepProcess
from greengrass_emulator.nucleus.lifecycle.reported_state import ReportedState, end_all
from greengrass_emulator.nucleus.lifecycle.service_host import ServiceHost
from greengrass_emulator.nucleus.lifecycle.states import BOOTSTRAP_SUCCESSES, LifecycleRequest, State
from greengrass_emulator.nucleus.lifecycle.steps import Plan, Steps, timeout_of
from greengrass_emulator.nucleus.lifecycle.tolerance import ByErrors, ByStarts, Tolerance
from greengrass_emulator.nucleus.recipes.component import Component, Lifecycle, Step

_log = logging.getLogger(__name__)


class Service:
    """One component. ``token`` is its SVCUID.

    ``resumed``: an earlier process has deployed it, so that it needs no bootstrap. Lite's bootstrap and install are
    units of their own (``deployments/lite_installation.py``).
    """

    def __init__(self, plan: Plan, host: ServiceHost, *, resumed: bool = False) -> None:
        self._host = host
        self._plan = plan
        self._next: Plan | None = None
        self._pending = PendingRequest()
        self._reported = ReportedState()
        self._process: StepProcess | None = None
        self._tolerance: Tolerance = ByStarts() if host.runtime.counts_starts else ByErrors()
        self._task: asyncio.Task[None] | None = None
        self._bootstraps = not resumed
        self._uninstalls = False
        self._steps = Steps(host)
        self.is_linked = True
        """Whether systemd would start it again. An unlinked lite unit runs on, but is never started again."""
        self.state = State.INSTALLED if host.runtime.has_units else State.NEW
        self.changed_at = host.clock.passed()
        self.detail = ""

    @property
    def token(self) -> str:
        return self._host.token_of(self.name)

    @property
    def name(self) -> str:
        return self._plan.component.name

    @property
    def component(self) -> Component:
        """The version that is to run: during a change, the next one."""
        return self.plan.component

    @property
    def lifecycle(self) -> Lifecycle:
        return self.plan.lifecycle

    @property
    def plan(self) -> Plan:
        return self._next or self._plan

    @property
    def pid(self) -> int | None:
        return self._process.script if self._process is not None and self._process.is_alive else None

    @property
    def has_begun(self) -> bool:
        """Whether anything of it was ever started."""
        return self._task is not None

    def forgive(self) -> None:
        """Reset its error count (``systemctl reset-failed``)."""
        self._tolerance.forget()

    def begin(self) -> None:
        self._task = asyncio.create_task(self._live(), name=f"component {self.name}")

    def change(self, plan: Plan, request: LifecycleRequest | None) -> None:
        """Take over a new plan: at once if it needs no restart, else when the old one has stopped."""
        if request is None:
            self._plan = plan
        else:
            self._next = plan
            self.ask(request)

    def ask(self, request: LifecycleRequest) -> None:
        """Make a request. CLOSE outweighs all, REINSTALL outweighs RESTART."""
        if self._pending.ask(request):
            # The present state is not yet the result of this request.
            self.changed_at = self._host.clock.passed()

    def report(self, state: str) -> None:
        """Take the state that the component reports by UpdateState."""
        self._reported.take(state, self.state)

    @property
    def is_paused(self) -> bool:
        return self._process is not None and self._process.is_paused

    def pause(self) -> None:
        """Stop its processes by a signal until ``resume()``. Does nothing without a process."""
        if self._process is not None:
            self._process.pause()

    def resume(self) -> None:
        if self._process is not None:
            self._process.resume()

    @property
    def is_asked(self) -> bool:
        """Whether a request is open."""
        return self._pending.is_open

    async def close(self, *, uninstall: bool = False) -> None:
        """Stop for good; with ``uninstall``, also run that step, because the device loses the component."""
        self._uninstalls = uninstall
        self.ask(LifecycleRequest.CLOSE)
        if self._task is not None:
            await self._task

    async def _live(self) -> None:
        while True:
            try:
                await self._one_life()
                await self._pending.wait()
            except StepInterrupted:
                pass
            except StepFailed as error:
                if await self._failed(error):
                    continue
                await self._pending.wait()
            if await self._fulfil(self._pending.take()):
                return

    async def _fulfil(self, request: LifecycleRequest | None) -> bool:
        """Do what was requested; return True if that was CLOSE."""
        was_installed = self.state not in {State.NEW, State.BROKEN}
        await self._stop()
        if self._next is not None:
            self._bootstraps = self._next.needs_bootstrap_after(self._plan)
            self._plan, self._next = self._next, None
        self._tolerance.forget()
        if request is LifecycleRequest.CLOSE:
            if self._uninstalls:
                await self._steps.attempt("uninstall", self._plan)
            self._become(State.FINISHED, "closed")
            return True
        if request is LifecycleRequest.HALT:
            self._become(State.FINISHED, "stopped")
            await self._pending.wait()
            return False
        self._become(State.NEW if request is LifecycleRequest.REINSTALL or not was_installed else State.INSTALLED)
        return False

    async def _one_life(self) -> None:
        """Go from NEW or INSTALLED to FINISHED. Raises StepFailed, or StepInterrupted by a request."""
        lifecycle = self._plan.lifecycle
        if self._host.runtime.cuts_scripts_at_unknown_variables:
            # Lite's recipe-runner fills in variables when it runs a script.
            lifecycle = self._host.fill(self._plan.component)
        self._tolerance.starts(self.state, self._host.clock.passed())
        if self.state is State.NEW and not self._host.runtime.has_units:
            bootstrap = lifecycle.steps.get("bootstrap")
            if bootstrap is not None and self._bootstraps:
                await self._to_its_end("bootstrap", bootstrap, lifecycle, BOOTSTRAP_SUCCESSES)
            self._bootstraps = False
            install = lifecycle.steps.get("install")
            if install is not None:
                await self._to_its_end("install", install, lifecycle)
            self._become(State.INSTALLED)
            self._tolerance.starts(self.state, self._host.clock.passed())
        if self._host.runtime.waits_for_hard_dependencies:
            await self._pending.unless(self._dependencies())
        self._reported.forget()
        if "startup" in lifecycle.steps:
            await self._pending.unless(self._startup(lifecycle.steps["startup"], lifecycle))
        elif "run" in lifecycle.steps:
            await self._pending.unless(self._run(lifecycle.steps["run"], lifecycle))
        else:
            self._become(State.FINISHED)

    async def _dependencies(self) -> None:
        while not self._host.dependencies_ready(self._plan.component):
            await asyncio.sleep(0.05)

    async def _run(self, step: Step, lifecycle: Lifecycle) -> None:
        """``run``: RUNNING as soon as its process exists."""
        self._become(State.STARTING)
        process = await self._begin_step("run", step, lifecycle)
        if process is None:
            self._become(State.FINISHED, "skipped")
            return
        self._become(State.RUNNING)
        # Lite's time-out of a unit does not end one that runs (systemd.service, TimeoutSec= and Type=exec).
        timeout = timeout_of("run", step) if self._host.runtime.ends_runs_that_take_too_long else None
        try:
            async with asyncio.timeout(timeout):
                code = await self._reported.exit_of(process)
        except TimeoutError as error:
            raise StepFailed(f"run was not done within {timeout} s") from error
        if code != 0:
            raise StepFailed(f"run ended with {code}")
        await self._stop()
        self._become(State.FINISHED)

    async def _startup(self, step: Step, lifecycle: Lifecycle) -> None:
        """``startup``: RUNNING once it ends with 0 or reports RUNNING; the process may stay."""
        self._become(State.STARTING)
        process = await self._begin_step("startup", step, lifecycle)
        if process is None:
            self._become(State.RUNNING, "skipped")
            return
        timeout = timeout_of("startup", step)
        ended = asyncio.ensure_future(self._reported.exit_of(process))
        running = asyncio.ensure_future(self._reported.running())
        try:
            done, _ = await asyncio.wait({ended, running}, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
            if not done:
                raise StepFailed(f"startup neither ended nor reported RUNNING within {timeout:g} s")
            if running in done and ended not in done:
                self._become(State.RUNNING)
            self._check_startup(await ended)
        finally:
            await end_all(ended, running)
        if self.state is State.STARTING:
            self._become(State.RUNNING)
        # An exit with 0 after RUNNING is ignored: a dead component counts as RUNNING
        # (GenericExternalService.java:364-395). It can still say ERRORED through a child.
        await self._reported.errored()

    def _check_startup(self, code: int) -> None:
        if code != 0:
            raise StepFailed(f"startup ended with {code}")
        if not self._host.runtime.startup_may_return:
            raise StepFailed("startup returned, and `systemd-notify --stopping` failed after it (systemd before 254)")

    async def _to_its_end(
        self, name: str, step: Step, lifecycle: Lifecycle, successes: frozenset[int] = frozenset({0})
    ) -> None:
        await self._pending.unless(self._steps.to_its_end(name, step, self._plan, lifecycle, successes))

    async def _begin_step(self, name: str, step: Step, lifecycle: Lifecycle) -> StepProcess | None:
        """Start the step whose process stays, and keep the process."""
        process = await self._steps.start(name, step, self._plan, lifecycle)
        if process is not None:
            self._process = process
        return process

    async def _stop(self) -> None:
        """Shut down what runs: the shutdown step, then SIGTERM, then SIGKILL."""
        process, self._process = self._process, None
        if process is None and self.state not in {State.RUNNING, State.STARTING}:
            return
        self._become(State.STOPPING)
        await self._steps.attempt("shutdown", self._plan)
        if process is not None:
            await process.stop()

    async def _failed(self, error: StepFailed) -> bool:
        """Count an error; return True if the component is retried, False if it is BROKEN."""
        where = self.state
        is_broken = self._tolerance.fails(where, self._host.clock.passed())
        self._become(State.ERRORED, str(error))
        await self._steps.attempt("recover", self._plan)
        process, self._process = self._process, None
        if process is not None:
            await process.stop()
        if is_broken:
            self._become(State.BROKEN, str(error))
            return False
        if not self.is_linked:
            return False
        try:
            await self._pending.unless(asyncio.sleep(self._host.runtime.pause_before_retry))
        except StepInterrupted:
            return False
        self._become(State.NEW if where is State.NEW else State.INSTALLED, str(error))
        return True

    def _become(self, state: State, detail: str = "") -> None:
        before, self.state, self.detail = self.state, state, detail
        if state is not State.ERRORED:
            self._tolerance.goes_on(before)
        self.changed_at = self._host.clock.passed()
        if before is not state:
            level = logging.WARNING if state in {State.ERRORED, State.BROKEN} else logging.INFO
            _log.log(level, "component state", extra={"component": self.name, "state": state, "detail": detail})
            self._host.state_changed(self, before)


StateListener = Callable[[Service, State], None]
