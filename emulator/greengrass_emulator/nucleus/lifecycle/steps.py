"""Running one component's steps: their user, folder, environment and time-out.

It knows nothing of states: ``service.py`` decides what the end of a step means.
"""

import asyncio
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path

from greengrass_emulator.nucleus.errors import StepFailed
from greengrass_emulator.nucleus.lifecycle.processes import StepProcess
from greengrass_emulator.nucleus.lifecycle.run_as import give
from greengrass_emulator.nucleus.lifecycle.service_host import ServiceHost
from greengrass_emulator.nucleus.lifecycle.states import DEFAULT_TIMEOUTS
from greengrass_emulator.nucleus.recipes.component import Component, Lifecycle, Step

_log = logging.getLogger(__name__)
_SUCCESS = frozenset({0})


@dataclass(frozen=True, slots=True)
class Plan:
    """A component with its version, its steps with their variables filled in, and its deployment's user.

    ``is_stored``: the nucleus has read it back from its store, at a start or for a rollback.
    """

    component: Component
    lifecycle: Lifecycle
    posix_user: str | None = None
    is_stored: bool = False

    def needs_bootstrap_after(self, before: "Plan") -> bool:
        """Whether the version or the step's text is new (GenericExternalService.java, isBootstrapRequired)."""
        texts = [each.lifecycle.steps.get("bootstrap") for each in (self, before)]
        return self.component.version != before.component.version or texts[0] != texts[1]


@dataclass(frozen=True, slots=True)
class Steps:
    """Runs components' steps."""

    host: ServiceHost

    async def start(self, name: str, step: Step, plan: Plan, lifecycle: Lifecycle) -> StepProcess | None:
        """Start a step and return its process, or None if it is skipped. Raises StepFailed if it cannot be started."""
        host, component = self.host, plan.component
        if host.runtime.reads_skip_if and _is_skipped(step.skip_if):
            return None
        who = host.identities.of(plan.posix_user)
        host.hand_over_files(component, who)
        folder = host.work_folder(component.name)
        folder.mkdir(parents=True, exist_ok=True)
        give(folder, who)
        process = await StepProcess.start(
            step.script,
            launcher=host.identities.launcher(who, privileged=step.privileged),
            folder=folder,
            environment=host.identities.environment(
                host.environment(host.token_of(component.name)),
                {**lifecycle.environment, **step.environment},
                who,
                privileged=step.privileged,
            ),
            log=host.log_file(component.name),
            reaper=host.reaper,
        )
        _log.info("a step runs", extra={"component": component.name, "step": name, "pid": process.pid})
        return process

    async def to_its_end(
        self, name: str, step: Step, plan: Plan, lifecycle: Lifecycle, successes: frozenset[int] = _SUCCESS
    ) -> None:
        """Run a step to its end. Raises StepFailed for an exit code not in ``successes``, or a time-out."""
        process = await self.start(name, step, plan, lifecycle)
        if process is None:
            return
        timeout = timeout_of(name, step)
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

    async def attempt(self, name: str, plan: Plan) -> None:
        """Run an optional step, and ignore its failure. Does nothing on a runtime without such steps."""
        step = plan.lifecycle.steps.get(name)
        if step is None or not self.host.runtime.has_shutdown_and_recover:
            return
        try:
            await self.to_its_end(name, step, plan, plan.lifecycle)
        except StepFailed as error:
            extra = {"component": plan.component.name, "step": name, "reason": str(error)}
            _log.warning("a step failed", extra=extra)


def timeout_of(name: str, step: Step) -> float | None:
    """Return the seconds that a step may last, or None for no limit."""
    return DEFAULT_TIMEOUTS[name] if step.timeout is None else step.timeout


def _is_skipped(condition: str | None) -> bool:
    kind, _, what = (condition or "").strip().partition(" ")
    if kind == "onpath":
        return shutil.which(what.strip()) is not None
    return kind == "exists" and Path(what.strip()).exists()
