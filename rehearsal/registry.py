"""The data scientist's part where a model has scripts as the digits do: they are run as the team would run them."""

import json
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rehearsal.candidates import Candidates
from rehearsal.processes import output_of

Kind = Literal["linear", "mlp", "shuffled"]
KINDS: tuple[Kind, ...] = ("linear", "mlp", "shuffled")
BAD: Kind = "shuffled"
_SECONDS_A_SCRIPT = 300


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

    A context manager: at its end it waits for what still runs.
    """

    def __init__(self, registry: Registry, trainings: Trainings, kinds: Sequence[Kind] = KINDS) -> None:
        # One worker: the registry numbers its versions in the order in which they come.
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="registration")
        self._versions = {
            kind: ScriptedVersion(kind, self._pool.submit(_registered, registry, trainings, kind), registry)
            for kind in kinds
        }

    def __enter__(self) -> "Registrations":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def candidates(self, key: str) -> Candidates:
        """Return the versions, the bad one apart: its labels were shuffled before it was trained."""
        good = [version for kind, version in self._versions.items() if kind != BAD]
        return Candidates(key, good, self._versions.get(BAD))


class ScriptedVersion:
    """A version that is trained and registered in the background. Each member but the name waits for that, and raises
    ``RehearsalError`` if it failed."""

    def __init__(self, kind: Kind, registered: Future[TrainedModel], registry: Registry) -> None:
        self.name: str = kind
        self._registered = registered
        self._registry = registry

    @property
    def released_as(self) -> str:
        return self._registered.result().released_as

    def approve(self) -> None:
        self._registry.set_status(self._registered.result(), "Approved")

    def take_back(self) -> None:
        self._registry.set_status(self._registered.result(), "Rejected")


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
