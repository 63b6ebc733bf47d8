"""``model.yaml``: what an ONNX graph does not contain, and the golden samples that tell a good model from a bad one.

It is in the component, next to the ONNX file. The publisher checks it against the graph, and the agent vets the model
by it. All paths in it are relative to its folder, and must stay inside it.
"""

from pathlib import PurePosixPath
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from shared_schema.strict_model import WrittenByPeople

MANIFEST_FILE = "model.yaml"


def _inside(text: str) -> str:
    path = PurePosixPath(text)
    if not text or path.is_absolute() or ".." in path.parts or "\\" in text:
        raise ValueError(f"{text!r} leaves the component's folder; give a path relative to model.yaml, without '..'")
    return text


InsidePath = Annotated[str, AfterValidator(_inside)]
Task = Literal["classification", "detection", "tabular", "raw"]


class Preprocessing(WrittenByPeople):
    """From an image to the graph's input: ``(pixel * scale - mean) / std`` for each channel, after the resize.

    ``size`` is (height, width) in pixels. ``letterbox`` keeps the aspect and pads with ``pad`` (0 to 255);
    ``stretch`` does not. Pixels are 0 to 255 before ``scale``.
    """

    size: Annotated[list[Annotated[int, Field(ge=1, le=16_384)]], Field(min_length=2, max_length=2)]
    resize: Literal["letterbox", "stretch"] = "stretch"
    pad: int = Field(default=114, ge=0, le=255)
    colour: Literal["rgb", "bgr", "gray"] = "rgb"
    layout: Literal["nchw", "nhwc"] = "nchw"
    scale: float = Field(default=1.0, gt=0)
    mean: list[float] = Field(default_factory=list, max_length=3)
    std: list[Annotated[float, Field(gt=0)]] = Field(default_factory=list, max_length=3)

    @model_validator(mode="after")
    def _a_number_for_each_channel(self) -> "Preprocessing":
        channels = 1 if self.colour == "gray" else 3
        for name, values in (("mean", self.mean), ("std", self.std)):
            if values and len(values) != channels:
                raise ValueError(
                    f"{name} has {len(values)} numbers for {channels} channel(s); "
                    f"give one for each channel of {self.colour}"
                )
        return self


class Postprocessing(WrittenByPeople):
    """From the graph's outputs to a prediction.

    ``output`` names the graph's output with the scores (classification) or boxes (detection); if absent, the first.
    ``scores`` says whether they are logits (a softmax follows) or probabilities already.
    """

    output: str | None = None
    scores: Literal["logits", "probabilities"] = "probabilities"
    top: int = Field(default=1, ge=1, le=1000)
    """How many labels a prediction lists, the best first."""
    decoder: str | None = None
    """How a detector's output becomes boxes: ``yolov8``, ``end_to_end``, ``db`` (text), or one that your agent adds."""
    confidence: float = Field(default=0.25, ge=0, le=1)
    """Boxes below this score are left out."""
    overlap: float = Field(default=0.45, ge=0, le=1)
    """Of boxes of one label that overlap by more (intersection over union), only the best is kept."""
    most: int = Field(default=100, ge=1, le=3000)
    """The most boxes in a prediction."""


class Tolerance(WrittenByPeople):
    """A number agrees when ``|got - expected| <= absolute + relative * |expected|``, as numpy's ``isclose``."""

    absolute: float = Field(default=1e-3, ge=0)
    relative: float = Field(default=1e-3, ge=0)


class ExpectedBox(WrittenByPeople):
    """An object that a detector must find: a box with this label that overlaps ``box`` enough."""

    label: str
    box: Annotated[list[float], Field(min_length=4, max_length=4)]
    """Left, top, right, bottom, in the pixels of the sample."""
    overlap: float = Field(default=0.7, gt=0, le=1)
    """The least intersection over union."""


