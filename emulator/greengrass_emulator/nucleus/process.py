"""The nucleus as a process: makes its parts, starts and ends them, and connects them with each other.

Everything runs on one event loop, except downloads, unpacking and the MQTT library's own thread.
"""

import asyncio
import json
import logging
import os
import secrets
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Any

from greengrass_emulator.durable import make_folder, write_whole
from greengrass_emulator.nucleus.clock import DeviceClock, DeviceLoop, clock_file
from greengrass_emulator.nucleus.component_environment import component_environment, filled_lifecycle
from greengrass_emulator.nucleus.configuration.store import ConfigurationStore
from greengrass_emulator.nucleus.daemons import DOWN_SECONDS, Daemons, Restarted, restarts_file
from greengrass_emulator.nucleus.deployments.classic import ClassicDeployer
from greengrass_emulator.nucleus.deployments.device import Device, LocalThenCloud
from greengrass_emulator.nucleus.deployments.journal import Journal, go_back
from greengrass_emulator.nucleus.deployments.lite import LiteDeployer
from greengrass_emulator.nucleus.deployments.packages import PackageStore
from greengrass_emulator.nucleus.deployments.preparation import Preparation
from greengrass_emulator.nucleus.deployments.queue import Deployer, DeploymentQueue, Order
from greengrass_emulator.nucleus.deployments.updates import ComponentUpdates
from greengrass_emulator.nucleus.deployments.validation import ConfigurationValidation
from greengrass_emulator.nucleus.device_python import BARE, make_bare, programs_of
from greengrass_emulator.nucleus.errors import DeploymentFailed
from greengrass_emulator.nucleus.ipc.admission import Admission, cut_file, read_cut
from greengrass_emulator.nucleus.ipc.authorization import CLI, Access
from greengrass_emulator.nucleus.ipc.operations.components import ComponentOperations
from greengrass_emulator.nucleus.ipc.operations.configuration import ConfigurationOperations
from greengrass_emulator.nucleus.ipc.operations.deployments import DeploymentOperations
from greengrass_emulator.nucleus.ipc.operations.iot_core import IotCore, IotCoreMessages, NoCloud
from greengrass_emulator.nucleus.ipc.operations.local_messages import LocalMessages
from greengrass_emulator.nucleus.ipc.server import IpcServer
from greengrass_emulator.nucleus.lifecycle.processes import GroupReaper, use_pidfd_watcher
from greengrass_emulator.nucleus.lifecycle.run_as import Identities, check_launcher
from greengrass_emulator.nucleus.lifecycle.service import Service
from greengrass_emulator.nucleus.lifecycle.services import NucleusCallbacks, Services
from greengrass_emulator.nucleus.lifecycle.states import State
from greengrass_emulator.nucleus.overview import overview
from greengrass_emulator.nucleus.recipes.component import Component, Lifecycle
from greengrass_emulator.nucleus.recipes.platform import Platform
from greengrass_emulator.nucleus.runtimes import Runtime
from greengrass_emulator.nucleus.settings import CloudSettings, DeviceSettings
from greengrass_emulator.nucleus.state import RootLock, StateFile, Unit
from greengrass_emulator.nucleus.status_file import NucleusStatus, StatusFile

if TYPE_CHECKING:
    from greengrass_emulator.nucleus.cloud.link import CloudLink

_log = logging.getLogger(__name__)


def run_nucleus(settings: DeviceSettings, runtime: Runtime) -> None:
    """Run a device's nucleus, by the device's clock, until SIGTERM or SIGINT. Raises NucleusError.

    When the device restarts, this process goes on and starts a new nucleus: whoever waits for it goes on waiting.
    """
    clock = DeviceClock(clock_file(settings.root))
    with asyncio.Runner(loop_factory=lambda: DeviceLoop(clock)) as runner:
        reboots = runner.run(Nucleus(settings, runtime, clock).run())
    if reboots:
        logging.shutdown()
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - itself, as it was begun


