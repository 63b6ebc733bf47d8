"""Golden samples: inputs with known answers, and whether a model gives these answers."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import InferenceError, RefusedModelError
from edge_agent.inference.loaded_model import Answer, LoadedModel, for_want_of_memory
from edge_agent.inference.model_folder import file_inside
from edge_agent.tasks.output import labelled, overlap
from shared_schema.diagnostics import first_few
from shared_schema.messages import Reason
from shared_schema.model_manifest import Expectation, ExpectedBox, Golden, Tolerance

_NAMED = 3


@dataclass(frozen=True, slots=True)
class Agreement:
    """How many of the samples agree, and in words how the others differ."""

    agreed: int
    samples: int
    disagreements: tuple[str, ...]

    def enough(self, share: float) -> bool:
        return self.agreed >= share * self.samples - 1e-9


def agreement(model: LoadedModel) -> Agreement:
    """Run every golden sample. Raises ``RefusedModelError`` if one is not there or cannot be read."""
    golden = model.manifest.golden
    disagreements = []
    for sample in golden.samples:
        path = file_inside(model.folder, sample.input, Reason.GOLDEN)
        try:
            answer = model.answer(model.task.read(path))
        except InferenceError as error:
            if for_want_of_memory(error):
                raise no_answer(error, f"{sample.input}: {error}") from None
            disagreements.append(f"{sample.input}: {error}")
            continue
        except OSError as error:
            raise RefusedModelError(Reason.GOLDEN, f"{sample.input} cannot be read: {error.strerror}") from None
        if difference := _difference(answer, sample.expect, golden.tolerance, model.folder):
            disagreements.append(f"{sample.input}: {difference}")
    samples = len(golden.samples)
    return Agreement(samples - len(disagreements), samples, tuple(disagreements))


def no_answer(error: InferenceError, words: str) -> RefusedModelError:
    """Return the refusal of a model without an answer. If memory ran out, the reason is not the content."""
    return RefusedModelError(Reason.MEMORY if for_want_of_memory(error) else Reason.GOLDEN, words)


def judge(found: Agreement, golden: Golden) -> None:
    """Raise ``RefusedModelError`` if too few samples agree."""
    if found.enough(golden.agreement):
        return
    raise RefusedModelError(
        Reason.GOLDEN,
        f"{found.agreed} of {found.samples} golden samples agree, and {golden.agreement:.0%} must: "
        + "; ".join(first_few(found.disagreements, _NAMED)),
        "train it again, or correct the samples",
    )


def plain_tensor(name: str, value: Any) -> NDArray[Any]:
    """Return an output as an ``.npy`` holds it without pickle: texts are numpy's U type.

    Raises ``RefusedModelError`` for an output that is no tensor: a sequence or a map.
    """
    if isinstance(value, list | dict):
        kind = "sequence" if isinstance(value, list) else "map"
        raise RefusedModelError(
            Reason.GOLDEN, f"the output {name} is a {kind}, which no .npy holds", "expect another output"
        )
    tensor = np.asarray(value)
    return tensor.astype(str) if tensor.dtype.kind == "O" else tensor


def _difference(answer: Answer, expect: Expectation, tolerance: Tolerance, folder: Path) -> str | None:
    if expect.label is not None:
        for label, score in labelled(answer.output) or [("nothing", 0.0)]:
            if label != expect.label:
                return f"is {label!r} ({score:.2f}), and should be {expect.label!r}"
            if score < expect.min_score:
                return f"is {label!r} with {score:.3f}, and should be at least {expect.min_score}"
    if expect.boxes is not None and (difference := _boxes_missing(answer, expect.boxes)):
        return difference
    for name, file in (expect.outputs or {}).items():
        if name not in answer.outputs:
            return f"there is no output {name!r}"
        expected = _read_array(file_inside(folder, file, Reason.GOLDEN))
        if difference := _beyond(plain_tensor(name, answer.outputs[name]), expected, tolerance):
            return f"{name} {difference}"
    return None


def _boxes_missing(answer: Answer, expected: list[ExpectedBox]) -> str | None:
    found = answer.output.get("detections", [])
    if not expected and found:
        return f"has {len(found)} detections, and should have none"
    for wanted in expected:
        near = max((overlap(each["box"], wanted.box) for each in found if each["label"] == wanted.label), default=0.0)
        if near < wanted.overlap:
            return f"has no {wanted.label!r} at {wanted.box} (the nearest overlaps by {near:.2f})"
    return None


def _read_array(path: Path) -> NDArray[Any]:
    try:
        array = np.load(path, allow_pickle=False)
    except (ValueError, EOFError, OSError) as error:
        raise RefusedModelError(Reason.GOLDEN, f"{path.name} is no .npy of a plain tensor: {error}") from None
    if not isinstance(array, np.ndarray):
        raise RefusedModelError(Reason.GOLDEN, f"{path.name} holds several tensors", "save one as .npy")
    return array


def _beyond(got: NDArray[Any], expected: NDArray[Any], tolerance: Tolerance) -> str | None:
    if got.shape != expected.shape:
        return f"has the shape {list(got.shape)}, and should have {list(expected.shape)}"
    if not (np.issubdtype(got.dtype, np.number) and np.issubdtype(expected.dtype, np.number)):
        if got.dtype.kind != expected.dtype.kind:
            return f"is {got.dtype}, and should be {expected.dtype}"
        return None if bool((got == expected).all()) else "differs"
    # Not a number is the right answer where the file has it, and only there.
    near = np.isclose(got, expected, rtol=tolerance.relative, atol=tolerance.absolute, equal_nan=True)
    if bool(near.all()):
        return None
    place = np.unravel_index(int(np.argmin(near)), got.shape) if got.shape else ()
    where = f"[{', '.join(str(int(index)) for index in place)}]"
    return f"{where} is {float(got[place]):.6g}, and should be {float(expected[place]):.6g}"
