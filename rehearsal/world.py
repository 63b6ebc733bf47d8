"""The rehearsal's world: three accounts, their thing groups, and a process for each device.

It ends all that it starts: first the nuclei, by SIGTERM, with their components; then the cloud.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import DeviceFolder, provision_device
from greengrass_emulator.cloud.seeding import SeededCloud, create_thing_group, seed_cloud
from greengrass_emulator.interruption import ctrl_c_held_back
from greengrass_emulator.nucleus.lifecycle.process_owners import kill_orphans
from greengrass_emulator.nucleus.status_file import NucleusStatus, read_status

from rehearsal.cloud_view import AccountView, Published, objects_of
from rehearsal.errors import RehearsalError
from rehearsal.feeder import read_predictions
from rehearsal.other_user import OtherUser
from rehearsal.pipeline import Stage
from rehearsal.processes import process_environment
from shared_schema.messages import Channel

Runtime = Literal["classic", "lite"]
GROUP = "rehearsal"
CANARY = "rehearsal-canary"
PACKAGE_GROUP = "digits"
BUCKET = "rehearsal-artifacts"
_SECONDS_TO_START = 30.0
_SECONDS_TO_END = 10.0
_SECONDS_TO_PREDICT = 20.0


@dataclass(frozen=True, slots=True)
class Group:
    """One account's thing group: the runtimes of its devices by name, and of its canary devices, if it has any."""

    devices: Mapping[str, Runtime]
    canary: Mapping[str, Runtime] = field(default_factory=dict)

    @property
    def wanted_channel(self) -> Channel:
        """Validated if all devices are classic, subscribed if any is lite (docs/architecture.md, "Two channels")."""
        return Channel.VALIDATED if set(self.devices.values()) == {"classic"} else Channel.SUBSCRIBED


@dataclass(frozen=True, slots=True)
class AgentPlace:
    """The agent's component name, and the file below its work folder that its JSON-lines sink writes."""

    name: str = "com.example.edge-agent"
    predictions: str = "predictions.jsonl"


@dataclass(frozen=True, slots=True)
class TargetAccount:
    """An account to deploy to: its API, its thing group, and the channel that its runtimes need."""

    name: str
    target_arn: str
    view: AccountView
    wanted_channel: Channel
    canary_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Device:
    """A core device whose nucleus is a process of its own."""

    name: str
    account: str
    runtime: Runtime
    folder: DeviceFolder
    view: AccountView
    agent: AgentPlace

    @property
    def work(self) -> Path:
        """The agent's work folder."""
        return self.work_of(self.agent.name)

    @property
    def predictions(self) -> Path:
        """What the agent's JSON-lines sink writes."""
        return self.work / self.agent.predictions

    def work_of(self, component: str) -> Path:
        """Return a component's work folder."""
        return self.folder.root / "work" / component

    def status(self) -> NucleusStatus | None:
        """Return what the nucleus says of itself, or None while it does not run."""
        return read_status(self.folder.root)

    def agent_pid(self) -> int | None:
        """Return the agent's process id, or None while it does not run."""
        status = self.status()
        agent = status.components.get(self.agent.name) if status else None
        return agent.pid if agent else None

    def detailed_status(self) -> str:
        """Return the newest deployment's detailed status, such as ``FAILED_NO_STATE_CHANGE``, or an empty text."""
        status = self.status()
        return status.deployments[-1].detailed if status and status.deployments else ""

    def serves_now(self, model: str) -> str | None:
        """Return the version of a model's next prediction. This checks the device instead of trusting the shadow."""
        known = sum(each.model == model for each in read_predictions(self.predictions))
        ends = time.monotonic() + _SECONDS_TO_PREDICT
        while time.monotonic() < ends:
            newer = [each for each in read_predictions(self.predictions) if each.model == model][known:]
            if newer:
                return newer[-1].version
            time.sleep(0.1)
        return None


_OURS = AgentPlace()


