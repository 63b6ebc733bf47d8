"""A device in a process of its own: started, watched, killed and ended by whoever holds it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from greengrass_emulator.cloud.provisioning import DeviceFolder
from greengrass_emulator.devices.device_faults import reboot, restart_daemon, turn_device_clock
from greengrass_emulator.devices.local_deployment import LocalDeployment, deploy_locally, wait_for_deployment
from greengrass_emulator.devices.orphans import kill_orphans
from greengrass_emulator.errors import NucleusError
from greengrass_emulator.interruption import ctrl_c_held_back
from greengrass_emulator.nucleus.daemons import DaemonName
from greengrass_emulator.nucleus.status_file import DeploymentStatus, NucleusStatus, read_status

Runtime = Literal["classic", "lite"]
_START_SECONDS = 30.0
_STOP_SECONDS = 15.0
_POLL = 0.05


class RunningDevice:
    """One provisioned device. Its components find the Python that runs this as ``python3``, with all it has."""

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
        """Starts the nucleus, and waits until the broker has it. Raises ``NucleusError`` with what it said."""
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        command = [sys.executable, "-m", "greengrass_emulator.nucleus"]
        # A nucleus that was killed leaves its status behind.
        (self.root / "nucleus.json").unlink(missing_ok=True)
        with (self.folder.folder / "nucleus.out").open("ab") as output, ctrl_c_held_back():
            self._process = subprocess.Popen(
                [*command, "--config", str(self.folder.config_path), "--runtime", self.runtime],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PATH": path},
                start_new_session=True,  # Ctrl-C in a terminal is for whoever holds the device
            )
        if wait:
            self.wait_until_connected()
        return self

    def wait_until_connected(self) -> None:
        """Waits until the broker has the device. Raises ``NucleusError``."""
        self.until(lambda: (status := self.status()) is not None and status.connected, _START_SECONDS)

    def stop(self) -> None:
        """Ends the nucleus and its components, as its unit does, also those that a killed nucleus left."""
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
        """Kills the nucleus alone. Classic's components go on without it; ``start`` begins beside them."""
        if self._process is None:
            raise NucleusError(f"{self.thing} does not run; start() it first")
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        self._process = None

    def cut_power(self) -> None:
        """Kills the nucleus and all that it started, as a loss of power does. ``start`` goes on where it was."""
        self.kill()
        kill_orphans(self.root)

    def turn_clock(self, seconds: float) -> None:
        """Lets so many seconds pass for the device; returns once its nucleus goes by it. See ``nucleus/clock.py``."""
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
        """A component's lifecycle state, such as ``RUNNING``; empty for one that is not there."""
        status = self.status()
        found = status.components.get(component) if status else None
        return found.state if found else ""

    def log(self, component: str = "greengrass") -> str:
        """A component's log so far, or the nucleus's own."""
        path = self.root / "logs" / f"{component}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def deploy(
        self,
        merge: Mapping[str, str] | None = None,
        *,
        remove: tuple[str, ...] = (),
        recipes: Path | None = None,
        artifacts: Path | None = None,
        updates: Mapping[str, Any] | None = None,
        seconds: float = 60.0,
    ) -> DeploymentStatus:
        """A local deployment, waited for. Raises ``NucleusError`` with the cause where it does not succeed."""
        wanted = LocalDeployment(merge or {}, remove, recipes, artifacts, updates or {})
        ended = wait_for_deployment(self.root, deploy_locally(self.root, wanted), seconds)
        if ended.status != "SUCCEEDED":
            raise NucleusError(f"the deployment ended {ended.detailed}: {ended.cause}")
        return ended

    def wait_for_state(self, component: str, state: str, seconds: float = 30.0) -> None:
        """Waits until a component is in a state. Raises ``NucleusError`` that says where it is instead."""
        self.until(lambda: self.state(component) == state, seconds, f"{component} is not {state}")

    def wait_for_log(self, component: str, text: str, seconds: float = 30.0) -> None:
        """Waits until a component's log has a text. Raises ``NucleusError``."""
        self.until(lambda: text in self.log(component), seconds, f"{component} has not logged {text!r}")

    def until(self, holds: Callable[[], object], seconds: float, what: str = "it is not so") -> None:
        """Waits until something holds. Raises ``NucleusError`` after so many seconds, or when the nucleus ends."""
        deadline = time.monotonic() + seconds
        while not holds():
            if self._process is None or self._process.poll() is not None:
                output = (self.folder.folder / "nucleus.out").read_text(errors="replace")[-2000:]
                raise NucleusError(f"the nucleus of {self.thing} has ended: {output or 'it said nothing'}")
            if time.monotonic() > deadline:
                raise NucleusError(f"{self.thing}: {what} after {seconds:g} s; see {self.root / 'logs'}")
            time.sleep(_POLL)
