"""A device on this machine: the emulator's nucleus as a process, and the agent deployed to it by local deployments."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
from greengrass_emulator.nucleus.lifecycle.process_owners import kill_orphans

from shared_schema.desired_state import DesiredModel, DesiredState

from .components import AGENT, MODEL, ComponentStores
from .halves import half


def eventually(check: Callable[[], Any], *, within: float = 20.0, what: str = "it") -> Any:
    """Return the first truthy answer of ``check``. Fail if none comes in time."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if answer := check():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come within {within:g} s")


class Device(ComponentStores):
    """One device's folder, its nucleus, and what can be asked of them."""

    def __init__(self, folder: Path, runtime: str) -> None:
        super().__init__(folder)
        self.runtime = runtime
        self.root = folder / "root"
        self.nucleus: subprocess.Popen[bytes] | None = None
        self.release = 1_800_000_000
        self.config: Path | None = None
        """Of a device that was provisioned in a cloud; a device without one gets its own."""

    @property
    def work(self) -> Path:
        return self.root / "work" / AGENT

    @property
    def channel_component(self) -> str:
        """The component whose configuration has the desired state: on lite `<agent>.desired`, on classic the agent."""
        return AGENT if self.runtime == "classic" else f"{AGENT}.desired"

    def start(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        if self.config is None:
            self.config = self.folder / "config.yaml"
            nucleus = {"configuration": {"runWithDefault": {"posixUser": f"{os.geteuid()}:{os.getegid()}"}}}
            config = {
                "system": {"rootpath": str(self.root), "thingName": "device-1"},
                "services": {"aws.greengrass.Nucleus": nucleus},
            }
            self.config.write_text(json.dumps(config), encoding="utf-8")
        self.nucleus = subprocess.Popen(
            [
                *(sys.executable, "-m", "greengrass_emulator.nucleus"),
                *("--config", str(self.config), "--runtime", self.runtime),
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        eventually(self.status, what="the nucleus")

    def stop(self) -> None:
        if self.nucleus is not None:
            self.nucleus.send_signal(signal.SIGTERM)
            self.nucleus.wait(timeout=20)
            self.nucleus = None
        kill_orphans(self.root)

    def kill(self) -> None:
        """Kill the nucleus alone. Classic's components go on without it."""
        assert self.nucleus is not None
        self.nucleus.kill()
        self.nucleus.wait(timeout=20)
        self.nucleus = None
        (self.root / "nucleus.json").unlink()

    def status(self) -> dict[str, Any]:
        try:
            found: dict[str, Any] = json.loads((self.root / "nucleus.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return found

    def component(self, name: str = AGENT) -> dict[str, Any]:
        found: dict[str, Any] = self.status().get("components", {}).get(name, {})
        return found

    def log(self) -> str:
        path = self.root / "logs" / f"{AGENT}.log"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def deploy_release(self, version: str | None, **settings: Any) -> subprocess.CompletedProcess[str]:
        """Deploy a release as `deploy` does: agent, `.desired`, model, and the document on the runtime's channel."""
        merge = [f"{AGENT}=1.0.0", f"{AGENT}.desired=1.0.0"] + ([f"{MODEL}={version}"] if version else [])
        return self.deploy(*merge, configure={self.channel_component: {"desired": self.document(version, **settings)}})

    def serves(self, version: str, *, within: float = 20.0) -> None:
        """Wait until the log says that the agent has swapped this version in."""
        eventually(
            lambda: f"confirmed model=halves version={version} release={self.release} verdict=CONFIRMED" in self.log(),
            within=within,
            what=f"halves {version}",
        )

    def document(self, version: str | None, **settings: Any) -> dict[str, Any]:
        """A sealed desired state of a new release that names one version of the model, or none."""
        self.release += 1
        models = (
            {"halves": DesiredModel(component=MODEL, version=version, digest=self.digests[version])} if version else {}
        )
        settings = {
            "health": {"interval": "1"},
            "sources": {"camera": {"type": "folder", "path": "images"}},
            "sinks": {"file": {"type": "json-lines"}, "line": {"type": "local-topic", "topic": "halves"}},
            **settings,
        }
        return DesiredState(release=str(self.release), models=models, settings=settings).sealed()

    def deploy(self, *merge: str, configure: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
        """A local deployment, waited for. ``configure``: component → what is merged."""
        (self.folder / "artifacts").mkdir(exist_ok=True)
        words = [sys.executable, "-c", "from greengrass_emulator.cli.main import main; main()"]
        words += ["deploy", "--root", str(self.root)]
        words += ["--recipe-dir", str(self.folder / "recipes"), "--artifact-dir", str(self.folder / "artifacts")]
        for each in merge:
            words += ["--merge", each]
        if configure:
            update = {name: {"MERGE": merge, "RESET": ["/desired"]} for name, merge in configure.items()}
            words += ["--update-config", json.dumps(update)]
        return subprocess.run(words, capture_output=True, text=True, timeout=90, check=False)

    def feed(self, name: str, label: str) -> None:
        """Drop an image into the folder that the agent watches, as a camera does: written elsewhere, moved in."""
        self.work.mkdir(parents=True, exist_ok=True)
        images = self.work / "images"
        images.mkdir(exist_ok=True)
        beside = images / f".{name}"
        beside.write_bytes(cv2.imencode(".png", half(label))[1].tobytes())
        beside.rename(images / name)

    def predictions(self) -> list[dict[str, Any]]:
        path = self.work / "predictions.jsonl"
        return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []

    def prediction_of(self, name: str) -> dict[str, Any]:
        found = eventually(lambda: [each for each in self.predictions() if each["frame"] == name], what=name)
        assert len(found) == 1
        only: dict[str, Any] = found[0]
        return only
