"""Compares the manifest with the ONNX graph before a release: inputs, shapes, dtypes, operator sets, labels.

Reads the graph with ``onnx`` and runs nothing. Whether its answers are right is checked by the golden samples, on the
device.
"""

import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloud_publisher.errors import BuildFailedError
from shared_schema.model_manifest import MANIFEST_FILE, ModelManifest, Preprocessing

ONNXRUNTIME = "1.32"
"""The onnxruntime that requirements/agent.txt locks. The limits below are what it loads, found by trying."""
NEWEST_IR = 14
NEWEST_OPSETS = {"": 28, "ai.onnx": 28, "ai.onnx.ml": 5}
_PIXEL_TYPES = {"FLOAT", "FLOAT16", "UINT8", "DOUBLE"}
_LARGEST = 2 << 30
"""protobuf's own limit of a message."""


@dataclass(frozen=True, slots=True)
class Tensor:
    """An input or output of a graph. A dimension is a number, or the name (perhaps empty) of an open one."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]

    def __str__(self) -> str:
        return f"{self.name!r} {self.dtype.lower()} [{', '.join(str(size) or '?' for size in self.shape)}]"


def check_model_zip(archive: Path, manifest: ModelManifest, *, component: str) -> None:
    """Check that the zip of a hot-reloadable component has its files, and that its graph is as the manifest says.

    Raises ``BuildFailedError`` with every disagreement.
    """
    with zipfile.ZipFile(archive) as packed:
        names = set(packed.namelist())
        problems = [f"{name} is not in the component" for name in named_files(manifest) if name not in names]
        if manifest.file in names:
            if packed.getinfo(manifest.file).file_size >= _LARGEST:
                problems.append(f"{manifest.file} has 2 GiB or more, which no ONNX file can have")
            else:
                problems += _problems_of(packed.read(manifest.file), manifest)
    if problems:
        raise BuildFailedError(
            f"{component}: the model and its {MANIFEST_FILE} do not fit together:\n"
            + "\n".join(f"    - {problem}" for problem in problems),
            f"correct {MANIFEST_FILE}, or what builds {manifest.file}; nothing was uploaded",
        )


def named_files(manifest: ModelManifest) -> list[str]:
    """Return the files that a manifest names: itself, the model, the golden samples and their expected outputs."""
    names = [MANIFEST_FILE, manifest.file]
    for sample in manifest.golden.samples:
        names.append(sample.input)
        names += (sample.expect.outputs or {}).values()
    return list(dict.fromkeys(names))


def _problems_of(content: bytes, manifest: ModelManifest) -> list[str]:
    import onnx  # noqa: PLC0415 - half a second, and only builds of models need it
    from google.protobuf.message import DecodeError  # noqa: PLC0415

    try:
        model = onnx.load_model_from_string(content)
        onnx.checker.check_model(model)
    except (DecodeError, onnx.checker.ValidationError, ValueError) as error:
        first = str(error).strip().splitlines()
        return [f"{manifest.file} is no valid ONNX model: {first[0] if first else type(error).__name__}"]
    return problems_with_graph(model, manifest)


def problems_with_graph(model: Any, manifest: ModelManifest) -> list[str]:
    """Return the disagreements between a manifest and an ``onnx.ModelProto``; empty if there are none."""
    constants = {each.name for each in model.graph.initializer}
    inputs = [_tensor(each) for each in model.graph.input if each.name not in constants]
    outputs = [_tensor(each) for each in model.graph.output]
    problems = _runtime_problems(model)
    if manifest.preprocessing is not None:
        if len(inputs) != 1:
            names = ", ".join(repr(each.name) for each in inputs) or "none"
            problems.append(f"a {manifest.task} model has one input, the image, and the graph has: {names}")
        else:
            problems += _image_problems(inputs[0], manifest.preprocessing)
    return [*problems, *_output_problems(outputs, manifest)]


def _runtime_problems(model: Any) -> list[str]:
    problems = []
    if model.ir_version > NEWEST_IR:
        problems.append(f"the file's IR version is {model.ir_version}, and onnxruntime {ONNXRUNTIME} reads {NEWEST_IR}")
    for opset in model.opset_import:
        newest = NEWEST_OPSETS.get(opset.domain)
        if newest is not None and opset.version > newest:
            domain = opset.domain or "ai.onnx"
            problems.append(
                f"the graph wants opset {opset.version} of {domain}, and onnxruntime {ONNXRUNTIME} has {newest}"
            )
    return problems


def _image_problems(tensor: Tensor, wanted: Preprocessing) -> list[str]:
    if tensor.dtype not in _PIXEL_TYPES:
        return [f"the input {tensor} takes no pixels: its type is none of {', '.join(sorted(_PIXEL_TYPES)).lower()}"]
    if len(tensor.shape) != 4:
        return [f"the input {tensor} has {len(tensor.shape)} dimensions, and layout {wanted.layout} has 4"]
    channels = 1 if wanted.colour == "gray" else 3
    height, width = wanted.size
    expected = (channels, height, width) if wanted.layout == "nchw" else (height, width, channels)
    batch, *rest = tensor.shape
    problems = []
    if isinstance(batch, int) and batch != 1:
        problems.append(f"the input {tensor} takes {batch} images at once, and the agent gives it one")
    if any(isinstance(got, int) and got != want for got, want in zip(rest, expected, strict=True)):
        shown = ", ".join(str(size) for size in expected)
        problems.append(
            f"the input {tensor} is not what preprocessing makes: [1, {shown}] "
            f"(size {wanted.size}, colour {wanted.colour}, layout {wanted.layout})"
        )
    return problems


def _output_problems(outputs: list[Tensor], manifest: ModelManifest) -> list[str]:
    names = [each.name for each in outputs]
    shown = ", ".join(repr(name) for name in names)
    chosen = manifest.postprocessing.output
    if chosen is not None and chosen not in names:
        return [f"postprocessing.output is {chosen!r}, and the graph's outputs are {shown}"]
    problems = []
    expected = {name for sample in manifest.golden.samples for name in sample.expect.outputs or {}}
    problems += [
        f"golden samples expect the output {name!r}, and the graph's outputs are {shown}"
        for name in sorted(expected - set(names))
    ]
    if manifest.task == "classification" and outputs:
        scores = next((each for each in outputs if each.name == chosen), outputs[0])
        width = scores.shape[-1] if scores.shape else None
        if isinstance(width, int) and width != len(manifest.labels):
            problems.append(f"there are {len(manifest.labels)} labels, and the output {scores} has {width} scores")
    return problems


def _tensor(value: Any) -> Tensor:
    import onnx  # noqa: PLC0415

    kind = value.type.tensor_type
    dtype = onnx.TensorProto.DataType.Name(kind.elem_type)
    shape = tuple(each.dim_value if each.HasField("dim_value") else str(each.dim_param) for each in kind.shape.dim)
    return Tensor(value.name, dtype, shape)