class World:
    """A cloud with accounts, groups and running devices. Use as a context manager."""

    def __init__(
        self,
        folder: Path,
        groups: Mapping[str, Group],
        *,
        recording: Path | None = None,
        prepare: Callable[[Cloud, SeededCloud], None] | None = None,
        other: OtherUser | None = None,
        agent: AgentPlace = _OURS,
        python: Path | None = None,
    ) -> None:
        """``recording`` enforces permissions. ``prepare`` is called before the accounts have a device.

        ``python`` is the environment that the devices' components run with; without it each device has a bare one.
        ``other`` is the user that runs the components, and says where devices lie. Without it the nucleus's user does.
        """
        self.folder = folder
        self.agent = agent
        self.python = python
        self._other = other
        self._nuclei: dict[str, subprocess.Popen[bytes]] = {}
        self._groups = groups
        self._recording = recording
        self._prepare = prepare
        self._stack = ExitStack()
        self.accounts: dict[str, TargetAccount] = {}
        self.devices: list[Device] = []
        self._cloud: Cloud | None = None
        self._seeded: SeededCloud | None = None

    def __enter__(self) -> "World":
        with ExitStack() as stack:
            cloud = stack.enter_context(Cloud(folder=self.folder / "cloud", recording=self._recording))
            self._cloud = cloud
            self._seeded = seed_cloud(cloud, bucket=BUCKET, package_group=PACKAGE_GROUP)
            if self._prepare is not None:
                self._prepare(cloud, self._seeded)
            for name, group in self._groups.items():
                view = AccountView(cloud.client("greengrassv2", account=name), cloud.client("iot-data", account=name))
                arn = create_thing_group(cloud, GROUP, account=name)
                canary = create_thing_group(cloud, CANARY, account=name) if group.canary else None
                self.accounts[name] = TargetAccount(name, arn, view, group.wanted_channel, canary)
                of_group = {**dict.fromkeys(group.devices, GROUP), **dict.fromkeys(group.canary, CANARY)}
                for thing, runtime in {**group.devices, **group.canary}.items():
                    folder = self._provision(thing, name, of_group[thing], self.python)
                    device = Device(thing, name, runtime, folder, view, self.agent)
                    self.devices.append(device)
                    with ctrl_c_held_back():
                        stack.callback(self.stop, device)
                        self.start(device)
            self._wait_until_known(cloud)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    @property
    def ground(self) -> Path:
        """The folder that holds the devices and their Pythons: the user that runs the components can enter it."""
        return self._other.folder if self._other else self.folder

    def join(self, thing: str, account: str, *, python: Path) -> Device:
        """Provision a new classic device into an account's group, before it starts. It is not among ``devices``."""
        folder = self._provision(thing, account, GROUP, python)
        device = Device(thing, account, "classic", folder, self.accounts[account].view, self.agent)
        self._stack.callback(self.stop, device)
        return device

    def _provision(self, thing: str, account: str, group: str, python: Path | None) -> DeviceFolder:
        return provision_device(
            self.cloud,
            self.ground / "devices" / thing,
            account=account,
            thing=thing,
            groups=(group,),
            posix_user=self._other.name if self._other else None,
            python=python,
        )

    def start(self, device: Device) -> None:
        """Start a device's nucleus; it must not be running."""
        with ctrl_c_held_back():
            self._nuclei[device.name] = _start(device)

    def stop(self, device: Device) -> None:
        """Stop a device as its systemd unit would: its nucleus, if it runs, and all that it has started."""
        nucleus = self._nuclei.pop(device.name, None)
        if nucleus is not None:
            _end(nucleus)
        kill_orphans(device.folder.root)

    @property
    def cloud(self) -> Cloud:
        """The running cloud. Raises ``RehearsalError`` outside the context."""
        if self._cloud is None:
            raise RehearsalError("the world has not started", "use it in a with statement")
        return self._cloud

    def environment(self) -> dict[str, str]:
        """Return the environment of the pipeline's and the data scientist's processes: dev's own credentials."""
        return {**process_environment(), **self.cloud.environment("dev"), "ARTIFACT_BUCKET": BUCKET}

    def stages(self) -> list[Stage]:
        """Return a deploy stage for each account, with the variables that CodeBuild gives it."""
        if self._seeded is None:
            raise RehearsalError("the world has not started", "use it in a with statement")
        return [
            Stage(
                name,
                {
                    "ROLE_TARGET": self._seeded.deploy_role_arns[name],
                    "EXTERNAL_ID": self._seeded.external_id,
                    "TARGET_ARN": account.target_arn,
                    **({"CANARY": account.canary_arn} if account.canary_arn else {}),
                },
            )
            for name, account in self.accounts.items()
        ]

    def published(self) -> Published:
        """Return all that a run of the pipeline can change in the accounts."""
        return Published(
            objects=objects_of(self.cloud.client("s3"), BUCKET, "artifacts/"),
            versions={name: account.view.versions() for name, account in self.accounts.items()},
            deployments={name: account.view.deployments() for name, account in self.accounts.items()},
        )

    def _wait_until_known(self, cloud: Cloud) -> None:
        """Wait until every device has reported. A deploy chooses its channel by the core devices of the account."""
        ends = time.monotonic() + _SECONDS_TO_START
        wanted = {device.name for device in self.devices}
        while True:
            known = {
                core["coreDeviceThingName"]
                for name in self._groups
                for page in cloud.client("greengrassv2", account=name).get_paginator("list_core_devices").paginate()
                for core in page["coreDevices"]
            }
            if wanted <= known:
                return
            if time.monotonic() > ends:
                missing = ", ".join(sorted(wanted - known))
                raise RehearsalError(f"{missing} did not report within {_SECONDS_TO_START:.0f} s", "see its logs")
            time.sleep(0.1)


def _start(device: Device) -> "subprocess.Popen[bytes]":
    logs = device.folder.folder / "nucleus.out"
    with logs.open("ab") as output:
        return subprocess.Popen(
            [
                *(sys.executable, "-m", "greengrass_emulator.nucleus"),
                *("--config", str(device.folder.config_path), "--runtime", device.runtime),
            ],
            cwd=device.folder.folder,
            env=process_environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            # Ctrl-C at the terminal must reach the rehearsal only, which stops its devices in order.
            start_new_session=True,
        )


def _end(nucleus: "subprocess.Popen[bytes]") -> None:
    if nucleus.poll() is not None:
        return
    nucleus.terminate()
    try:
        nucleus.wait(timeout=_SECONDS_TO_END)
    except subprocess.TimeoutExpired:
        os.killpg(nucleus.pid, signal.SIGKILL)
        nucleus.wait(timeout=_SECONDS_TO_END)
