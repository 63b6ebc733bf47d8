"""The data scientist's part of the rehearsal: it runs the model's own scripts as the team would."""

import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rehearsal.processes import output_of

Kind = Literal["linear", "mlp", "shuffled"]
KINDS: tuple[Kind, ...] = ("linear", "mlp", "shuffled")
_SECONDS_A_SCRIPT = 120


@dataclass(frozen=True, slots=True)
class TrainedModel:
    """A model package of the group. ``released_as`` is the version that its component will have."""

    name: str
    arn: str
    released_as: str


class Trainings:
    """Trains the models and makes the pictures in the background, in two processes at a time.

    A context manager: at its end it waits for what still runs.
    """

    def __init__(self, scripts: Path, folder: Path, kinds: Sequence[Kind] = KINDS) -> None:
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

    def model(self, kind: Kind) -> Path:
        """Wait for a model's training and return its folder. Raises ``RehearsalError`` if the training failed."""
        self._models[kind].result()
        return self._folder / kind

    def scans(self) -> Path:
        """Wait for the pictures of the held-out scans and return their folder. Raises ``RehearsalError``."""
        self._scans.result()
        return self._folder / "scans"


class Registry:
    """Registers versions of the digits model and sets their status."""

    def __init__(self, scripts: Path, *, environment: Mapping[str, str], bucket: str, group: str) -> None:
        self._scripts = scripts
        self._environment = environment
        self._bucket = bucket
        self._group = group

    def register(self, model: Path) -> TrainedModel:
        """Pack and register a trained model's folder, with status PendingManualApproval."""
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


class Registrations:
    """Registers the digits models in the background, in the order of their training.

    A context manager: at its end it waits for what still runs. Each property waits for its model, and raises
    ``RehearsalError`` if its training or its registration failed.
    """

    def __init__(self, registry: Registry, trainings: Trainings, kinds: Sequence[Kind] = KINDS) -> None:
        # One worker: the registry numbers its versions in the order in which they come.
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="registration")
        self._models = {kind: self._pool.submit(_registered, registry, trainings, kind) for kind in kinds}

    def __enter__(self) -> "Registrations":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    @property
    def linear(self) -> TrainedModel:
        return self._model("linear")

    @property
    def better(self) -> TrainedModel:
        return self._model("mlp")

    @property
    def bad(self) -> TrainedModel:
        """The model that was trained on shuffled labels."""
        return self._model("shuffled")

    def _model(self, kind: Kind) -> TrainedModel:
        return self._models[kind].result()


def _registered(registry: Registry, trainings: Trainings, kind: Kind) -> TrainedModel:
    return registry.register(trainings.model(kind))


def _script(path: Path, arguments: list[str], environment: Mapping[str, str] | None = None) -> str:
    return output_of(
        [sys.executable, str(path), *arguments],
        name=f"{path.name} {' '.join(arguments)}",
        remedy="run it by hand to see more",
        seconds=_SECONDS_A_SCRIPT,
        environment=environment,
    )