class Nucleus:
    """One device's nucleus. ``run()`` returns after a signal to end, once all its parts have ended."""

    def __init__(self, settings: DeviceSettings, runtime: Runtime, clock: DeviceClock) -> None:
        self._settings = settings
        self._clock = clock
        self._runtime = runtime
        self._root = settings.root
        self._cli_token = secrets.token_hex(16)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._memory = StateFile(self._root / "config" / "state.json")
        self._interrupted = go_back(self._memory, remembers_local=not runtime.has_units)
        self._reboots = False
        self._ends = asyncio.Event()
        self._boot = secrets.token_hex(8)
        state = self._memory.state
        self._configuration = ConfigurationStore(runtime, clock, state.configuration, state.times, self._memory.changed)
        self._packages = PackageStore(self._root, runtime, Platform.here())
        self._reaper = GroupReaper()
        self._services = Services(
            runtime,
            self._root,
            self._reaper,
            clock,
            Identities(runtime, settings.posix_user, programs=str(programs_of(settings))),
            NucleusCallbacks(self._fill, self._environment, self._packages.hand_over),
        )
        admission = Admission(runtime, self._component_of, self._services.component_of_process, self._services.token_of)
        self._ipc = IpcServer(self._root, runtime, admission, self._ipc_held_up)
        self._daemons = Daemons(restarts_file(self._root), {})
        self._cloud: CloudLink | None = None
        self._status = StatusFile(self._root / "nucleus.json", self._look)
        journal = Journal(self._memory)
        self._device = Device(
            runtime=runtime,
            clock=clock,
            thing=settings.thing,
            interpolate=settings.interpolate,
            packages=self._packages,
            preparation=Preparation(self._packages, self._download, settings.checksum_pause),
            configuration=self._configuration,
            services=self._services,
            validation=ConfigurationValidation(),
            updates=ComponentUpdates(),
            memory=self._memory,
            journal=journal,
            reboot=self._reboot,
        )
        deployer: Deployer = ClassicDeployer(self._device) if runtime.rolls_back else LiteDeployer(self._device)
        self._queue = DeploymentQueue(deployer, journal, clock)

    async def run(self) -> bool:
        """Serve until SIGTERM or SIGINT; return True if the device is to restart."""
        use_pidfd_watcher()
        check_launcher()
        stop = self._ends
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        loop.add_signal_handler(signal.SIGUSR1, self._clock_turned)
        loop.add_signal_handler(signal.SIGUSR2, self._faults_changed)
        with RootLock(self._root):
            try:
                if self._settings.python is None:
                    make_bare(self._root / BARE)
                await self._start()
                await stop.wait()
            finally:
                await self._stop()
        return self._reboots

    async def _start(self) -> None:
        for folder in ("logs", "work", "packages", "config"):
            make_folder(self._root / folder)
        self._packages.begin_anew()
        if not self._runtime.components_outlive_it:
            await self._reaper.start()
        self._services.listeners.append(self._state_changed)
        self._configuration.listeners.append(self._services.configuration_changed)
        self._queue.listeners.append(self._deployment_changed)
        if self._settings.cloud is not None:
            self._cloud = self._link_to(self._settings.cloud)
            await self._cloud.start(self._queue, self._services)
        access = Access(self._configuration, self._runtime, self._settings.thing)
        candidates = LocalThenCloud(self._packages, self._cloud.candidates if self._cloud else None)
        iot_core: IotCore = self._cloud.mqtt if self._cloud else NoCloud()
        local_messages = LocalMessages(access, self._runtime.reads_receive_mode)
        restarted: dict[Restarted, Callable[[], None]] = {"device": self._reboot}
        if self._runtime.has_daemons:
            restarted |= {
                "ggconfigd": self._configuration.forget_subscribers,
                "ggpubsubd": local_messages.forget,
                "iotcored": iot_core.restart,
                "ggipcd": self._restart_ipc,
            }
        self._daemons = Daemons(restarts_file(self._root), restarted)
        for family in (
            local_messages,
            IotCoreMessages(access, iot_core, self._later, self._runtime.retains),
            ConfigurationOperations(self._configuration, self._runtime),
            ComponentOperations(self._services, self._configuration, access, self._runtime, self._component_of),
            DeploymentOperations(self._device, self._queue, candidates, access),
        ):
            self._ipc.offer(family.handlers())
        await self._ipc.start()
        self._write_command_line_access()
        if self._interrupted is not None:
            self._queue.add(Order(self._interrupted, candidates))
        self._begin(self._queue.work())
        if self._runtime.has_units:
            for name, unit in self._memory.state.units.items():
                self._resume_unit(name, unit)
        else:
            for name, version in self._memory.state.versions.items():
                self._resume(name, version)
        self._status.write()
        _log.info("the nucleus runs", extra={"runtime": self._runtime.name, "thing": self._settings.thing})

    async def _stop(self) -> None:
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._services.stop_all()
        await self._ipc.stop()
        if self._cloud is not None:
            await self._cloud.stop()
        await self._reaper.stop()
        self._memory.write()
        self._status.remove()
        _log.info("the nucleus has ended")

    def _link_to(self, settings: CloudSettings) -> "CloudLink":
        # Imported here: a device without a cloud does not need the MQTT library.
        from greengrass_emulator.nucleus.cloud.link import CloudLink  # noqa: PLC0415

        return CloudLink(
            settings,
            self._settings.thing,
            runtime=self._runtime,
            clock=self._clock,
            packages=self._packages,
            memory=self._memory,
            component_of=self._services.component_of,
            changed=self._status.changed,
        )

    def _download(self, uri: str, file: Path) -> None:
        if self._cloud is None:
            raise DeploymentFailed(
                f"this device has no cloud to get {uri} from. Give it with the local deployment, as "
                "<artifact-dir>/NAME/VERSION/FILE.",
                "ARTIFACT_DOWNLOAD_ERROR",
            )
        self._cloud.download(uri, file)

    def _clock_turned(self) -> None:
        self._clock.read_again()
        self._status.write()

    def _faults_changed(self) -> None:
        cut = read_cut(cut_file(self._root))
        if cut != self._ipc.cut:
            self._ipc.cut_off(cut)
        self._daemons.look_again()
        self._status.write()

    def _reboot(self) -> None:
        self._reboots = True
        self._ends.set()

    def _restart_ipc(self) -> None:
        self._services.forget_tokens()
        self._ipc.restart(DOWN_SECONDS)

    def _resume_unit(self, name: str, unit: Unit) -> None:
        """Start a component's unit if it is linked and enabled, as systemd does at the device's start."""
        component = self._packages.find_deployed(name, unit.version)
        if component is not None:
            self._services.place(component, begins=unit.is_linked)

    def _resume(self, name: str, version: str) -> None:
        """Start a component that an earlier process of this nucleus has deployed."""
        component = self._packages.find_deployed(name, version)
        if component is not None:
            self._services.put(component, self._memory.state.users.get(name), resumed=True)

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _later(self, work: Awaitable[None]) -> None:
        async def wait() -> None:
            await work

        self._begin(wait())

    def _write_command_line_access(self) -> None:
        """Write the command line's socket and token, as classic does for greengrass-cli."""
        folder = self._root / "cli_ipc_info"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        written = {"cli_auth_token": self._cli_token, "domain_socket_path": str(self._ipc.path)}
        write_whole(folder / "user-0.json", json.dumps(written), mode=0o600)

    def _component_of(self, token: str) -> str | None:
        if secrets.compare_digest(token.encode(), self._cli_token.encode()):
            return CLI
        return self._services.component_of(token)

    def _fill(self, component: Component) -> Lifecycle:
        deployed = [each.component for each in self._services.all()]
        return filled_lifecycle(component, deployed, self._configuration, self._settings, self._runtime)

    def _environment(self, token: str) -> dict[str, str]:
        uri = self._cloud.token_exchange.uri if self._cloud else None
        return component_environment(token, self._settings, self._runtime, socket=self._ipc.path, credentials_uri=uri)

    def _ipc_held_up(self) -> float:
        return self._cloud.mqtt.holds_ipc_up if self._cloud is not None else 0.0

    def _state_changed(self, _service: Service, _before: State) -> None:
        self._status.changed()

    async def _deployment_changed(self, _order: Order) -> None:
        self._status.write()

    def _look(self) -> NucleusStatus:
        return overview(
            self._runtime,
            self._settings.thing,
            socket=self._ipc.path,
            ipc_cut=self._ipc.cut,
            daemon_restarts=self._daemons.restarts,
            boot=self._boot,
            connected=self._cloud is not None and self._cloud.mqtt.is_connected,
            clock=self._clock,
            services=self._services,
            queue=self._queue,
        )
