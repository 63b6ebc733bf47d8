"""A model that can infer: session, preprocessing, labels and postprocessing of one version, never mixed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from edge_agent.errors import InferenceError
from edge_agent.inference.error_words import on_one_line
from edge_agent.inference.model_folder import file_inside, read_manifest
from edge_agent.inference.session import graph_of, open_session
from edge_agent.tasks.binding import bind_task
from edge_agent.tasks.output import Output
from edge_agent.tasks.task import BoundTask, Feed, Frame
from shared_schema.messages import Reason
from shared_schema.model_manifest import ModelManifest

_OF_MEMORY: Final = ("bad_alloc", "failed to allocate", "cannot allocate memory", "out of memory")


class Answer(NamedTuple):
    """A model's answer to a frame: the graph's outputs by name, and the prediction's ``output``."""

    outputs: Mapping[str, NDArray[Any]]
    output: Output


@dataclass(slots=True)
class LoadedModel:
    """One opened version of a model. Any thread may run it, as onnxruntime's ``run`` is thread-safe."""

    folder: Path
    manifest: ModelManifest
    session: Any
    task: BoundTask
    _outputs: list[str] = field(default_factory=list, init=False)

    @property
    def provider(self) -> str:
        """The first execution provider that onnxruntime uses."""
        return str(self.session.get_providers()[0])

    def run(self, feed: Feed) -> dict[str, NDArray[Any]]:
        """Run the graph. Return its outputs by name. Raises ``InferenceError``."""
        # Keep the names: asking the session for them costs more than the rest of this method.
        names = self._outputs = self._outputs or [value.name for value in self.session.get_outputs()]
        try:
            values = self.session.run(names, feed)
        except Exception as error:
            raise InferenceError(f"the graph failed on its input: {short(error)}") from error
        return dict(zip(names, values, strict=True))

    def answer(self, frame: Frame) -> Answer:
        """Return the answer to a frame that `task.frame` has made. Raises ``InferenceError``."""
        outputs = self.run(self.task.prepare(frame))
        return Answer(outputs, self.task.interpret(outputs, frame))

    def answers(self, frames: Sequence[Frame]) -> list[Answer]:
        """Return the answers to several frames, from one run if the graph leaves its first dimension open.

        Raises ``InferenceError`` if any of them has none.
        """
        if len(frames) == 1 or not self.task.stackable:
            return [self.answer(frame) for frame in frames]
        # A feed is valid only until the next frame is prepared.
        feeds = [{name: value.copy() for name, value in self.task.prepare(frame).items()} for frame in frames]
        outputs = self.run({name: np.concatenate([feed[name] for feed in feeds]) for name in feeds[0]})
        if any(value.shape[0] != len(frames) for value in outputs.values()):
            raise InferenceError(
                f"the graph gave no answer for each of {len(frames)} stacked frames", "ask them singly"
            )
        found = []
        for index, frame in enumerate(frames):
            own = {name: value[index : index + 1] for name, value in outputs.items()}
            found.append(Answer(own, self.task.interpret(own, frame)))
        return found

    def warm_up(self) -> None:
        """Run the first golden sample once: the first run of a session is slow."""
        first = self.manifest.golden.samples[0].input
        self.answer(self.task.read(file_inside(self.folder, first, Reason.GOLDEN)))

    def close(self) -> None:
        """Free the session's memory. Call it once nobody runs the model any more."""
        self.session = None


def open_model(folder: Path) -> LoadedModel:
    """Open a vetted model. Raises ``RefusedModelError``, and whatever onnxruntime raises."""
    manifest = read_manifest(folder)
    session = open_session(file_inside(folder, manifest.file), manifest.runtime)
    return LoadedModel(folder, manifest, session, bind_task(manifest, graph_of(session)))


def for_want_of_memory(error: BaseException) -> bool:
    """Return whether memory ran out, judged by the messages of onnxruntime and the C++ library."""
    words = str(error).lower()
    return isinstance(error, MemoryError) or any(sign in words for sign in _OF_MEMORY)


def short(error: BaseException, most: int = 300) -> str:
    """Return an exception's reason on one line of at most ``most`` characters: onnxruntime's messages are long."""
    return on_one_line(str(error), most) or type(error).__name__
