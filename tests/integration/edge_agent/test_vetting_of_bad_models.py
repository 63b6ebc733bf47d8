"""Vetting by itself: what a manifest may ask for, and the worker. The bad models are in tests/broken/models."""

import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import onnx
import psutil
import pytest
from onnx import TensorProto, helper

from edge_agent.errors import VettingAbandonedError
from edge_agent.vetting.folder_vetting import FolderVetting, folder_vetting
from edge_agent.vetting.protocol import Outcome
from shared_schema.digests import model_digest_of_folder
from shared_schema.messages import Reason

pytestmark = pytest.mark.models

WriteModel = Callable[..., Path]
IMAGE = helper.make_tensor_value_info("image", TensorProto.FLOAT, [None, 1, 8, 8])
SCORES = helper.make_tensor_value_info("scores", TensorProto.FLOAT, [None, 2])


@pytest.fixture(scope="module", name="vetting")
def vetting_fixture() -> Iterator[FolderVetting]:
    with folder_vetting() as vetting:
        yield vetting
    assert processes("edge-template") == []


def processes(name: str) -> list[psutil.Process]:
    return [child for child in psutil.Process().children(recursive=True) if child.name() == name]


def vetted(vetting: FolderVetting, folder: Path, digest: str | None = None) -> Outcome:
    outcome = vetting.vet(folder, digest)
    assert processes("edge-worker") == []
    return outcome


