"""A device for benchmarks of the agent: the emulator's nucleus in a process, local deployments, and a cloud or none."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from greengrass_emulator.cloud.provisioning import DeviceFolder
from greengrass_emulator.nucleus.status_file import NucleusStatus, read_status

from benchmarks.measuring import REPOSITORY, eventually
from shared_schema.desired_state import DesiredModel, DesiredState
from shared_schema.digests import model_digest_of_folder
from shared_schema.messages import Prediction

AGENT = "com.example.edge-agent"
ARTIFACT = {"Unarchive": "ZIP", "Permission": {"Read": "ALL"}}


class AgentDevice:
    """A device, lite unless told; ``provisioned`` in a cloud, or with none."""

    def __init__(self, folder: Path, runtime: str = "lite", provisioned: DeviceFolder | None = None) -> None:
        self.folder = folder
        self.runtime = runtime
        self._provisioned = provisioned
        self.root = folder / "root" if provisioned is None else provisioned.root
        self.work = self.root / "work" / AGENT
        self._release = 1_800_000_000
        self.digests: dict[str, str] = {}
        self._nucleus: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the nucleus, and with it whatever was deployed."""
        config = self._config() if self._provisioned is None else self._provisioned.config_path
        words = [sys.executable, "-m", "greengrass_emulator.nucleus"]
        words += ["--config", str(config), "--runtime", self.runtime]
        self._nucleus = subprocess.Popen(words, cwd=REPOSITORY, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        eventually(self._status)

    def stop(self) -> None:
        """End the nucleus, and with it the agent."""
        if self._nucleus is not None:
            self._nucleus.send_signal(signal.SIGTERM)
            self._nucleus.wait(30)
            self._nucleus = None

    def _config(self) -> Path:
        config = self.folder / "config.yaml"
        nucleus = {"configuration": {"runWithDefault": {"posixUser": f"{os.geteuid()}:{os.getegid()}"}}}
        system = {"rootpath": str(self.root), "thingName": "measured"}
        config.write_text(json.dumps({"system": system, "services": {"aws.greengrass.Nucleus": nucleus}}))
        return config

    @property
    def pid(self) -> int | None:
        """The agent's process."""
        status = self._status()
        agent = status.components.get(AGENT) if status is not None else None
        return agent.pid if agent is not None else None

    @property
    def nucleus_pid(self) -> int:
        """The nucleus's process. Raises ``RuntimeError`` when it does not run."""
        if self._nucleus is None:
            raise RuntimeError("the nucleus does not run; start() it first")
        return self._nucleus.pid

    def log(self) -> str:
        path = self.root / "logs" / f"{AGENT}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def add_agent(self) -> None:
        script = f"exec env PYTHONPATH='{REPOSITORY}' {sys.executable} -u -m edge_agent run"
        step = {"run": {"Script": script}} if self.runtime == "lite" else {"startup": {"Script": script}}
        operations = ["aws.greengrass#PublishToIoTCore", "aws.greengrass#SubscribeToIoTCore"]
        control = {"aws.greengrass.ipc.mqttproxy": {"all": {"operations": operations, "resources": ["*"]}}}
        self._recipe(AGENT, "1.0.0", [], step, {"application": "measured", "accessControl": control})
        self._recipe(f"{AGENT}.desired", "1.0.0", [], {"run": "exit 0"}, {})

    def add_model(self, version: str, model: Path) -> None:
        """A component of this version whose one zip is the model's folder."""
        name, stem = "com.example.model", model.name
        place = self.folder / "artifacts" / name / version
        place.mkdir(parents=True)
        shutil.make_archive(str(place / stem), "zip", model)
        self.digests[version] = model_digest_of_folder(model)
        artifact = {**ARTIFACT, "Uri": f"s3://bucket/{name}/{version}/{stem}.zip"}
        self._recipe(name, version, [artifact], {"run": "exit 0"}, {})

    def deploy(self, version: str, **settings: Any) -> None:
        """A release that names this version; returns when the nucleus is done with it."""
        self._release += 1
        models = {"model": DesiredModel(component="com.example.model", version=version, digest=self.digests[version])}
        desired = DesiredState(release=str(self._release), models=models, settings=settings).sealed()
        words = [sys.executable, "-c", "from greengrass_emulator.cli.main import main; main()", "deploy"]
        words += ["--root", str(self.root), "--recipe-dir", str(self.folder / "recipes")]
        words += ["--artifact-dir", str(self.folder / "artifacts")]
        for each in (f"{AGENT}=1.0.0", f"{AGENT}.desired=1.0.0", f"com.example.model={version}"):
            words += ["--merge", each]
        carrier = f"{AGENT}.desired" if self.runtime == "lite" else AGENT
        update = {carrier: {"MERGE": {"desired": desired}, "RESET": ["/desired"]}}
        subprocess.run([*words, "--update-config", json.dumps(update)], check=True, capture_output=True, timeout=120)

    def said(self, version: str, verdict: str = "CONFIRMED") -> bool:
        """Whether the agent's log has this verdict on the last release."""
        return f"version={version} release={self._release} verdict={verdict}" in self.log()

    def predictions(self) -> list[Prediction]:
        """What the agent has written so far."""
        path = self.work / "predictions.jsonl"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [Prediction.model_validate_json(line) for line in lines]

    def feed(self, name: str, content: bytes) -> None:
        """Move a finished file into the agent's folder."""
        images = self.work / "images"
        images.mkdir(parents=True, exist_ok=True)
        (images / f".{name}").write_bytes(content)
        (images / f".{name}").rename(images / name)

    def _status(self) -> NucleusStatus | None:
        return read_status(self.root)

    def _recipe(self, name: str, version: str, artifacts: list[Any], lifecycle: Any, defaults: Any) -> None:
        platform = {"os": "linux", "runtime": "*"}
        recipe = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": version,
            "ComponentConfiguration": {"DefaultConfiguration": defaults},
            "Manifests": [{"Platform": platform, "Artifacts": artifacts, "Lifecycle": lifecycle}],
        }
        recipes = self.folder / "recipes"
        recipes.mkdir(parents=True, exist_ok=True)
        (recipes / f"{name}-{version}.json").write_text(json.dumps(recipe), encoding="utf-8")


@contextmanager
def agent_device(folder: Path, runtime: str = "lite", provisioned: DeviceFolder | None = None) -> Iterator[AgentDevice]:
    """A device whose nucleus runs; it is ended with the block."""
    device = AgentDevice(folder, runtime, provisioned)
    device.start()
    try:
        device.add_agent()
        yield device
    finally:
        device.stop()
