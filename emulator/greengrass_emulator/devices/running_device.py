"""A device in a process of its own, which its owner starts, watches and ends."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

from greengrass_emulator.cloud.provisioning import DeviceFolder
from greengrass_emulator.devices.device_faults import reboot, restart_daemon, turn_device_clock
from greengrass_emulator.devices.local_deployment import LocalDeployment, deploy_locally, wait_for_deployment
from greengrass_emulator.errors import NucleusError
from greengrass_emulator.interruption import ctrl_c_held_back
from greengrass_emulator.json_value import JsonObject
from greengrass_emulator.nucleus.daemons import DaemonName
from greengrass_emulator.nucleus.lifecycle.process_owners import kill_orphans
from greengrass_emulator.nucleus.status_file import DeploymentStatus, NucleusStatus, read_status

Runtime = Literal["classic", "lite"]
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_POLL = 0.05


class RunningDevice:
    """One provisioned device."""

    def __init__(self, folder: DeviceFolder, runtime: Runtime = "classic") -> None:
        self.folder = folder
        self.runtime = runtime
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def thing(self) -> str:
        """The thing's name."""
        return self.folder.thing

    @property
    def root(self) -> Path:
        """The nucleus's root folder: ``logs``, ``work`` and ``packages`` are in it."""
        return self.folder.root

    def start(self, *, wait: bool = True) -> "RunningDevice":
        """Start the nucleus, and wait until it is connected. Raises ``NucleusError`` with the nucleus's output."""
        command = [sys.executable, "-m", "greengrass_emulator.nucleus"]
        # A killed nucleus leaves its status file.
        (self.root / "nucleus.json").unlink(missing_ok=True)
        with (self.folder.folder / "nucleus.out").open("ab") as output, ctrl_c_held_back():
            self._process = subprocess.Popen(
                [*command, "--config", str(self.folder.config_path), "--runtime", self.runtime],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C in a terminal must reach only the device's owner.
            )
        if wait:
            self.wait_until_connected()
        return self

    def wait_until_connected(self) -> None:
        """Wait until the device is connected to the broker. Raises ``NucleusError``."""
        self.until(lambda: (status := self.status()) is not None and status.connected, _START_SECONDS)

    def stop(self) -> None:
        """End the nucleus and its components as its systemd unit does, also those that a killed nucleus left."""
        process, self._process = self._process, None
        if process is not None:
            process.terminate()
            try:
                process.wait(_STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        kill_orphans(self.root)

    def kill(self) -> None:
        """Kill only the nucleus. Classic's components go on; ``start`` then runs a second set beside them."""
        if self._process is None:
            raise NucleusError(f"{self.thing} does not run", "start() it first")
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def cut_power(self) -> None:
        """Kill the nucleus and all that it started, as a power cut does. ``start`` continues where it was."""
        self.kill()
        kill_orphans(self.root)

    def turn_clock(self, seconds: float) -> None:
        """Let so many seconds pass for the device; return once its nucleus has them. See ``nucleus/clock.py``."""
        turn_device_clock(self.root, seconds)

    def reboot(self) -> None:
        """Restarts the device in an orderly way; returns once its nucleus runs again. See ``kill`` for a power cut."""
        reboot(self.root)

    def restart_daemon(self, daemon: DaemonName) -> None:
        """Restarts one of a lite device's daemons by itself. See ``nucleus/daemons.py``."""
        restart_daemon(self.root, daemon)

    def status(self) -> NucleusStatus | None:
        """What the nucleus says of itself; None while it does not run."""
        return read_status(self.root)

    def state(self, component: str) -> str:
        """Return a component's lifecycle state, such as ``RUNNING``; empty for an unknown component."""
        status = self.status()
        found = status.components.get(component) if status else None
        return found.state if found else ""

    def log(self, component: str = "greengrass") -> str:
        """Return a component's log so far, or the nucleus's own."""
        path = self.root / "logs" / f"{component}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def deploy(
        self,
        merge: Mapping[str, str] | None = None,
        *,
        remove: tuple[str, ...] = (),
        recipes: Path | None = None,
        artifacts: Path | None = None,
        updates: Mapping[str, JsonObject] | None = None,
        seconds: float = 60.0,
    ) -> DeploymentStatus:
        """Make a local deployment and wait for it. Raises ``NucleusError`` with the cause if it fails."""
        wanted = LocalDeployment(merge or {}, remove, recipes, artifacts, updates or {})
        ended = wait_for_deployment(self.root, deploy_locally(self.root, wanted), seconds)
        if ended.status != "SUCCEEDED":
            raise NucleusError(f"the deployment ended {ended.detailed}: {ended.cause}", f"see {self.root / 'logs'}")
        return ended

    def wait_for_state(self, component: str, state: str, seconds: float = 30.0) -> None:
        """Wait until a component is in a state. Raises ``NucleusError`` with the present state."""
        self.until(lambda: self.state(component) == state, seconds, f"{component} is not {state}")

    def wait_for_log(self, component: str, text: str, seconds: float = 30.0) -> None:
        """Waits until a component's log has a text. Raises ``NucleusError``."""
        self.until(lambda: text in self.log(component), seconds, f"{component} has not logged {text!r}")

    def until(self, holds: Callable[[], object], seconds: float, what: str = "it is not so") -> None:
        """Wait until a condition holds. Raises ``NucleusError`` after so many seconds, or if the nucleus ends."""
        deadline = time.monotonic() + seconds
        while not holds():
            if self._process is None or self._process.poll() is not None:
                output = (self.folder.folder / "nucleus.out").read_text(errors="replace")[-2000:]
                raise NucleusError(
                    f"the nucleus of {self.thing} has ended: {output or 'it printed nothing'}",
                    f"see {self.root / 'logs'}",
                )
            if time.monotonic() > deadline:
                raise NucleusError(f"{self.thing}: {what} after {seconds:g} s", f"see {self.root / 'logs'}")
            time.sleep(_POLL)