def replace_graph(folder: Path, graph: onnx.GraphProto, domain: str | None = None) -> Path:
    opsets = [helper.make_opsetid("", 17)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    onnx.save(helper.make_model(graph, opset_imports=opsets, ir_version=8), folder / "halves.onnx")
    return folder


def scores_of(nodes: list[onnx.NodeProto], initializers: list[onnx.TensorProto] | None = None) -> onnx.GraphProto:
    return helper.make_graph(nodes, "bad", [IMAGE], [SCORES], initializers or [])


def add_to_manifest(folder: Path, old: str, new: str) -> None:
    path = folder / "model.yaml"
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def test_a_good_model_is_accepted_with_every_step_timed(
    vetting: FolderVetting, tmp_path: Path, write_model: WriteModel
) -> None:
    folder = write_model(tmp_path / "good")
    outcome = vetted(vetting, folder, model_digest_of_folder(folder))
    assert outcome.accepted, outcome.words
    assert list(outcome.steps_ms) == ["digest", "manifest", "graph", "load", "warm-up", "golden", "cost"]
    assert outcome.cost_ms is not None


def test_files_that_are_not_what_was_released_are_refused_first(
    vetting: FolderVetting, tmp_path: Path, write_model: WriteModel
) -> None:
    folder = write_model(tmp_path / "changed")
    (folder / "halves.onnx").write_bytes(b"not even a graph")
    outcome = vetted(vetting, folder, "0" * 43)
    assert (outcome.accepted, outcome.reason, list(outcome.steps_ms)) == (False, Reason.DIGEST, ["digest"])


def test_a_model_that_answers_the_wrong_way_round_is_refused_by_its_golden_samples(
    vetting: FolderVetting, tmp_path: Path, write_model: WriteModel
) -> None:
    outcome = vetted(vetting, write_model(tmp_path / "inverted", sharpness=-1.0))
    assert outcome.reason is Reason.GOLDEN
    assert "golden/top.png: is 'bottom'" in (outcome.words or "")


def test_scores_that_are_no_numbers_are_refused(
    vetting: FolderVetting, tmp_path: Path, write_model: WriteModel
) -> None:
    outcome = vetted(vetting, write_model(tmp_path / "nan", sharpness=float("nan")))
    assert outcome.reason is Reason.GOLDEN
    assert "NaN" in (outcome.words or "")


def test_outputs_beyond_their_tolerance_are_refused(
    vetting: FolderVetting, tmp_path: Path, write_model: WriteModel
) -> None:
    folder = write_model(tmp_path / "tolerance")
    expected = "expect: {outputs: {scores: golden/top.npy}}"
    add_to_manifest(folder, "expect: {label: top, min-score: 0.9}", expected)
    np.save(folder / "golden" / "top.npy", np.array([[32.0, 0.0]], np.float32))
    assert vetted(vetting, folder).accepted
    np.save(folder / "golden" / "top.npy", np.array([[32.5, 0.0]], np.float32))
    outcome = vetted(vetting, folder)
    assert outcome.reason is Reason.GOLDEN
    assert "scores [0, 0] is 32, and should be 32.5" in (outcome.words or "")


@pytest.mark.parametrize(
    ("old", "new", "reason", "words"),
    [
        ("size: [8, 8]", "size: [9, 8]", Reason.GRAPH, "correct size, colour or layout"),
        ("colour: gray", "colour: rgb", Reason.GRAPH, "correct size, colour or layout"),
        ("labels: [top, bottom]", "labels: [top, bottom, left]", Reason.GRAPH, "3 labels"),
        ("scores: logits", "scores: logits, output: boxes", Reason.GRAPH, "no output 'boxes'"),
        ("file: halves.onnx", "file: other.onnx", Reason.MANIFEST, "no such file"),
        ("task: classification", "task: classificaton", Reason.MANIFEST, "did you mean 'classification'"),
        ("golden/bottom.png", "golden/left.png", Reason.GOLDEN, "golden/left.png"),
        ("vetting:", "budget: {cpu-ms: 0.0001}\nvetting:", Reason.BUDGET, "budget.cpu-ms"),
    ],
)
def test_a_manifest_that_does_not_fit_is_refused_with_a_remedy(
    vetting: FolderVetting, tmp_path: Path, write_model: WriteModel, old: str, new: str, reason: Reason, words: str
) -> None:
    folder = write_model(tmp_path / "misfit")
    add_to_manifest(folder, old, new)
    outcome = vetted(vetting, folder)
    assert outcome.reason is reason
    assert words in (outcome.words or "")


def test_a_model_much_dearer_than_what_serves_is_refused(
    vetting: FolderVetting, tmp_path: Path, write_model: WriteModel
) -> None:
    serving = write_model(tmp_path / "serving")
    folder = write_model(tmp_path / "dear")
    add_to_manifest(folder, "vetting:", "budget: {ratio: 0.01}\nvetting:")
    assert vetting.vet(folder).accepted
    outcome = vetting.vet(folder, serving=serving)
    assert outcome.reason is Reason.BUDGET
    assert "times what serves now" in (outcome.words or "")


def endless() -> onnx.GraphProto:
    iteration = helper.make_tensor_value_info("i", TensorProto.INT64, [])
    before, after = (helper.make_tensor_value_info(name, TensorProto.BOOL, []) for name in ("before", "after"))
    carried_in, carried_out = (helper.make_tensor_value_info(n, TensorProto.FLOAT, None) for n in ("in", "out"))
    body = helper.make_graph(
        [helper.make_node("Identity", ["before"], ["after"]), helper.make_node("Identity", ["in"], ["out"])],
        "body",
        [iteration, before, carried_in],
        [after, carried_out],
    )
    nodes = [
        helper.make_node("Loop", ["", "true", "image"], ["looped"], body=body),
        helper.make_node("Reshape", ["looped", "flat"], ["scores"]),
    ]
    true = helper.make_tensor("true", TensorProto.BOOL, [], [True])
    flat = helper.make_tensor("flat", TensorProto.INT64, [2], [-1, 2])
    return scores_of(nodes, [true, flat])


def test_a_vetting_that_nobody_waits_for_any_more_is_ended(
    vetting: FolderVetting, tmp_path: Path, write_model: WriteModel
) -> None:
    folder = replace_graph(write_model(tmp_path / "abandoned"), endless())
    abandoned = threading.Event()
    threading.Timer(0.5, abandoned.set).start()
    with pytest.raises(VettingAbandonedError):
        vetting.vet(folder, abandoned=abandoned)


def test_the_worker_gives_way_to_what_serves(vetting: FolderVetting, tmp_path: Path, write_model: WriteModel) -> None:
    """Its nice value counts for something only within the agent's session, see sched(7) of autogroups."""
    folder = replace_graph(write_model(tmp_path / "modest"), endless())
    abandoned = threading.Event()
    seen: list[tuple[int, int]] = []

    def look() -> None:
        ends = time.monotonic() + 20
        while not seen and time.monotonic() < ends:
            seen.extend((child.nice(), os.getsid(child.pid)) for child in processes("edge-worker") if child.nice())
            time.sleep(0.05)
        abandoned.set()

    looking = threading.Thread(target=look)
    looking.start()
    with pytest.raises(VettingAbandonedError):
        vetting.vet(folder, abandoned=abandoned)
    looking.join()
    assert seen == [(os.nice(0) + 10, os.getsid(0))]


def test_neither_worker_nor_template_carries_a_token_of_the_component(
    tmp_path: Path, write_model: WriteModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a worker can read, a model that broke out of the runtime can read too."""
    monkeypatch.setenv("SVCUID", "a-secret-token")
    folder = replace_graph(write_model(tmp_path / "spy"), endless())
    abandoned = threading.Event()
    seen: list[dict[str, str]] = []

    def look() -> None:
        for child in psutil.Process().children():
            seen.append(child.environ())
        abandoned.set()

    threading.Timer(2.0, look).start()
    with folder_vetting() as vetting, pytest.raises(VettingAbandonedError):
        vetting.vet(folder, abandoned=abandoned)
    assert len(seen) >= 2
    assert all(environment["ORT_DISABLE_TELEMETRY"] == "1" for environment in seen)
    assert all("SVCUID" not in environment for environment in seen)
