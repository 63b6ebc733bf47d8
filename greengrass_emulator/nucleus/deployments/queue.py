"""One deployment after the other, from wherever they come, and word of how each ended."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

from greengrass_emulator.nucleus.deployments.document import Deployment, Outcome
from greengrass_emulator.nucleus.deployments.resolution import Candidates
from greengrass_emulator.nucleus.errors import DeploymentFailed

_log = logging.getLogger(__name__)
_MOST_WAITING = 100
_MOST_REMEMBERED = 50


class Deployer(Protocol):
    async def deploy(self, deployment: Deployment, candidates: Candidates) -> None:
        """Carry a deployment out. Raises DeploymentFailed."""


@dataclass(slots=True)
class Order:
    """A deployment that was asked for.

    ``before`` runs first, in a thread: it takes in a local deployment's files, and says what is wanted by then.
    """

    deployment: Deployment
    candidates: Candidates
    before: Callable[[Deployment], Deployment] | None = None
    status: str = "QUEUED"
    outcome: Outcome | None = None


ProgressListener = Callable[[Order], Awaitable[None]]


@dataclass(slots=True)
class DeploymentQueue:
    """Holds the orders; ``work()`` is its one task."""

    deployer: Deployer
    listeners: list[ProgressListener] = field(default_factory=list)
    orders: dict[str, Order] = field(default_factory=dict)
    _waiting: asyncio.Queue[Order] = field(default_factory=lambda: asyncio.Queue(_MOST_WAITING))

    def add(self, order: Order) -> bool:
        """Queue an order; False if the queue is full."""
        try:
            self._waiting.put_nowait(order)
        except asyncio.QueueFull:
            return False
        self.orders[order.deployment.id] = order
        for finished in [key for key, each in self.orders.items() if each.outcome is not None][:-_MOST_REMEMBERED]:
            del self.orders[finished]
        return True

    def withdraw_jobs(self, but: str) -> None:
        """Drop the jobs that have not begun, but one: the cloud offers another, so it has cancelled them."""
        for order in self.orders.values():
            if order.status == "QUEUED" and order.deployment.job_id not in {"", but}:
                order.status, order.outcome = "CANCELED", Outcome("REJECTED", "superseded before it began")

    async def work(self) -> None:
        """Carry out orders until cancelled."""
        while True:
            order = await self._waiting.get()
            if order.outcome is not None:
                continue
            order.status = "IN_PROGRESS"
            await self._tell(order)
            order.outcome = await self._carry_out(order)
            order.status = order.outcome.status
            await self._tell(order)

    async def _carry_out(self, order: Order) -> Outcome:
        deployment = order.deployment
        _log.info("a deployment begins", extra={"deployment": deployment.id, "target": deployment.target})
        try:
            if order.before is not None:
                order.deployment = deployment = await asyncio.to_thread(order.before, deployment)
            await self.deployer.deploy(deployment, order.candidates)
        except DeploymentFailed as error:
            outcome = Outcome(error.detailed, str(error), error.codes)
        except Exception as error:  # noqa: BLE001 - the next deployment must find a nucleus that works
            _log.exception("a deployment met an error of the nucleus", extra={"deployment": deployment.id})
            outcome = Outcome("FAILED_NO_STATE_CHANGE", f"{type(error).__name__}: {error}", ("DEPLOYMENT_FAILURE",))
        else:
            outcome = Outcome("SUCCESSFUL")
        _log.info(
            "a deployment ended",
            extra={"deployment": deployment.id, "detailed": outcome.detailed, "cause": outcome.cause},
        )
        return outcome

    async def _tell(self, order: Order) -> None:
        for listener in self.listeners:
            await listener(order)
