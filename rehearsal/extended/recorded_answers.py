"""What the asking component recorded on a device: which requests were answered, when, and whether rightly."""

from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict, TypeAdapter

from rehearsal.extended.deploy_repository import ASKING
from rehearsal.world import Device
from shared_schema.json_value import JsonObject, JsonValue

_NEAR = 1e-3


class _Read(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Rows(_Read):
    """A request to the model of tables: rows of heat and noise."""

    rows: tuple[tuple[float, float], ...]

    def is_answered_by(self, output: JsonObject) -> bool:
        """Return whether the output has the right label for each row."""
        wanted = ["worn" if heat + noise > 0 else "fine" for heat, noise in self.rows]
        found = output.get("rows")
        return isinstance(found, list) and wanted == [row["label"] for row in found if isinstance(row, dict)]


class Tensors(_Read):
    """A request to the model of tensors, which adds ``turns`` to each number of ``x``."""

    x: tuple[float, ...]
    turns: int

    def is_answered_by(self, output: JsonObject) -> bool:
        """Return whether the output has the right numbers."""
        outputs = output.get("outputs")
        found = outputs.get("y") if isinstance(outputs, dict) else None
        if not isinstance(found, list) or len(found) != len(self.x):
            return False
        expected = [value + self.turns for value in self.x]
        return all(isinstance(a, int | float) and abs(a - b) < _NEAR for a, b in zip(found, expected, strict=True))


class _Output(_Read):
    output: JsonObject


class _Answer(_Read):
    predictions: tuple[_Output, ...] = ()
    errors: tuple[JsonValue, ...] = ()


class Answered(_Read):
    """One request: how often it was sent until it was answered, and when (seconds since the epoch)."""

    topic: str
    request: str
    tries: int
    asked: float
    answered: float
    inputs: Rows | Tensors
    answer: _Answer

    @property
    def right(self) -> bool:
        """Whether the answer is the one that follows from the request's numbers."""
        found = self.answer.predictions
        return len(found) == 1 and not self.answer.errors and self.inputs.is_answered_by(found[0].output)


class _Received(_Read):
    source: str
    frame: str


class _Again(_Read):
    """A second answer to a request."""

    again: str
    asked: float


_ENTRY: TypeAdapter[Answered | _Again] = TypeAdapter(Answered | _Again)


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
        wrong = [f"{each.request} wrongly: {each.answer.model_dump()}" for each in self.answered if not each.right]
        late = [f"{each.request} at asking {each.tries}" for each in self.answered if each.tries > 1]
        return [*wrong, *late, *(f"{request} twice" for request, _ in self.again)]


def asked_on(device: Device) -> Asked:
    """Return what the component on this device has recorded so far."""
    answered: list[Answered] = []
    again: list[tuple[str, float]] = []
    for line in _lines(device, "answers.jsonl"):
        entry = _ENTRY.validate_json(line)
        if isinstance(entry, _Again):
            again.append((entry.again, entry.asked))
        else:
            answered.append(entry)
    return Asked(tuple(answered), tuple(again))


def received_on(device: Device) -> list[tuple[str, str]]:
    """Return source and frame of each prediction that the component received on the agent's local topic."""
    received = (_Received.model_validate_json(line) for line in _lines(device, "received.jsonl"))
    return [(each.source, each.frame) for each in received]


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


def _lines(device: Device, name: str) -> Iterator[str]:
    path = device.folder.root / "work" / ASKING / name
    if not path.exists():
        return
    for line in path.read_text(encoding="utf-8").splitlines(keepends=True):
        # An unfinished line is still being written.
        if line.endswith("\n"):
            yield line
