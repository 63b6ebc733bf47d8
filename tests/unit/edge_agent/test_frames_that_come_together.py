"""Frames of one request reach a model in one run; whatever that run raises, each frame is answered."""

import base64
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest
from onnx import TensorProto, helper, save

from edge_agent.inference.loaded_model import LoadedModel, open_model
from edge_agent.nucleus.events import LocalTopics
from edge_agent.pipeline.tally import Tally
from edge_agent.pipeline.worker import Worker
from edge_agent.predicted import Predicted
from edge_agent.serving.served_models import ServedModels, Target
from edge_agent.sinks.sink import Seen, Sink
from edge_agent.sources.topic import TopicRequests
from shared_schema.settings import TopicSource


class Refusing:
    """A sink that cannot write the frame ``b``, for a reason of its own."""

    durable: ClassVar[bool] = True

    def write(self, prediction: Predicted, seen: Seen) -> None:  # noqa: ARG002  the form of every sink
        if prediction.frame == "b":
            raise UnicodeEncodeError("utf-8", "\ud800", 0, 1, "surrogates not allowed")

    def close(self) -> None: ...


@pytest.fixture
def model(tmp_path: Path) -> LoadedModel:
    """Says whether a picture is dark or bright. Of several at once it gives one number, though its graph says rows."""
    alone = helper.make_graph(
        [helper.make_node("Identity", ["both"], ["rows"])],
        "alone",
        [],
        [helper.make_tensor_value_info("rows", TensorProto.FLOAT, None)],
    )
    several = helper.make_graph(
        [helper.make_node("ReduceMax", ["both"], ["most"], keepdims=0)],
        "several",
        [],
        [helper.make_tensor_value_info("most", TensorProto.FLOAT, None)],
    )
    graph = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["image"], ["mean"]),
            helper.make_node("Flatten", ["mean"], ["flat"]),
            helper.make_node("Sub", ["one", "flat"], ["rest"]),
            helper.make_node("Concat", ["rest", "flat"], ["both"], axis=1),
            helper.make_node("Shape", ["image"], ["sizes"], end=1),
            helper.make_node("Squeeze", ["sizes"], ["size"]),
            helper.make_node("Equal", ["size", "first"], ["is_one"]),
            helper.make_node("If", ["is_one"], ["scores"], then_branch=alone, else_branch=several),
        ],
        "brightness",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["n", 1, 4, 4])],
        [helper.make_tensor_value_info("scores", TensorProto.FLOAT, ["n", 2])],
        [
            helper.make_tensor("one", TensorProto.FLOAT, [1, 1], [1.0]),
            helper.make_tensor("first", TensorProto.INT64, [], [1]),
        ],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8), tmp_path / "m.onnx")
    (tmp_path / "model.yaml").write_text(
        "file: m.onnx\ntask: classification\nlabels: [dark, bright]\n"
        "preprocessing: {size: [4, 4], colour: gray, scale: 0.00392156862745098}\n"
        "golden: {samples: [{input: a.png, expect: {label: dark}}]}\n"
    )
    return open_model(tmp_path)


Ask = Callable[..., dict[str, Any]]


@pytest.fixture
def ask(model: LoadedModel) -> Iterator[tuple[Ask, Worker]]:
    """Ask with pictures by name, each of one grey value, and wait for the answer."""
    answers: list[dict[str, Any]] = []
    came = threading.Event()

    def answer(_: str, payload: bytes) -> None:
        answers.append(json.loads(payload))
        came.set()

    def ask(**pictures: int) -> dict[str, Any]:
        came.clear()
        frames = [{"name": name, "data": _png(value)} for name, value in pictures.items()]
        topics.came("ask", json.dumps({"frames": frames}).encode())
        assert came.wait(20), "the asker got no answer"
        return answers[-1]

    topics, served_models = LocalTopics(), ServedModels(lambda _: None)
    served_models.swap(Target("light", "com.example.light", "1.0.0", "1" * 43, "7"), model)
    source = TopicRequests(TopicSource.model_validate({"topic": "ask"}), topics, answer)
    sinks: list[Sink] = [Refusing()]
    worker = Worker("ask", source, sinks, served_models, lambda: "light", Tally())
    source.start()
    worker.start()
    yield ask, worker
    worker.stop_soon()
    assert worker.join(10)


def test_a_batch_that_fails_in_any_way_is_asked_singly(ask: tuple[Ask, Worker], model: LoadedModel) -> None:
    assert model.task.stackable
    asking, worker = ask
    answer = asking(a=0, c=255)
    assert [each["output"]["label"] for each in answer["predictions"]] == ["dark", "bright"]
    assert answer["errors"] == []
    assert worker.hangs(0.0) is None, "no frame is left in hand"


def test_a_frame_that_no_sink_can_take_is_an_error_and_the_others_are_answered(ask: tuple[Ask, Worker]) -> None:
    asking, worker = ask
    answer = asking(a=0, b=0, c=255)
    assert [each["frame"] for each in answer["predictions"]] == ["a", "c"]
    assert [each["frame"] for each in answer["errors"]] == ["b"]
    assert "surrogates not allowed" in answer["errors"][0]["error"]
    assert worker.hangs(0.0) is None


def _png(value: int) -> str:
    return base64.b64encode(cv2.imencode(".png", np.full((4, 4), value, np.uint8))[1].tobytes()).decode()