class Expectation(WrittenByPeople):
    """The expected answer to a golden sample: a label (with at least ``min-score``), boxes, or the outputs by name."""

    label: str | None = None
    """The label of the image or of every row; of a detector's best box."""
    min_score: float = Field(default=0.0, ge=0, le=1)
    boxes: Annotated[list[ExpectedBox], Field(max_length=100)] | None = None
    """Each must be found; an empty list says that nothing may be found."""
    outputs: dict[str, InsidePath] | None = None
    """The graph's outputs by name, each as a ``.npy`` file of the component."""

    @model_validator(mode="after")
    def _says_something(self) -> "Expectation":
        if self.label is None and self.boxes is None and not self.outputs:
            raise ValueError("expects nothing; give a label, boxes, or outputs")
        return self


class GoldenSample(WrittenByPeople):
    """An input whose answer is known: an image (classification, detection), a ``.csv`` row, a ``.npz`` of tensors."""

    input: InsidePath
    expect: Expectation


class Golden(WrittenByPeople):
    """The golden samples, how close an answer must be, and what share of them must agree (1.0: all)."""

    samples: Annotated[list[GoldenSample], Field(min_length=1, max_length=10_000)]
    tolerance: Tolerance = Field(default_factory=Tolerance)
    agreement: float = Field(default=1.0, gt=0, le=1)


class Vetting(WrittenByPeople):
    """The limits of the worker, a process of its own, that vets the model on the device."""

    timeout: float = Field(default=60.0, gt=0, le=900)
    """Wall time in seconds. The publisher adds up all models' into the deployment's validation time-out."""
    memory: int = Field(default=2048, ge=64)
    """MiB of memory beyond what the runtime itself needs."""


class Budget(WrittenByPeople):
    """What an inference may cost in vetting: CPU time, or the ratio to the model that serves now."""

    cpu_ms: float | None = Field(default=None, gt=0)
    ratio: float | None = Field(default=None, gt=0)


class Runtime(WrittenByPeople):
    """onnxruntime's own options. Providers are tried in order; one that the device lacks is skipped."""

    providers: Annotated[list[str], Field(min_length=1)] = Field(default_factory=lambda: ["CPUExecutionProvider"])
    intra_op_threads: int = Field(default=1, ge=1, le=64)
    inter_op_threads: int = Field(default=1, ge=1, le=64)


class ModelManifest(WrittenByPeople):
    """The whole ``model.yaml``. Its presence makes a model component hot-reloadable."""

    file: InsidePath
    """The ONNX file."""
    task: Task
    labels: list[str] = Field(default_factory=list, max_length=100_000)
    """In the order of the graph's scores."""
    columns: list[Annotated[str, Field(min_length=1)]] = Field(default_factory=list, max_length=10_000)
    """Of a tabular model: the columns of a CSV that go into the graph, in its order."""
    preprocessing: Preprocessing | None = None
    postprocessing: Postprocessing = Field(default_factory=Postprocessing)
    golden: Golden
    vetting: Vetting = Field(default_factory=Vetting)
    budget: Budget = Field(default_factory=Budget)
    runtime: Runtime = Field(default_factory=Runtime)

    @model_validator(mode="after")
    def _fits_its_task(self) -> "ModelManifest":
        if self.task in {"classification", "detection"}:
            if self.preprocessing is None:
                raise ValueError(f"a {self.task} model has no preprocessing; add it, with the input's size at least")
            if not self.labels:
                raise ValueError(f"a {self.task} model has no labels; list them in the order of the graph's scores")
        if self.task == "detection" and self.postprocessing.decoder is None:
            raise ValueError("a detection model names no decoder; add postprocessing.decoder, such as yolov8")
        if self.task == "tabular" and not self.columns:
            raise ValueError("a tabular model names no columns; list those that go into the graph, in its order")
        if self.task != "detection" and any(sample.expect.boxes is not None for sample in self.golden.samples):
            raise ValueError(
                f"golden samples expect boxes, and a {self.task} model finds none; give a label, or outputs"
            )
        unknown = {s.expect.label for s in self.golden.samples if s.expect.label} - set(self.labels)
        unknown |= {box.label for s in self.golden.samples for box in s.expect.boxes or ()} - set(self.labels)
        if unknown and self.labels:
            raise ValueError(
                f"golden samples expect labels that are not in labels: {sorted(unknown)}; correct one of them"
            )
        return self
