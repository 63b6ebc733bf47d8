"""Tensors in and out of a raw model: bounded before they are unfolded, of every type, and JSON whatever they hold."""

import io
import json
import math
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from edge_agent.errors import GraphMismatchError, InferenceError, UnreadableFrameError
from edge_agent.tasks import json_values
from edge_agent.tasks.graph import NUMPY_TYPES, Graph, Tensor
from edge_agent.tasks.raw import MOST_TENSORS, raw
from edge_agent.tasks.task import BoundTask


def task_of(kind: str = "tensor(float)", output: str = "tensor(float)") -> BoundTask:
    """A raw task of one input x and one output y. It takes nothing from its manifest."""
    return raw(cast(Any, None), Graph((Tensor("x", kind, (None,)),), (Tensor("y", output, (None,)),)))


def npz(**tensors: Any) -> bytes:
    packed = io.BytesIO()
    np.savez(packed, **tensors)
    return packed.getvalue()


def fed(task: BoundTask, value: Any) -> Any:
    return task.prepare(task.frame(npz(x=value), "a.npz"))["x"]


def header(shape: tuple[int, ...], major: int = 1) -> bytes:
    """The beginning of a .npy of floats."""
    words = repr({"descr": "<f4", "fortran_order": False, "shape": shape}).encode().ljust(117) + b"\n"
    return b"\x93NUMPY" + bytes([major, 0]) + len(words).to_bytes(2 if major == 1 else 4, "little") + words


def packed(content: bytes, how: int = zipfile.ZIP_DEFLATED) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", how) as file:
        file.writestr("x.npy", content)
    return archive.getvalue()


def saying(size: int, content: bytes) -> bytes:
    """An archive whose directory says that its one entry has so many bytes."""
    whole = packed(content)
    at = whole.rindex(b"PK\x01\x02") + 24
    return whole[:at] + size.to_bytes(4, "little") + whole[at + 4 :]


def many_entries() -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        for number in range(MOST_TENSORS + 1):
            file.writestr(f"{number}.npy", b"")
    return archive.getvalue()


def encrypted() -> bytes:
    whole = bytearray(packed(header((1,)) + bytes(4)))
    whole[6] |= 1
    whole[whole.rindex(b"PK\x01\x02") + 8] |= 1
    return bytes(whole)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: saying(3 << 30, header((3 << 28,))), "unpacks to 3221225472 bytes, and 268435456 is the most"),
        (lambda: saying(200, header((1 << 22,)) + bytes(1 << 24)), "no .npz of plain tensors"),
        (lambda: packed(bytes(1 << 24), zipfile.ZIP_BZIP2), "in a way that numpy does not write"),
        (lambda: packed(bytes(1 << 24), zipfile.ZIP_LZMA), "in a way that numpy does not write"),
        (lambda: packed(header((4_000_000_000,)) + bytes(100)), "says that it holds 16000000000 bytes, and has"),
        (lambda: packed(header((1 << 40, 1 << 40))), "says that it holds"),
        (many_entries, f"more than {MOST_TENSORS} tensors"),
        (encrypted, "no .npz of plain tensors"),
        (lambda: packed(header((2,), major=3)), "no .npz of plain tensors"),
        (lambda: packed(b"text"), "no .npz of plain tensors"),
        (lambda: packed(header((2,)) + bytes(3)), "no .npz of plain tensors"),
        (lambda: npz(x=np.array([1, 2]))[:-30], "no .npz of plain tensors"),
        (lambda: b"", "no .npz of plain tensors"),
    ],
    ids=range(13),
)
def test_an_archive_that_is_too_much_or_no_good_is_refused_before_it_is_unfolded(
    make: Callable[[], bytes], words: str
) -> None:
    content, task = make(), task_of()
    tracemalloc.start()
    with pytest.raises(UnreadableFrameError, match=words):
        task.frame(content, "a.npz")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 << 20


@pytest.mark.parametrize("kind", sorted(NUMPY_TYPES))
def test_every_type_that_numpy_has_is_taken_as_it_is(kind: str) -> None:
    value = np.array([0, 1], NUMPY_TYPES[kind])
    assert fed(task_of(kind), value).dtype == value.dtype
    task = task_of(kind, kind)
    assert json.dumps(task.interpret({"y": value}, None)) in {
        '{"outputs": {"y": [0, 1]}}',
        '{"outputs": {"y": [0.0, 1.0]}}',
        '{"outputs": {"y": [false, true]}}',
    }


def test_texts_are_taken_and_given() -> None:
    task = task_of("tensor(string)", "tensor(string)")
    given = fed(task, np.array(["a", "längst"]))
    assert (given.dtype, given.tolist()) == (np.dtype(object), ["a", "längst"])
    assert task.interpret({"y": given}, None) == {"outputs": {"y": ["a", "längst"]}}
    with pytest.raises(UnreadableFrameError, match="x is int64, and the graph takes texts"):
        fed(task, np.array([1]))
    with pytest.raises(UnreadableFrameError, match="and the graph takes float32"):
        fed(task_of(), np.array(["a"]))


def test_a_value_that_does_not_fit_is_refused_rather_than_wrapped_around() -> None:
    task = task_of("tensor(int16)")
    assert fed(task, np.array([-32768, 32767], np.int64)).tolist() == [-32768, 32767]
    assert fed(task, np.array([], np.int64)).shape == (0,)
    with pytest.raises(UnreadableFrameError, match="x has values that int16 cannot hold; save it as int16"):
        fed(task, np.array([32768], np.int64))
    with pytest.raises(UnreadableFrameError, match="x is float32, and the graph takes int16"):
        fed(task, np.array([1], np.float32))


@pytest.mark.parametrize(
    "kind", ["seq(tensor(float))", "seq(map(string,tensor(float)))", "tensor(bfloat16)", "optional(tensor(float))"]
)
def test_an_output_that_is_no_tensor_of_numpys_is_refused_when_the_model_is_vetted(kind: str) -> None:
    with pytest.raises(GraphMismatchError, match="is nothing that a prediction can hold") as refused:
        task_of(output=kind)
    assert ("zipmap" in refused.value.remedy) == ("map(" in kind)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_what_json_has_no_number_for_is_said_in_words(dtype: type[np.generic]) -> None:
    values = np.array([[1, math.nan], [math.inf, -math.inf]], dtype)
    said = task_of().interpret({"y": values}, None)
    assert said == {"outputs": {"y": [[1.0, "NaN"], ["Infinity", "-Infinity"]]}}
    assert json.loads(json.dumps(said, allow_nan=False)) == said
    assert task_of().interpret({"y": values[0, 1]}, None) == {"outputs": {"y": "NaN"}}


def test_a_prediction_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    task = task_of()
    # It has no memory of its own: it must not be made a list of.
    large = np.broadcast_to(np.float32(1), (60_000_000,))
    tracemalloc.start()
    with pytest.raises(InferenceError, match="y has 60000000 values, and a prediction has 1048576 at most"):
        task.interpret({"y": large}, None)
    assert tracemalloc.get_traced_memory()[1] < 1 << 20
    tracemalloc.stop()
    with pytest.raises(InferenceError, match="y has 600000 values"):
        task.interpret({"y": large[:600_000], "z": large[:500_000]}, None)
    monkeypatch.setattr(json_values, "MOST_CHARACTERS", 10)
    with pytest.raises(InferenceError, match="the texts have 11 characters"):
        task_of(output="tensor(string)").interpret({"y": np.array(["abcdef", "abcde"], object)}, None)
