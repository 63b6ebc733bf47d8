"""The content of ``nucleus.json``, from the parts of a nucleus."""

import os
from collections.abc import Mapping
from pathlib import Path

from greengrass_emulator.nucleus.clock import DeviceClock
from greengrass_emulator.nucleus.daemons import Restarted
from greengrass_emulator.nucleus.deployments.queue import DeploymentQueue
from greengrass_emulator.nucleus.lifecycle.services import Services
from greengrass_emulator.nucleus.runtimes import Runtime
from greengrass_emulator.nucleus.status_file import ComponentStatus, DeploymentStatus, NucleusStatus


def overview(
    runtime: Runtime,
    thing: str,
    *,
    socket: Path,
    ipc_cut: frozenset[str],
    daemon_restarts: Mapping[Restarted, int],
    boot: str,
    connected: bool,
    clock: DeviceClock,
    services: Services,
    queue: DeploymentQueue,
) -> NucleusStatus:
    """Return the nucleus's present status."""
    return NucleusStatus(
        pid=os.getpid(),
        runtime=runtime.name,
        thing=thing,
        socket=str(socket),
        ipc_cut=ipc_cut,
        daemon_restarts=dict(daemon_restarts),
        boot=boot,
        connected=connected,
        clock_ahead=clock.ahead,
        components={
            each.name: ComponentStatus(
                version=each.component.version, state=each.state, pid=each.pid, detail=each.detail
            )
            for each in services.all()
        },
        deployments=[
            DeploymentStatus(
                id=order.deployment.id,
                target=order.deployment.target,
                status=order.status,
                detailed=order.outcome.detailed if order.outcome else "",
                cause=order.outcome.cause if order.outcome else "",
                job_id=order.deployment.job_id,
            )
            for order in queue.orders.values()
        ],
    )
