"""What the asking component recorded on a device: which requests were answered, when, and whether rightly."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from rehearsal.extended.deploy_repository import ASKING
from rehearsal.world import Device

_NEAR = 1e-3


@dataclass(frozen=True, slots=True)
class Answered:
    """One request: how often it was sent until it was answered, and when (seconds since the epoch)."""

    topic: str
    request: str
    tries: int
    asked: float
    answered: float
    said: dict[str, Any]
    answer: dict[str, Any]

    @property
    def right(self) -> bool:
        """Whether the answer is the one that follows from the request's numbers."""
        predictions = self.answer.get("predictions", [])
        if len(predictions) != 1 or self.answer.get("errors"):
            return False
        output = predictions[0]["output"]
        if "rows" in self.said:
            wanted = ["worn" if heat + noise > 0 else "fine" for heat, noise in self.said["rows"]]
            return wanted == [row["label"] for row in output["rows"]]
        expected = [value + self.said["turns"] for value in self.said["x"]]
        got = output["outputs"]["y"]
        return len(got) == len(expected) and all(abs(a - b) < _NEAR for a, b in zip(got, expected, strict=True))


@dataclass(frozen=True, slots=True)
class Asked:
    """All that the component has recorded. ``again`` has the requests that were answered twice, and when."""

    answered: tuple[Answered, ...]
    again: tuple[tuple[str, float], ...]

    def since(self, moment: float) -> "Asked":
        """Return only what was first asked after a moment (seconds since the epoch)."""
        return Asked(
            tuple(each for each in self.answered if each.asked >= moment),
            tuple((request, when) for request, when in self.again if when >= moment),
        )

    def faults(self) -> list[str]:
        """Return in words which requests were answered wrongly, or not at the first attempt."""
        wrong = [f"{each.request} wrongly: {each.answer}" for each in self.answered if not each.right]
        late = [f"{each.request} at asking {each.tries}" for each in self.answered if each.tries > 1]
        return [*wrong, *late, *(f"{request} twice" for request, _ in self.again)]


def asked_on(device: Device) -> Asked:
    """Return what the component on this device has recorded so far."""
    answered: list[Answered] = []
    again: list[tuple[str, float]] = []
    for entry in _entries(device, "answers.jsonl"):
        if "again" in entry:
            again.append((str(entry["again"]), float(entry["asked"])))
        else:
            answered.append(Answered(**entry))
    return Asked(tuple(answered), tuple(again))


def heard_on(device: Device) -> list[tuple[str, str]]:
    """Return source and frame of each prediction that the component received on the agent's local topic."""
    return [(entry["source"], entry["frame"]) for entry in _entries(device, "heard.jsonl")]


def refused_on(device: Device) -> str:
    """Return how a publication to a topic without access ended: the error's name, or ``allowed``."""
    path = device.folder.root / "work" / ASKING / "refused.txt"
    return path.read_text(encoding="utf-8") if path.exists() else ""


def ask_slowly(device: Device, *, slowly: bool) -> None:
    """Make requests of tensors slow from now on, or fast again."""
    mark = device.folder.root / "work" / ASKING / "slow"
    if slowly:
        mark.touch()
    else:
        mark.unlink(missing_ok=True)


def _entries(device: Device, name: str) -> Iterator[dict[str, Any]]:
    path = device.folder.root / "work" / ASKING / name
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        # An unfinished line is still being written.
        if line.endswith("\n"):
            yield json.loads(line)
