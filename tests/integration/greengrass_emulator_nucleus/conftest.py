"""A device in a process of its own, and tests that speak to it as its components do: by IPC, with their token."""

import json
import os
import queue
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from awsiot.greengrasscoreipc import connect
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import RunWithInfo
from greengrass_emulator.nucleus.lifecycle.process_owners import kill_orphans
from greengrass_emulator.nucleus.status_file import DeploymentStatus, NucleusStatus, read_status

SECONDS = 40.0
NUCLEUS = "greengrass_emulator.nucleus"
# A component that only is there: the test speaks in its name.
STAY = "echo $SVCUID > svcuid; exec sleep 1000"
# Components are who runs the tests: a nucleus that is root wants to be told so.
RUN_WITH = {"runWithDefault": {"posixUser": f"{os.geteuid()}:{os.getegid()}"}}
CONFIG = {
    "system": {"rootpath": "root", "thingName": "thing-1"},
    "services": {"aws.greengrass.Nucleus": {"configuration": RUN_WITH}},
}
EVERYTHING = {
    service: {"all": {"operations": ["*"], "resources": ["*"]}}
    for service in (
        "aws.greengrass.ipc.pubsub",
        "aws.greengrass.ipc.mqttproxy",
        "aws.greengrass.Cli",
        "aws.greengrass.ipc.lifecycle",
    )
}


def until(look: Callable[[], Any], seconds: float = SECONDS) -> Any:
    """What ``look`` sees, once it sees something."""
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s")
        time.sleep(0.02)
    return seen


class Events:
    """What a stream brings, in a bounded queue."""

    def __init__(self) -> None:
        self._came: queue.Queue[Any] = queue.Queue(1000)
        self.closed: queue.Queue[bool] = queue.Queue(10)

    def handlers(self) -> dict[str, Any]:
        return {
            "on_stream_event": self._came.put_nowait,
            "on_stream_error": lambda _error: True,
            "on_stream_closed": lambda: self.closed.put_nowait(True),
        }

    def next(self) -> Any:
        return self._came.get(timeout=SECONDS)

    def none_within(self, seconds: float) -> bool:
        try:
            self._came.get(timeout=seconds)
        except queue.Empty:
            return True
        return False

    def waiting(self) -> list[Any]:
        found = []
        while not self._came.empty():
            found.append(self._came.get_nowait())
        return found


