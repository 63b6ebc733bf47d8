"""Tables are bounded before they are kept, and outputs that hold no scores are refused when the model is vetted."""

from typing import Any

import numpy as np
import pytest

from edge_agent.errors import GraphMismatchError, InferenceError, UnreadableFrameError
from edge_agent.tasks import tabular as tables
from edge_agent.tasks.graph import Graph, Tensor
from edge_agent.tasks.tabular import tabular
from edge_agent.tasks.task import BoundTask
from shared_schema.model_manifest import ModelManifest

GOLDEN = {"samples": [{"input": "a.csv", "expect": {"outputs": {"y": "y.npy"}}}]}
GIVEN = (Tensor("x", "tensor(float)", (None, 2)),)


def task_of(*outputs: Tensor, **more: Any) -> BoundTask:
    manifest = {"file": "m.onnx", "task": "tabular", "columns": ["a", "b"], "golden": GOLDEN, **more}
    return tabular(ModelManifest.model_validate(manifest), Graph(GIVEN, outputs))


def test_a_table_of_too_many_rows_is_refused_before_the_rest_of_it_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 3)
    task = task_of(Tensor("y", "tensor(float)", (None,)))
    assert len(task.frame(b"a,b\n" + b"1,2\n" * 3, "a.csv")) == 3
    with pytest.raises(UnreadableFrameError, match=r"a\.csv has more than 3 rows"):
        task.frame(b"a,b\n" + b"1,2\n" * 4 + b"broken\n", "a.csv")


def test_a_prediction_of_values_is_bounded() -> None:
    task = task_of(Tensor("y", "tensor(float)", (None, 3_000_000)))
    with pytest.raises(InferenceError, match="y has 3000000 values"):
        task.interpret({"y": np.broadcast_to(np.float32(1), (1, 3_000_000))}, [{"a": "1", "b": "2"}])


def test_texts_are_no_scores() -> None:
    label = Tensor("output_label", "tensor(string)", (None,))
    with pytest.raises(GraphMismatchError, match=r"output_label holds texts, not scores; set postprocessing\.output"):
        task_of(label, labels=["fine", "worn"])
    assert task_of(label).interpret({"output_label": np.array(["fine"], object)}, [{}]) == {
        "rows": [{"values": {"output_label": "fine"}}]
    }


@pytest.mark.parametrize("more", [{}, {"labels": ["fine", "worn"], "postprocessing": {"output": "output_probability"}}])
def test_a_map_of_scores_is_refused_with_the_way_out(more: dict[str, Any]) -> None:
    scores = Tensor("output_probability", "seq(map(string,tensor(float)))", ())
    with pytest.raises(GraphMismatchError, match="zipmap"):
        task_of(scores, **more)
