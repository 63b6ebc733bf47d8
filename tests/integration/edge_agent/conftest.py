"""A device on this machine: the emulator's nucleus as a process, and the agent deployed to it by local deployments.

The models are small real ONNX files: an 8 × 8 gray image is "top" or "bottom" by where it is bright.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from greengrass_emulator.devices.orphans import kill_orphans
from onnx import TensorProto, helper, save

from cloud_publisher.recipes.component_recipe import recipe_of, recipe_sources
from shared_schema.config import Config
from shared_schema.desired_state import DesiredModel, DesiredState
from shared_schema.digests import model_digest_of_folder

REPOSITORY = Path(__file__).resolve().parents[3]
AGENT = "com.example.edge-agent"
MODEL = "com.example.halves"
LABELS = ("top", "bottom")
HALVES_TOPIC = {"type": "local-topic", "topic": "halves"}

MANIFEST = """\
file: halves.onnx
task: classification
labels: [top, bottom]
preprocessing: {size: [8, 8], colour: gray, scale: 0.00392156862745098}
postprocessing: {scores: logits}
golden:
  samples:
    - {input: golden/top.png, expect: {label: top, min-score: 0.9}}
    - {input: golden/bottom.png, expect: {label: bottom, min-score: 0.9}}
vetting: {timeout: 30, memory: 512}
"""


WITH_BOUNDS = """\
import os
from edge_agent.control.start import run_agent
from edge_agent.control.timing import Bounds
from edge_agent.log import log_to_stderr
from edge_agent.nucleus.link import NucleusLink
from edge_agent.component_environment import component_environment
from edge_agent.work_folder import WorkFolder

log_to_stderr()
environment = component_environment()
link_to = lambda put, heard: NucleusLink(environment.component, put, heard)
os._exit(run_agent(environment, WorkFolder(environment.work), link_to, Bounds(BOUNDS)))
"""
"""The agent as `edge-agent run` begins it, with bounds that a test can wait for."""


def half(label: str) -> np.ndarray:
    """An image that is bright in one half."""
    image = np.zeros((8, 8), np.uint8)
    image[slice(0, 4) if label == "top" else slice(4, 8)] = 255
    return image


def write_model(folder: Path, *, sharpness: float = 1.0, manifest: str = MANIFEST) -> Path:
    """A model folder. A negative ``sharpness`` answers the wrong way round; any other makes another digest."""
    weights = np.zeros((64, 2), np.float32)
    weights[:32, 0] = weights[32:, 1] = sharpness
    graph = helper.make_graph(
        [
            helper.make_node("Reshape", ["image", "flat"], ["pixels"]),
            helper.make_node("MatMul", ["pixels", "weights"], ["scores"]),
        ],
        "halves",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [None, 1, 8, 8])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 2])],
        [
            helper.make_tensor("flat", TensorProto.INT64, [2], [-1, 64]),
            helper.make_tensor("weights", TensorProto.FLOAT, [64, 2], weights.ravel().tolist()),
        ],
    )
    (folder / "golden").mkdir(parents=True)
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), folder / "halves.onnx")
    for label in LABELS:
        assert cv2.imwrite(str(folder / "golden" / f"{label}.png"), half(label))
    (folder / "model.yaml").write_text(manifest, encoding="utf-8")
    return folder


def eventually(check: Callable[[], Any], *, within: float = 20.0, what: str = "it") -> Any:
    """Return the first truthy answer of ``check``. Fail if none comes in time."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if answer := check():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"{what} did not come within {within:g} s")


