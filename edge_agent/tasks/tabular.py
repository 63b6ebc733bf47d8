"""Tabular: rows of named columns in, a label or the graph's values for each row out."""

import csv
import io
import itertools
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import GraphMismatchError, InferenceError, UnreadableFrameError
from edge_agent.tasks.classification import ranking, scores_output
from edge_agent.tasks.graph import NUMPY_TYPES, STRINGS, Graph, Tensor
from edge_agent.tasks.json_values import check_outputs, check_size, json_values
from edge_agent.tasks.output import Output
from edge_agent.tasks.task import BoundTask, Feed, Outputs, finite
from shared_schema.model_manifest import ModelManifest

Rows = list[dict[str, str]]
MOST_ROWS: Final = 100_000
"""The most rows of a table: a file of short rows becomes forty times as large in memory."""


def tabular(manifest: ModelManifest, graph: Graph) -> BoundTask:
    """Return the task. Its ``output`` is ``{"rows": […]}``.

    A row has ``label`` and ``score`` if the manifest has labels, else ``values`` by the output's name. The columns go
    side by side into one input, or each into the input of its name.
    """
    columns = manifest.columns
    if not columns:
        raise GraphMismatchError("a tabular model names no columns", "list them in columns of model.yaml")
    prepare = _side_by_side(graph.inputs[0], columns) if _is_one(graph, columns) else _by_name(graph, columns)
    return BoundTask(lambda content, name: _rows(content, name, columns), prepare, _interpreter(manifest, graph))


def _is_one(graph: Graph, columns: list[str]) -> bool:
    return len(graph.inputs) == 1 and (len(columns) > 1 or graph.inputs[0].name not in columns)


def _side_by_side(taken: Tensor, columns: list[str]) -> Callable[[Rows], Feed]:
    width = taken.shape[-1] if taken.shape else None
    if len(taken.shape) != 2 or (width is not None and width != len(columns)):
        raise GraphMismatchError(
            f"the graph's input is {taken}, and model.yaml has {len(columns)} columns", "correct the columns"
        )
    if taken.shape[0] not in {None, 1}:
        raise GraphMismatchError(f"the graph's input {taken} takes {taken.shape[0]} rows at once", "leave that open")
    convert = _converter(taken)
    return lambda rows: {taken.name: np.stack([convert(rows, column) for column in columns], axis=1)}


def _by_name(graph: Graph, columns: list[str]) -> Callable[[Rows], Feed]:
    strange = [tensor.name for tensor in graph.inputs if tensor.name not in columns]
    idle = sorted(set(columns) - {tensor.name for tensor in graph.inputs})
    if strange or idle:
        raise GraphMismatchError(
            f"inputs without a column: {', '.join(strange) or 'none'}; columns without an input: "
            f"{', '.join(idle) or 'none'}",
            "correct columns of model.yaml",
        )
    converters = {tensor.name: (_converter(tensor), len(tensor.shape)) for tensor in graph.inputs}

    def prepare(rows: Rows) -> Feed:
        feed = {}
        for name, (convert, rank) in converters.items():
            values = convert(rows, name)
            feed[name] = values if rank == 1 else values.reshape(-1, 1)
        return feed

    return prepare


def _converter(tensor: Tensor) -> Callable[[Rows, str], NDArray[Any]]:
    """Return a function from a column's texts to its values. An empty cell is NaN if the graph takes floats."""
    if tensor.type == STRINGS:
        return lambda rows, column: np.array([row[column] for row in rows], dtype=object)
    dtype = NUMPY_TYPES.get(tensor.type)
    if dtype is None:
        raise GraphMismatchError(
            f"the graph's input is {tensor}, which no table becomes", "export it as float or string"
        )
    floats = np.issubdtype(dtype, np.floating)

    def convert(rows: Rows, column: str) -> NDArray[Any]:
        values = []
        for number, row in enumerate(rows, 1):
            text = row[column].strip()
            try:
                values.append(float("nan") if floats and not text else float(text) if floats else int(text))
            except ValueError:
                kind = "number" if floats else "whole number"
                raise UnreadableFrameError(f"row {number}: {column} is {text[:40]!r}, which is no {kind}") from None
        try:
            return np.array(values, dtype=dtype)
        except OverflowError:
            raise UnreadableFrameError(f"{column} has a number that {tensor.type} cannot hold") from None

    return convert


def _rows(content: bytes, name: str, columns: list[str]) -> Rows:
    try:
        reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline=""), strict=True)
        rows = list(itertools.islice(reader, MOST_ROWS + 1))
    except (UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFrameError(f"{name} is no CSV in UTF-8: {error}") from None
    missing = [column for column in columns if column not in (reader.fieldnames or [])]
    if missing:
        raise UnreadableFrameError(f"{name} lacks the columns {', '.join(missing)}", "name them in its first line")
    if len(rows) > MOST_ROWS:
        raise UnreadableFrameError(f"{name} has more than {MOST_ROWS} rows", "ask for fewer at once")
    if not rows:
        raise UnreadableFrameError(f"{name} has no row below its header")
    for number, row in enumerate(rows, 1):
        if None in row or any(row[column] is None for column in columns):
            raise UnreadableFrameError(f"{name}: row {number} has not as many cells as the header")
    return rows


def _interpreter(manifest: ModelManifest, graph: Graph) -> Callable[[Outputs, Rows], Output]:
    if manifest.labels:
        scores = scores_output(manifest, graph).name
        rank = ranking(manifest, scores)
        return lambda outputs, rows: {"rows": [rank(row) for row in _by_row(outputs[scores], scores, len(rows))]}
    names = [manifest.postprocessing.output] if manifest.postprocessing.output else [o.name for o in graph.outputs]
    if strange := [name for name in names if graph.output(name) is None]:
        raise GraphMismatchError(f"the graph has no output {strange[0]!r}", "correct postprocessing.output")
    check_outputs(tuple(output for output in graph.outputs if output.name in names))

    def values(outputs: Outputs, rows: Rows) -> Output:
        columns = {name: _by_row(outputs[name], name, len(rows)) for name in names}
        check_size(columns)
        for name, column in columns.items():
            if not finite(column):
                raise InferenceError(f"{name} has values that are no numbers (NaN or infinite)")
        return {
            "rows": [
                {"values": {name: json_values(column[index]) for name, column in columns.items()}}
                for index in range(len(rows))
            ]
        }

    return values


def _by_row(output: Any, name: str, rows: int) -> NDArray[Any]:
    values = np.asarray(output)
    if not values.ndim or values.shape[0] != rows:
        raise InferenceError(
            f"{name} has the shape {list(values.shape)} for {rows} rows", "export it with a row for each"
        )
    return values
