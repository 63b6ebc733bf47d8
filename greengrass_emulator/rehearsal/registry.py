"""The data scientist's part of the rehearsal: the model's own scripts, run as the team would run them."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from greengrass_emulator.errors import RehearsalError
from greengrass_emulator.rehearsal.pipeline import process_environment

_SECONDS_A_SCRIPT = 120


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model package of the group. ``released_as`` is the version that its component will have."""

    name: str
    arn: str
    released_as: str


class Trainings:
    """Trainings and pictures that are made beside whatever else goes on, two processes at a time.

    A context manager: what still runs at its end is waited for.
    """

    def __init__(self, scripts: Path, folder: Path, kinds: Sequence[str]) -> None:
        self._folder = folder
        self._pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="training")
        self._models = {
            kind: self._pool.submit(_script, scripts / "train.py", ["--kind", kind, "--out", str(folder / kind)])
            for kind in kinds
        }
        self._scans = self._pool.submit(_script, scripts / "scans.py", ["--out", str(folder / "scans")])

    def __enter__(self) -> "Trainings":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def model(self, kind: str) -> Path:
        """The folder of a trained model. Raises ``RehearsalError`` when its training failed."""
        self._models[kind].result(timeout=_SECONDS_A_SCRIPT)
        return self._folder / kind

    def scans(self) -> Path:
        """The folder of the held-out scans as pictures. Raises ``RehearsalError``."""
        self._scans.result(timeout=_SECONDS_A_SCRIPT)
        return self._folder / "scans"


class Registry:
    """Registers versions of the digits model, and sets their status."""

    def __init__(self, scripts: Path, *, environment: Mapping[str, str], bucket: str, group: str) -> None:
        self._scripts = scripts
        self._environment = environment
        self._bucket = bucket
        self._group = group

    def register(self, model: Path) -> TrainedModel:
        """Pack and register a trained model's folder; its status is PendingManualApproval."""
        answer = _script(
            self._scripts / "register.py",
            [
                *("--model", str(model), "--group", self._group, "--bucket", self._bucket),
                *("--status", "PendingManualApproval", "--json"),
            ],
            self._environment,
        )
        arn = str(json.loads(answer)["model-package-arn"])
        return TrainedModel(model.name, arn, f"{arn.rsplit('/', 1)[-1]}.0.0")

    def set_status(self, model: TrainedModel, status: Literal["Approved", "Rejected"]) -> None:
        """Approve or reject a package."""
        _script(self._scripts / "set_status.py", [status, "--arn", model.arn], self._environment)


def _script(path: Path, arguments: list[str], environment: Mapping[str, str] | None = None) -> str:
    done = subprocess.run(
        [sys.executable, str(path), *arguments],
        env=dict(environment) if environment is not None else process_environment(),
        capture_output=True,
        text=True,
        timeout=_SECONDS_A_SCRIPT,
        check=False,
    )
    if done.returncode:
        raise RehearsalError(
            f"{path.name} {' '.join(arguments)} ended with {done.returncode}:\n{done.stderr.strip()[-2000:]}\n"
            "run it by hand to see more"
        )
    return done.stdout
