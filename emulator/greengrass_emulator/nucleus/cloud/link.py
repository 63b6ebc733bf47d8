"""The parts of a nucleus that talk to its cloud, started and stopped together."""

import asyncio
import logging
from collections.abc import Callable
from http import HTTPStatus

from greengrass_emulator.nucleus.clock import DeviceClock
from greengrass_emulator.nucleus.cloud.data_plane import CloudCandidates, DataPlane
from greengrass_emulator.nucleus.cloud.fleet_status import FleetStatus
from greengrass_emulator.nucleus.cloud.jobs import JobListener
from greengrass_emulator.nucleus.cloud.mqtt import MqttLink
from greengrass_emulator.nucleus.cloud.s3 import S3Download
from greengrass_emulator.nucleus.cloud.shadow_deployments import ShadowListener
from greengrass_emulator.nucleus.cloud.token_exchange import TokenExchange
from greengrass_emulator.nucleus.deployments.document import Deployment
from greengrass_emulator.nucleus.deployments.packages import PackageStore
from greengrass_emulator.nucleus.deployments.queue import DeploymentQueue, Order
from greengrass_emulator.nucleus.errors import CloudAway
from greengrass_emulator.nucleus.lifecycle.service import Service
from greengrass_emulator.nucleus.lifecycle.services import Services
from greengrass_emulator.nucleus.lifecycle.states import State
from greengrass_emulator.nucleus.lite_sizes import LARGEST_PACKET
from greengrass_emulator.nucleus.recipes.platform import Platform
from greengrass_emulator.nucleus.runtimes import Runtime
from greengrass_emulator.nucleus.settings import CloudSettings
from greengrass_emulator.nucleus.state import StateFile

_log = logging.getLogger(__name__)


class CloudLink:
    """The cloud side of one device. ``changed`` is called when the connection comes or goes."""

    def __init__(
        self,
        settings: CloudSettings,
        thing: str,
        *,
        runtime: Runtime,
        clock: DeviceClock,
        packages: PackageStore,
        memory: StateFile,
        component_of: Callable[[str], str | None],
        changed: Callable[[], None],
    ) -> None:
        self._thing = thing
        self._runtime = runtime
        self._memory = memory
        self._changed = changed
        self._queue: DeploymentQueue | None = None
        self._data_plane = DataPlane(settings, thing, runtime, Platform.here(), clock)
        self.mqtt = MqttLink(
            settings,
            thing,
            clock,
            spools=runtime.spools,
            largest_packet=LARGEST_PACKET if runtime.has_fixed_buffers else None,
            connected_again=self._connection_changed,
        )
        self.download = S3Download(self._data_plane.credentials, settings.region, settings.s3_endpoint)
        self.candidates = CloudCandidates(self._data_plane, packages)
        # HttpServerImpl.java and tes-serverd/src/http_server.c, of a token that they do not know.
        refusal = HTTPStatus.NOT_FOUND if runtime.has_daemons else HTTPStatus.FORBIDDEN
        self.token_exchange = TokenExchange(self._data_plane.credentials, component_of, refusal)
        self._jobs = JobListener(self.mqtt, thing, runtime, self._take, self._withdraw)
        self._shadow = ShadowListener(self.mqtt, thing, runtime, self._take)
        self._fleet: FleetStatus | None = None

    async def start(self, queue: DeploymentQueue, services: Services) -> None:
        """Connect, and stay connected. Deployments go to the queue."""
        self._queue = queue
        self._fleet = FleetStatus(self.mqtt, self._thing, self._runtime, Platform.here(), services, self._memory)
        queue.listeners.append(self._progressed)
        services.listeners.append(self._state_changed)
        await self.token_exchange.start()
        await self._jobs.listen()
        await self._shadow.listen()
        self.mqtt.start()

    async def stop(self) -> None:
        """Disconnect. Unsent messages are lost, as when a device is switched off."""
        await self.mqtt.stop()
        await self.token_exchange.stop()
        self._data_plane.close()
        self.download.close()

    async def _connection_changed(self) -> None:
        if self.mqtt.is_connected and self._fleet is not None:
            self._fleet.connected()
            self._jobs.ask()
            self._shadow.ask()
        self._changed()

    def _take(self, deployment: Deployment) -> bool:
        if self._queue is None:
            return False
        return self._queue.add(Order(deployment, self.candidates, self._leave_old_groups))

    def _withdraw(self, but: str) -> None:
        if self._queue is not None:
            self._queue.withdraw_jobs(but)

    def _leave_old_groups(self, deployment: Deployment) -> Deployment:
        """Forget the deployments of groups that the device has left (DefaultDeploymentTask.java). In a thread."""
        try:
            groups = self._data_plane.thing_groups()
        except CloudAway as error:
            _log.warning("the device's groups cannot be asked for", extra={"reason": str(error)})
            return deployment
        if groups is not None:
            targets = self._memory.state.targets
            gone = [name for name in targets if name.startswith("thinggroup/") and name.partition("/")[2] not in groups]
            for name in gone:
                del targets[name]
        return deployment

    async def _progressed(self, order: Order) -> None:
        if order.outcome is not None and self._fleet is not None:
            self._fleet.deployed(order)
        self._jobs.progressed(order)
        self._shadow.progressed(order)
        await asyncio.sleep(0)

    def _state_changed(self, service: Service, _before: State) -> None:
        if service.state is State.BROKEN and self._fleet is not None:
            self._fleet.broken(service)
