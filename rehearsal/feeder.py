"""Puts scans into each device's folder while the rehearsal runs, and says which predictions must exist.

A scan is written beside the folder and renamed into it, as a camera's driver would do: a folder source takes only
finished files.
"""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from pydantic import ValidationError

from shared_schema.messages import Prediction


@dataclass(frozen=True, slots=True)
class Scan:
    """One handwritten digit: the picture, and what it shows."""

    path: Path
    label: str


@dataclass(frozen=True, slots=True)
class Account:
    """One device's scans compared with its predictions."""

    fed: int
    predicted: int
    lost: tuple[str, ...]
    twice: tuple[str, ...]
    foreign: tuple[str, ...]
    """Predictions for a frame that was never fed."""

    @property
    def balances(self) -> bool:
        return self.fed > 0 and not (self.lost or self.twice or self.foreign)


def read_scans(folder: Path) -> list[Scan]:
    """Return the pictures that `scans.py` wrote, named `NNNN-<label>.png`."""
    return [Scan(path, path.stem.split("-")[-1]) for path in sorted(folder.glob("*.png"))]


class Feeder:
    """One thread that feeds every device ``rate`` scans a second. A context manager, which starts and ends the thread.

    ``scans`` is called when the thread starts.
    """

    def __init__(self, scans: Callable[[], list[Scan]], images: dict[str, Path], *, rate: float) -> None:
        self.scans = scans
        self._images = images
        self._cycle: Iterator[Scan] = iter(())
        self._pause = 1 / rate
        self._offered: dict[str, set[str]] = {device: set() for device in images}
        self._fed: dict[str, list[str]] = {device: [] for device in images}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="feeder", daemon=True)

    def __enter__(self) -> "Feeder":
        self._cycle = itertools.cycle(self.scans())
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        """Stop feeding: no scan is fed after this returns. May be called twice."""
        self._stop.set()
        self._thread.join(timeout=5)

    def fed(self, device: str) -> list[str]:
        """Return the names of the frames fed to a device so far."""
        return list(self._fed[device])

    def offered(self, device: str) -> set[str]:
        """Return the frames that a device may have seen: those fed, and the one that is being fed now."""
        return set(self._offered[device])

    def _run(self) -> None:
        for number, scan in zip(itertools.count(), self._cycle, strict=False):
            name = f"{number:06d}-{scan.label}.png"
            for device, folder in self._images.items():
                # Noted before the rename: the device's prediction may come before this thread runs again.
                self._offered[device].add(name)
                if self._drop(scan, folder, name):
                    self._fed[device].append(name)
            if self._stop.wait(self._pause):
                return

    @staticmethod
    def _drop(scan: Scan, folder: Path, name: str) -> bool:
        beside = folder.parent / f".{name}.part"
        try:
            beside.write_bytes(scan.path.read_bytes())
            beside.rename(folder / name)
        except OSError:
            # The device has no agent, so its folder is gone. The scan was not fed.
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
    """Return a device's account: once every scan fed so far has its prediction, or after ``deadline`` seconds.

    ``source`` is the agent's source that reads the scans; needed if the agent has other sources.
    """
    fed = feeder.fed(device)
    ends = time.monotonic() + deadline
    while True:
        found = [each.frame for each in read_predictions(predictions) if source in {None, each.source}]
        account = _account(fed, found, feeder.offered(device))
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


def accuracy(predictions: list[Prediction]) -> dict[str, tuple[int, int]]:
    """Return for each model version how many scans it read rightly, and of how many.

    The scan's label is in its file name; the prediction's is the first of the top labels.
    """
    right: Counter[str] = Counter()
    of: Counter[str] = Counter()
    for prediction in predictions:
        of[prediction.version] += 1
        truth = Path(prediction.frame).stem.split("-")[-1]
        right[prediction.version] += str(prediction.output.get("label")) == truth
    return {version: (right[version], of[version]) for version in sorted(of)}