@dataclass
class Device:
    """One device's folder, its nucleus, and what can be asked of them."""

    folder: Path
    runtime: str
    nucleus: subprocess.Popen[bytes] | None = None
    release: int = 1_800_000_000
    digests: dict[str, str] = field(default_factory=dict)
    config: Path | None = None
    """Of a device that was provisioned in a cloud; a device without one gets its own."""
    root: Path = field(init=False)

    def __post_init__(self) -> None:
        self.root = self.folder / "root"

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

    def add_agent(self, version: str = "1.0.0", before: str = "", bounds: str = "") -> str:
        """``bounds``: what waits for as long as no test can, shorter: ``alone=2.0``."""
        program = "-m edge_agent run"
        if bounds:
            path = self.folder / f"agent-{version}.py"
            path.write_text(WITH_BOUNDS.replace("BOUNDS", bounds), encoding="utf-8")
            program = str(path)
        script = f"{before} exec env PYTHONPATH='{REPOSITORY}' {sys.executable} -u {program}".strip()
        pubsub = {
            "p:1": {"operations": ["aws.greengrass#PublishToTopic"], "resources": ["halves", "asks/reply"]},
            "p:2": {"operations": ["aws.greengrass#SubscribeToTopic"], "resources": ["asks", "line/busy"]},
            "p:3": {
                "operations": ["aws.greengrass#PublishToTopic", "aws.greengrass#SubscribeToTopic"],
                "resources": [f"{AGENT}/echo"],
            },
        }
        mqtt = {
            "m:1": {
                "operations": ["aws.greengrass#PublishToIoTCore", "aws.greengrass#SubscribeToIoTCore"],
                "resources": ["*"],
            }
        }
        self._recipe(
            AGENT,
            version,
            [
                {
                    "Platform": {"os": "linux", "runtime": "aws_nucleus_lite"},
                    "Artifacts": [],
                    "Lifecycle": {"run": {"Script": script}},
                },
                {
                    "Platform": {"os": "linux"},
                    "Artifacts": [],
                    "Lifecycle": {"startup": {"Script": script, "Timeout": "60"}},
                },
            ],
            {
                "application": "halves-demo",
                "accessControl": {"aws.greengrass.ipc.pubsub": pubsub, "aws.greengrass.ipc.mqttproxy": mqtt},
            },
        )
        return f"{AGENT}={version}"

    def add_built_agent(self, version: str, main: str | None = None) -> str:
        """The agent as it is published: its packages in an archive, and the recipe that is generated for it.

        ``main`` takes the place of what its command runs.
        """
        config = {
            "application": "halves-demo",
            "custom-components": {
                "agent": {
                    "component-name": AGENT,
                    "root": ".",
                    "build": {"build_system": "python", "packages": ["edge_agent", "shared_schema"], "wheels": False},
                    "agent": {"python": sys.executable, "settings": {"sinks": {"line": HALVES_TOPIC}}},
                }
            },
        }
        source, _ = recipe_sources(Config.model_validate(config), frozenset())
        recipe = recipe_of(source, version, bucket="bucket", versions={}).text()
        (self.folder / "recipes").mkdir(parents=True, exist_ok=True)
        (self.folder / "recipes" / f"{AGENT}-{version}.json").write_text(recipe, encoding="utf-8")
        packed = self.folder / "packed" / version
        for package in ("edge_agent", "shared_schema"):
            ignored = shutil.ignore_patterns("__pycache__", "json_schemas", "export")
            shutil.copytree(REPOSITORY / package, packed / package, ignore=ignored)
        if main is not None:
            (packed / "edge_agent/__main__.py").write_text(main, encoding="utf-8")
        place = self.folder / "artifacts" / AGENT / version
        place.mkdir(parents=True)
        shutil.make_archive(str(place / "agent"), "zip", packed)
        return f"{AGENT}={version}"

    def add_asking(self, program: str) -> str:
        """Another component: a Python program that may ask on ``asks``, and say ``line/busy``."""
        path = self.folder / "asking.py"
        path.write_text(program, encoding="utf-8")
        rights = {
            "a:1": {"operations": ["aws.greengrass#PublishToTopic"], "resources": ["asks", "line/busy"]},
            "a:2": {"operations": ["aws.greengrass#SubscribeToTopic"], "resources": ["asks/reply"]},
        }
        manifests = [
            {"Platform": platform, "Artifacts": [], "Lifecycle": {"run": f"exec {sys.executable} -u {path}"}}
            for platform in ({"os": "linux", "runtime": "aws_nucleus_lite"}, {"os": "linux"})
        ]
        self._recipe("com.example.asking", "1.0.0", manifests, {"accessControl": {"aws.greengrass.ipc.pubsub": rights}})
        return "com.example.asking=1.0.0"

    def add_desired(self) -> str:
        self._recipe(f"{AGENT}.desired", "1.0.0", self._ends_at_once([]), {})
        return f"{AGENT}.desired=1.0.0"

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

    def add_model(
        self,
        version: str,
        *,
        sharpness: float = 1.0,
        manifest: str = MANIFEST,
        spoil: Callable[[Path], object] = lambda _: None,
    ) -> str:
        """Make a model component of this version in the local stores; gives ``NAME=VERSION``."""
        model = write_model(self.folder / "models" / version / "halves", sharpness=sharpness, manifest=manifest)
        spoil(model)
        self.digests[version] = model_digest_of_folder(model)
        place = self.folder / "artifacts" / MODEL / version
        place.mkdir(parents=True, exist_ok=True)
        shutil.make_archive(str(place / "halves"), "zip", model)
        artifact = {
            "Uri": f"s3://bucket/{MODEL}/{version}/halves.zip",
            "Unarchive": "ZIP",
            "Permission": {"Read": "ALL"},
        }
        self._recipe(MODEL, version, self._ends_at_once([artifact]), {})
        return f"{MODEL}={version}"

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

    def _ends_at_once(self, artifacts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [
            {"Platform": platform, "Artifacts": artifacts, "Lifecycle": {"run": "exit 0"}}
            for platform in ({"os": "linux", "runtime": "aws_nucleus_lite"}, {"os": "linux"})
        ]

    def _recipe(self, name: str, version: str, manifests: list[dict[str, Any]], defaults: dict[str, Any]) -> None:
        recipe = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": version,
            "ComponentConfiguration": {"DefaultConfiguration": defaults},
            "Manifests": manifests,
        }
        folder = self.folder / "recipes"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}-{version}.json").write_text(json.dumps(recipe), encoding="utf-8")


@pytest.fixture
def device_of(tmp_path: Path) -> Iterator[Callable[..., Device]]:
    """Start a device of a runtime; it is ended with the test."""
    devices: list[Device] = []

    def start(runtime: str, provisioned: Any = None) -> Device:
        device = Device(tmp_path / runtime, runtime)
        if provisioned is not None:
            device.config, device.root = provisioned.config_path, provisioned.root
        devices.append(device)
        device.start()
        return device

    yield start
    for device in devices:
        device.stop()


@pytest.fixture(name="write_model")
def write_model_fixture() -> Callable[..., Path]:
    """Write a model folder: ``write_model(folder, sharpness=…, manifest=…)``."""
    return write_model


@pytest.fixture(name="eventually")
def eventually_fixture() -> Callable[..., Any]:
    """Wait for a condition: ``eventually(check, within=…, what=…)``."""
    return eventually
