"""The data scientist's part of the rehearsal: the model's own scripts, run as the team would run them."""

import json
import subprocess
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from greengrass_emulator.errors import RehearsalError

_SECONDS_A_SCRIPT = 120


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model package of the group. ``released_as`` is the version that its component will have."""

    name: str
    arn: str
    released_as: str


class Registry:
    """Trains and registers versions of the digits model, and sets their status."""

    def __init__(self, scripts: Path, folder: Path, *, environment: Mapping[str, str], bucket: str, group: str) -> None:
        self._scripts = scripts
        self._folder = folder
        self._environment = environment
        self._bucket = bucket
        self._group = group

    def train_all(self, kinds: list[str]) -> None:
        """Train each kind, two at a time: a training is a process of one core."""
        with ThreadPoolExecutor(max_workers=2) as pool:
            list(
                pool.map(lambda kind: self._script("train.py", "--kind", kind, "--out", str(self._model(kind))), kinds)
            )

    def register(self, kind: str) -> TrainedModel:
        """Pack and register a trained kind; its status is PendingManualApproval."""
        answer = self._script(
            "register.py",
            *("--model", str(self._model(kind)), "--group", self._group, "--bucket", self._bucket),
            *("--status", "PendingManualApproval", "--json"),
        )
        arn = str(json.loads(answer)["model-package-arn"])
        return TrainedModel(kind, arn, f"{arn.rsplit('/', 1)[-1]}.0.0")

    def set_status(self, model: TrainedModel, status: Literal["Approved", "Rejected"]) -> None:
        """Approve or reject a package."""
        self._script("set_status.py", status, "--arn", model.arn)

    def write_scans(self) -> Path:
        """The held-out scans as pictures; the folder that holds them."""
        folder = self._folder / "scans"
        self._script("scans.py", "--out", str(folder))
        return folder

    def _model(self, kind: str) -> Path:
        return self._folder / kind

    def _script(self, name: str, *arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, str(self._scripts / name), *arguments],
            env=dict(self._environment),
            capture_output=True,
            text=True,
            timeout=_SECONDS_A_SCRIPT,
            check=False,
        )
        if done.returncode:
            raise RehearsalError(
                f"{name} {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr.strip()[-2000:]}\n"
                "run it by hand to see more"
            )
        return done.stdout
