"""Puts frames into each device's folder while the rehearsal runs, and says which predictions must exist.

A frame is written beside the folder and renamed into it, as a camera's driver would do: a folder source takes only
finished files.
"""

import itertools
import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from shared_schema.messages import Prediction

_MOST_WAITING = 100
"""Frames in a folder. A device that is slower than the feeder gets no more until it has taken some."""


@dataclass(frozen=True, slots=True)
class Frame:
    """One file that is fed. Of a digit's scan, ``label`` is what it shows."""

    path: Path
    label: str


@dataclass(frozen=True, slots=True)
class Account:
    """One device's frames compared with its predictions."""

    fed: int
    predicted: int
    lost: tuple[str, ...]
    twice: tuple[str, ...]
    foreign: tuple[str, ...]
    """Predictions for a frame that was never fed."""

    @property
    def balances(self) -> bool:
        return self.fed > 0 and not (self.lost or self.twice or self.foreign)


def read_scans(folder: Path) -> list[Frame]:
    """Return the pictures that `scans.py` wrote, named `NNNN-<label>.png`."""
    return [Frame(path, path.stem.split("-")[-1]) for path in sorted(folder.glob("*.png"))]


class Feeder:
    """One thread that feeds one source of every device ``rate`` frames a second, for as long as the device keeps up.
    A context manager, which starts and ends the thread.

    ``frames`` is called when the thread starts. ``folders`` are by device. If it ``asks``, what takes the frames out of
    the folder is not the source itself but a component that sends them to the source's topic.
    """

    def __init__(
        self,
        frames: Callable[[], list[Frame]],
        folders: dict[str, Path],
        *,
        rate: float,
        model: str,
        source: str,
        asks: bool = False,
    ) -> None:
        self.frames = frames
        self.model = model
        self.source = source
        self.asks = asks
        self._folders = folders
        self._cycle: Iterator[Frame] = iter(())
        self._pause = 1 / rate
        self._offered: dict[str, set[str]] = {device: set() for device in folders}
        self._fed: dict[str, list[str]] = {device: [] for device in folders}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"feeder-{source}", daemon=True)

    def __enter__(self) -> "Feeder":
        self._cycle = itertools.cycle(self.frames())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop feeding: no frame is fed after this returns. May be called twice."""
        self._stop.set()
        self._thread.join(timeout=5)

    def fed(self, device: str) -> list[str]:
        """Return the names of the frames fed to a device so far."""
        return list(self._fed[device])

    def offered(self, device: str) -> set[str]:
        """Return the frames that a device may have seen: those fed, and the one that is being fed now."""
        return set(self._offered[device])

    def _run(self) -> None:
        for number, frame in zip(itertools.count(), self._cycle, strict=False):
            name = f"{number:06d}-{frame.label}{frame.path.suffix}"
            for device, folder in self._folders.items():
                # Noted before the rename: the device's prediction may come before this thread runs again.
                self._offered[device].add(name)
                if self._drop(frame, folder, name):
                    self._fed[device].append(name)
            if self._stop.wait(self._pause):
                return

    @staticmethod
    def _drop(frame: Frame, folder: Path, name: str) -> bool:
        beside = folder.parent / f".{name}.part"
        try:
            if len(os.listdir(folder)) >= _MOST_WAITING:  # noqa: PTH208  a list of names alone
                return False
            beside.write_bytes(frame.path.read_bytes())
            beside.rename(folder / name)
        except OSError:
            # The device has no agent, so its folder is gone. The frame was not fed.
            beside.unlink(missing_ok=True)
            return False
        return True


def read_predictions(path: Path) -> Iterator[Prediction]:
    """Yield the predictions of a JSON-lines file and of its full predecessors. An unfinished last line is left out."""
    for file, content in _read_steadily(path):
        yield from _parsed(content, file) if file == path else _parsed_once(content, file.parent)


@lru_cache(maxsize=256)
def _parsed_once(content: bytes, where: Path) -> tuple[Prediction, ...]:
    """Parse a full file once. It never changes, and whoever waits for a prediction reads it many times."""
    return _parsed(content, where)


def _parsed(content: bytes, where: Path) -> tuple[Prediction, ...]:
    found = []
    for line in content.splitlines(keepends=True):
        if line.endswith(b"\n"):
            try:
                found.append(Prediction.model_validate_json(line))
            except ValidationError as error:
                raise ValueError(f"{where} holds a line that is not a prediction: {line[:200]!r}") from error
    return tuple(found)


def _read_steadily(path: Path) -> list[tuple[Path, bytes]]:
    """Read the files, the oldest first. If one was rotated meanwhile, read again: a file would be missed."""
    while True:
        before = _files_of(path)
        try:
            contents = [(file, file.read_bytes()) for file, _ in before]
        except FileNotFoundError:
            continue
        if _files_of(path) == before:
            return contents


def _files_of(path: Path) -> list[tuple[Path, int]]:
    """Return the files, each with what distinguishes it from a later file of the same name."""
    numbers = [each.suffix[1:] for each in path.parent.glob(f"{path.name}.*")]
    turned = sorted((int(number) for number in numbers if number.isdecimal()), reverse=True)
    found = []
    for file in [*(path.with_name(f"{path.name}.{number}") for number in turned), path]:
        with suppress(FileNotFoundError):
            found.append((file, file.stat().st_ino))
    return found


def settle(feeder: Feeder, device: str, predictions: Path, *, deadline: float, source: str | None = None) -> Account:
    """Return a device's account: once every frame fed so far has its prediction, or when ``deadline`` seconds have
    brought no further one: a slow model has all the time.

    ``source`` is the agent's source that reads the frames; needed if the agent has other sources.
    """
    fed = feeder.fed(device)
    left, ends = len(fed), time.monotonic() + deadline
    while True:
        found = [each.frame for each in read_predictions(predictions) if source in {None, each.source}]
        account = _account(fed, found, feeder.offered(device))
        if len(account.lost) < left:
            left, ends = len(account.lost), time.monotonic() + deadline
        if not account.lost or time.monotonic() > ends:
            return account
        time.sleep(0.1)


def _account(fed: list[str], predicted: list[str], offered: set[str]) -> Account:
    counts = Counter(predicted)
    return Account(
        fed=len(fed),
        predicted=sum(1 for frame in fed if counts[frame]),
        lost=tuple(frame for frame in fed if not counts[frame]),
        twice=tuple(sorted(frame for frame, count in counts.items() if count > 1)),
        foreign=tuple(sorted(set(counts) - offered)),
    )


@dataclass(frozen=True, slots=True)
class Answered:
    """How many frames a model's version answered; of scans also how many rightly."""

    model: str
    version: str
    frames: int
    right: int | None = None


def answered_by(predictions: Iterable[Prediction], labelled: Container[str]) -> list[Answered]:
    """Return what each version of each model has answered. Frames of the ``labelled`` models have their label in their
    file name; the prediction's is the first of the top labels."""
    right: Counter[tuple[str, str]] = Counter()
    of: Counter[tuple[str, str]] = Counter()
    for prediction in predictions:
        version = (prediction.model, prediction.version)
        of[version] += 1
        truth = Path(prediction.frame).stem.split("-")[-1]
        right[version] += str(prediction.output.get("label")) == truth
    return [
        Answered(model, version, of[model, version], right[model, version] if model in labelled else None)
        for model, version in sorted(of)
    ]
