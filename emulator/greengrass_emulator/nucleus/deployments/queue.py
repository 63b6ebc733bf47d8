"""The queue of deployments from all sources, carried out one after the other, with the result of each."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from greengrass_emulator.nucleus.clock import DeviceClock
from greengrass_emulator.nucleus.deployments.document import Deployment, Outcome
from greengrass_emulator.nucleus.deployments.journal import Journal
from greengrass_emulator.nucleus.deployments.resolution import Candidates
from greengrass_emulator.nucleus.errors import DeploymentFailed

_log = logging.getLogger(__name__)
_MOST_WAITING = 100
_MOST_REMEMBERED = 50
_CANCELED = "CANCELED"


class Deployer(Protocol):
    is_merging: bool
    """True once the deployment has begun to change the device: then it cannot be cancelled."""

    async def deploy(self, deployment: Deployment, candidates: Candidates) -> None:
        """Carry a deployment out. Raises DeploymentFailed."""


@dataclass(slots=True)
class Order:
    """A deployment in the queue.

    ``before`` runs first, in a thread: it copies a local deployment's files, and returns the deployment as it is then.
    """

    deployment: Deployment
    candidates: Candidates
    before: Callable[[Deployment], Deployment] | None = None
    status: str = "QUEUED"
    outcome: Outcome | None = None
    created_at: float = 0.0


ProgressListener = Callable[[Order], Awaitable[None]]


@dataclass(slots=True)
class DeploymentQueue:
    """Holds the orders; ``work()`` is its one task."""

    deployer: Deployer
    journal: Journal
    clock: DeviceClock
    listeners: list[ProgressListener] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)
    _waiting: asyncio.Queue[Order] = field(default_factory=lambda: asyncio.Queue(_MOST_WAITING))
    _current: tuple[Order, asyncio.Task[Outcome]] | None = None

    def add(self, order: Order) -> bool:
        """Queue an order; False if the queue is full."""
        try:
            self._waiting.put_nowait(order)
        except asyncio.QueueFull:
            return False
        order.created_at = self.clock.now()
        self.orders[order.deployment.id] = order
        for finished in [key for key, each in self.orders.items() if each.outcome is not None][:-_MOST_REMEMBERED]:
            del self.orders[finished]
        return True

    def withdraw_jobs(self, but: str) -> None:
        """Drop the jobs that have not begun, except one: the cloud offers another job, so it has cancelled them."""
        for order in self.orders.values():
            if order.status == "QUEUED" and order.deployment.job_id not in {"", but}:
                order.status, order.outcome = _CANCELED, Outcome("REJECTED", "superseded before it began")

    def cancel(self, order: Order) -> None:
        """Cancel an order, unless it has begun to change the device."""
        if order.status == "QUEUED":
            order.status, order.outcome = _CANCELED, Outcome("REJECTED", "canceled before it began")
        elif self._current is not None and self._current[0] is order and not self.deployer.is_merging:
            self._current[1].cancel(_CANCELED)

    async def work(self) -> None:
        """Carry out orders until cancelled."""
        while True:
            order = await self._waiting.get()
            if order.outcome is not None:
                continue
            order.status = "IN_PROGRESS"
            await self._tell(order)
            await self._run(order)
            await self._tell(order)

    async def _run(self, order: Order) -> None:
        # A task of its own, so that cancelling a deployment does not end the queue.
        task = asyncio.create_task(self._carry_out(order))
        self._current = order, task
        try:
            order.outcome = await task
            order.status = order.outcome.status
        except asyncio.CancelledError as error:
            if _CANCELED not in error.args:
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)
                raise
            order.status, order.outcome = _CANCELED, Outcome("REJECTED", "canceled before it changed anything")
            self.journal.end()
        finally:
            self._current = None

    async def _carry_out(self, order: Order) -> Outcome:
        deployment = order.deployment
        _log.info("a deployment begins", extra={"deployment": deployment.id, "target": deployment.target})
        try:
            if order.before is not None:
                order.deployment = deployment = await asyncio.to_thread(order.before, deployment)
            self.journal.begin(deployment)
            await self.deployer.deploy(deployment, order.candidates)
        except DeploymentFailed as error:
            outcome = Outcome(error.detailed, str(error), error.codes)
        except Exception as error:  # noqa: BLE001 - the next deployment must find a nucleus that works
            _log.exception("a deployment met an error of the nucleus", extra={"deployment": deployment.id})
            outcome = Outcome("FAILED_NO_STATE_CHANGE", f"{type(error).__name__}: {error}", ("DEPLOYMENT_FAILURE",))
        else:
            outcome = Outcome("SUCCESSFUL")
        self.journal.end()
        _log.info(
            "a deployment ended",
            extra={"deployment": deployment.id, "detailed": outcome.detailed, "cause": outcome.cause},
        )
        return outcome

    async def _tell(self, order: Order) -> None:
        for listener in self.listeners:
            await listener(order)