class Device:
    """A nucleus's folder and process."""

    def __init__(
        self, folder: Path, runtime: str, config: Path | None = None, program: list[str] | None = None
    ) -> None:
        """``program``: what to run in the nucleus's place; it gets the root folder before the nucleus's arguments."""
        self.folder = folder
        self._program = program
        self.runtime = runtime
        self.recipes = folder / "given-recipes"
        self.artifacts = folder / "given-artifacts"
        for each in (self.recipes, self.artifacts):
            each.mkdir(parents=True, exist_ok=True)
        self.config = config or folder / "config.yaml"
        if config is None:
            self.config.write_text(yaml.safe_dump(CONFIG))
        self.root = Path(yaml.safe_load(self.config.read_text())["system"]["rootpath"])
        if not self.root.is_absolute():
            self.root = folder / self.root
        self.process: subprocess.Popen[bytes] | None = None
        self._clients: list[GreengrassCoreIPCClientV2] = []

    def start(self) -> "Device":
        with (self.folder / "nucleus.out").open("ab") as output:
            program = [*self._program, str(self.root)] if self._program else [sys.executable, "-m", NUCLEUS]
            self.process = subprocess.Popen(
                [*program, *self._arguments()],
                stdout=output,
                stderr=output,
            )
        until(lambda: self.status_or_none() or self._ended())
        return self

    def _arguments(self) -> list[str]:
        return ["--config", str(self.config), "--runtime", self.runtime]

    def _ended(self) -> bool:
        if self.process is not None and self.process.poll() is not None:
            raise AssertionError((self.folder / "nucleus.out").read_text())
        return False

    def stop(self) -> int:
        self._close_clients()
        if self.process is None:
            return 0
        self.process.terminate()
        try:
            return self.process.wait(SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            kill_orphans(self.root)

    def is_as_new(self) -> bool:
        """Take everything away again; False if that cannot be, or its process has ended."""
        self._close_clients()
        status = self.status_or_none()
        if self.process is None or self.process.poll() is not None or status is None:
            return False
        if any(each.status in {"QUEUED", "IN_PROGRESS"} for each in status.deployments):
            return False
        for given in (self.recipes, self.artifacts):
            shutil.rmtree(given)
            given.mkdir()
        state = self.root / "config" / "state.json"
        targets = json.loads(state.read_text())["targets"] if state.exists() else {}
        names = tuple(targets.get("LOCAL_DEPLOYMENT", {}).get("roots", {}))
        if (names or status.components) and self.deploy(remove=names).status != "SUCCEEDED":
            return False
        self._close_clients()
        # Of a nucleus that was killed: no component of this one is left.
        kill_orphans(self.root)
        for work in (self.root / "work").iterdir():
            shutil.rmtree(work)
        for log in (self.root / "logs").iterdir():
            os.truncate(log, 0)
        return not self.status().components

    def _close_clients(self) -> None:
        for client in self._clients:
            client.close()
        self._clients.clear()

    def kill(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(SECONDS)

    def cut_power(self) -> None:
        self.kill()
        kill_orphans(self.root)

    def status_or_none(self) -> NucleusStatus | None:
        return read_status(self.root)

    def status(self) -> NucleusStatus:
        status = self.status_or_none()
        assert status is not None, (self.folder / "nucleus.out").read_text()
        return status

    def state(self, component: str) -> str:
        found = self.status().components.get(component)
        return found.state if found else ""

    def until_state(self, component: str, state: str) -> None:
        until(lambda: self.state(component) == state)

    def pid(self, component: str) -> int:
        return int(until(lambda: self.status().components[component].pid))

    def log(self, component: str = "greengrass") -> str:
        path = self.root / "logs" / f"{component}.log"
        return path.read_text() if path.exists() else ""

    def work(self, component: str) -> Path:
        return self.root / "work" / component

    def give(
        self,
        name: str,
        version: str = "1.0.0",
        *,
        configuration: dict[str, Any] | None = None,
        dependencies: dict[str, Any] | None = None,
        artifacts: list[dict[str, Any]] | None = None,
        **steps: Any,
    ) -> None:
        """Write a component's recipe into the folder that the next deployment takes in."""
        recipe = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": version,
            "ComponentConfiguration": {"DefaultConfiguration": configuration or {}},
            "ComponentDependencies": dependencies or {},
            "Manifests": [
                {
                    "Platform": {"os": "linux", "runtime": "*"},
                    "Lifecycle": steps or {"run": STAY},
                    "Artifacts": artifacts or [],
                }
            ],
        }
        (self.recipes / f"{name}-{version}.json").write_text(json.dumps(recipe))

    def give_zip(self, name: str, version: str, file_name: str, entries: dict[str, str]) -> None:
        folder = self.artifacts / name / version
        folder.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(folder / file_name, "w") as archive:
            for entry, text in entries.items():
                archive.writestr(entry, text)

    def ask_deployment(
        self,
        *merge: str,
        remove: tuple[str, ...] = (),
        update: dict[str, Any] | None = None,
        policy: str = "ROLLBACK",
        run_with: dict[str, RunWithInfo] | None = None,
    ) -> str:
        """Ask for a local deployment, as the command line does, and do not wait."""
        info = json.loads((self.root / "cli_ipc_info" / "user-0.json").read_text())
        client = self.connect(info["cli_auth_token"])
        answer = client.create_local_deployment(
            root_component_versions_to_add=dict(each.split("=") for each in merge),
            root_components_to_remove=list(remove),
            component_to_configuration=update or {},
            recipe_directory_path=str(self.recipes),
            artifacts_directory_path=str(self.artifacts),
            failure_handling_policy=policy,
            component_to_run_with_info=run_with,
        )
        return str(answer.deployment_id)

    def ended(self, deployment_id: str) -> DeploymentStatus:
        def look() -> DeploymentStatus | None:
            for each in self.status().deployments:
                if each.id == deployment_id and each.status in {"SUCCEEDED", "FAILED", "REJECTED"}:
                    return each
            return None

        found: DeploymentStatus = until(look, 40)
        return found

    def deploy(self, *merge: str, **options: Any) -> DeploymentStatus:
        return self.ended(self.ask_deployment(*merge, **options))

    def connect(self, token: str) -> GreengrassCoreIPCClientV2:
        client = GreengrassCoreIPCClientV2(
            client=connect(ipc_socket=self.status().socket, authtoken=token), executor=None
        )
        self._clients.append(client)
        return client

    def token(self, component: str) -> str:
        return str(until(lambda: (self.work(component) / "svcuid").exists() and self._token(component)))

    def _token(self, component: str) -> str:
        return (self.work(component) / "svcuid").read_text().strip()

    def speak_as(self, component: str) -> GreengrassCoreIPCClientV2:
        """An IPC client in a component's name."""
        return self.connect(self.token(component))


MakeDevice = Callable[..., Device]


@pytest.fixture
def make_device(tmp_path: Path) -> Iterator[MakeDevice]:
    """Makes devices that are running, and ends them."""
    made: list[Device] = []

    def make(
        runtime: str,
        config: Path | None = None,
        *,
        program: list[str] | None = None,
        before: Callable[[Path], None] | None = None,
    ) -> Device:
        device = Device(tmp_path / f"device-{len(made)}", runtime, config, program)
        made.append(device)
        if before is not None:
            before(device.root)
        return device.start()

    yield make
    for device in made:
        device.stop()


class Pool:
    """A running device for each runtime, handed from test to test: nothing of one test is left for the next."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._devices: dict[str, Device] = {}
        self._made = 0

    def lend(self, runtime: str) -> Device:
        if runtime not in self._devices:
            self._made += 1
            self._devices[runtime] = Device(self._folder / f"{runtime}-{self._made}", runtime).start()
        return self._devices[runtime]

    def take_back(self, runtime: str) -> None:
        device = self._devices[runtime]
        if not device.is_as_new():
            del self._devices[runtime]
            device.stop()

    def close(self) -> None:
        for device in self._devices.values():
            device.stop()


@pytest.fixture(scope="session")
def pool(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    pool = Pool(tmp_path_factory.mktemp("devices"))
    yield pool
    pool.close()


def _lent(pool: Pool, runtime: str) -> Iterator[Device]:
    yield pool.lend(runtime)
    pool.take_back(runtime)


@pytest.fixture
def classic(pool: Pool) -> Iterator[Device]:
    yield from _lent(pool, "classic")


@pytest.fixture
def lite(pool: Pool) -> Iterator[Device]:
    yield from _lent(pool, "lite")


@pytest.fixture(params=["classic", "lite"])
def device(request: pytest.FixtureRequest, pool: Pool) -> Iterator[Device]:
    """A device, once in each runtime's manner."""
    yield from _lent(pool, request.param)


@pytest.fixture
def events() -> Callable[[], Events]:
    return Events


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that only waits to be buried does not."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False


@pytest.fixture
def alive() -> Callable[[int], bool]:
    return is_alive


@pytest.fixture
def wait_until() -> Callable[..., Any]:
    return until


@pytest.fixture
def everything_allowed() -> dict[str, Any]:
    return {"accessControl": EVERYTHING}
