"""The components of a device's local stores: the agent, models, and others that talk to it."""

import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

from cloud_publisher.recipes.component_recipe import recipe_of, recipe_sources
from shared_schema.config import Config
from shared_schema.digests import model_digest_of_folder
from shared_schema.json_value import JsonObject

from .halves import MANIFEST, write_model

REPOSITORY = Path(__file__).resolve().parents[3]
AGENT = "com.example.edge-agent"
MODEL = "com.example.halves"
HALVES_TOPIC = {"type": "local-topic", "topic": "halves"}
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


class ComponentStores:
    """The folders ``recipes`` and ``artifacts`` of a local deployment. Each ``add_…`` returns ``NAME=VERSION``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.digests: dict[str, str] = {}
        """Of the models, by version."""

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

    def _ends_at_once(self, artifacts: list[JsonObject]) -> list[JsonObject]:
        return [
            {"Platform": platform, "Artifacts": artifacts, "Lifecycle": {"run": "exit 0"}}
            for platform in ({"os": "linux", "runtime": "aws_nucleus_lite"}, {"os": "linux"})
        ]

    def _recipe(self, name: str, version: str, manifests: list[JsonObject], defaults: JsonObject) -> None:
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
