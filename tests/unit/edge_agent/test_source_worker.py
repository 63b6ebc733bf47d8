"""From a source through a model to the sinks: a frame is done only when its prediction is written."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar, cast

import numpy as np
import pytest

from edge_agent.errors import SinkError, UnreadableFrameError
from edge_agent.inference.loaded_model import LoadedModel
from edge_agent.pipeline.tally import Tally
from edge_agent.pipeline.worker import Worker
from edge_agent.predicted import Predicted
from edge_agent.serving.served_models import ServedModels, Target
from edge_agent.sinks.sink import Seen
from edge_agent.sources.source import Offered
from edge_agent.tasks.task import BoundTask

TARGET = Target("digits", "com.example.digits", "4.0.0", "4" * 43, "7")


class ListedSource:
    """A recording source over a list of names."""

    def __init__(self, *names: str) -> None:
        self.waiting = list(names)
        self.ended: list[tuple[str, str]] = []
        self.changed = threading.Condition()
        self.dropped = 0
        self.trouble: str | None = None

    def start(self) -> None: ...

    def next(self, timeout: float) -> Offered | None:
        with self.changed:
            if not self.waiting:
                self.changed.wait(timeout)
                return None
            return Offered(self.waiting.pop(0), b"", time.monotonic(), ())

    def _end(self, how: str, frame: Offered) -> None:
        with self.changed:
            self.ended.append((how, frame.name))
            self.changed.notify_all()

    def done(self, frame: Offered, prediction: Predicted | None = None) -> None:
        assert prediction is not None
        self._end("done", frame)

    def set_aside(self, frame: Offered, why: str) -> None:
        assert why
        self._end("aside", frame)

    def give_back(self, frame: Offered) -> None:
        self._end("back", frame)

    def stop(self) -> None: ...

    def wait(self, count: int) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.ended) >= count, 10)


class RecordingSink:
    """Fails as often as it is told, then records."""

    def __init__(self, failures: int = 0) -> None:
        self.failures = failures
        self.written: list[Predicted] = []

    durable: ClassVar[bool] = True

    def write(self, prediction: Predicted, seen: Seen) -> None:
        assert seen.content == b""
        if self.failures:
            self.failures -= 1
            raise SinkError("the disk is full; free it")
        self.written.append(prediction)

    def close(self) -> None: ...


class Echo:
    """A session that gives its input back."""

    def get_outputs(self) -> list[Any]:
        return [type("Output", (), {"name": "y"})()]

    def run(self, names: list[str], feed: dict[str, Any]) -> list[Any]:
        return [feed["x"] for _ in names]


def model(decode: Callable[[bytes, str], Any] = lambda *_: 1) -> LoadedModel:
    task = BoundTask(decode, lambda _: {"x": np.zeros(1)}, lambda *_: {"label": "7"})
    return LoadedModel(Path("/4"), cast(Any, None), Echo(), task)


@pytest.fixture
def working() -> Iterator[Callable[..., tuple[Worker, Tally]]]:
    workers: list[Worker] = []

    def start(source: ListedSource, served_models: ServedModels, *sinks: RecordingSink) -> tuple[Worker, Tally]:
        tally = Tally()
        worker = Worker("camera", source, sinks, served_models, lambda: "digits", tally)
        workers.append(worker)
        worker.start()
        return worker, tally

    yield start
    for worker in workers:
        worker.stop_soon()
        assert worker.join(10)


def serving(read: Callable[[bytes, str], Any] = lambda *_: 1) -> ServedModels:
    served_models = ServedModels(lambda _: None)
    served_models.swap(TARGET, model(read))
    return served_models


def test_every_frame_is_predicted_once_and_says_by_which_version(working: Any) -> None:
    source, sink, served_models = ListedSource("a", "b"), RecordingSink(), serving()
    working(source, served_models, sink)
    source.wait(2)
    assert [(each.frame, each.version, each.digest) for each in sink.written] == [
        ("a", TARGET.version, TARGET.digest),
        ("b", TARGET.version, TARGET.digest),
    ]
    assert source.ended == [("done", "a"), ("done", "b")]
    served = served_models.current("digits")
    assert served is not None
    assert served.handle.meter.read().requests == 2
    assert served.handle.leases == 0


def test_a_frame_waits_until_its_prediction_is_written(working: Any) -> None:
    source, full, other = ListedSource("a"), RecordingSink(failures=1), RecordingSink()
    _, tally = working(source, serving(), full, other)
    source.wait(1)
    assert source.ended == [("done", "a")]
    assert len(full.written) == len(other.written) == 1
    assert tally.last == "the disk is full; free it"


def test_a_frame_without_an_answer_is_set_aside_and_the_next_is_predicted(working: Any) -> None:
    answers = iter([UnreadableFrameError("a is no image"), ValueError("cv2 says no"), None])

    def read(*_: Any) -> int:
        if (error := next(answers)) is not None:
            raise error
        return 1

    source, sink, served_models = ListedSource("a", "b", "c"), RecordingSink(), serving(read)
    _, tally = working(source, served_models, sink)
    source.wait(3)
    assert source.ended == [("aside", "a"), ("aside", "b"), ("done", "c")]
    assert [each.frame for each in sink.written] == ["c"]
    assert "cv2 says no" in (tally.last or "")
    served = served_models.current("digits")
    assert served is not None
    assert served.handle.meter.read().errors == 2


def test_no_frame_is_taken_before_a_model_serves(working: Any) -> None:
    source, sink, served_models = ListedSource("a"), RecordingSink(), ServedModels(lambda _: None)
    working(source, served_models, sink)
    time.sleep(0.3)
    assert source.waiting == ["a"]
    served_models.swap(TARGET, model())
    source.wait(1)
    assert [each.frame for each in sink.written] == ["a"]
