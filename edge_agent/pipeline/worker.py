"""The thread that takes one source's frames, one after the other, through the model that serves.

One leased version of the model does all for a frame: reading, preprocessing, session, labels and postprocessing.
"""

import logging
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Final

from edge_agent.errors import InferenceError, SinkError
from edge_agent.inference.loaded_model import short
from edge_agent.pipeline.tally import Tally
from edge_agent.predicted import Predicted
from edge_agent.serving.served_models import Lease, ServedModels
from edge_agent.sinks.sink import Seen, Sink
from edge_agent.sources.source import Offered, Source
from edge_agent.tasks.output import Output

logger = logging.getLogger(__name__)
_POLL: Final = 0.2
_RETRY: Final = 1.0


class Worker:
    """Owns its source and its thread from `start` to `join`. ``model_of`` names the model for the frames."""

    def __init__(
        self,
        name: str,
        source: Source,
        sinks: Sequence[Sink],
        served_models: ServedModels,
        model_of: Callable[[], str | None],
        tally: Tally,
    ) -> None:
        self._name = name
        self._source = source
        self._sinks = sinks
        self._served_models = served_models
        self._model_of = model_of
        self._tally = tally
        self._stopping = threading.Event()
        self._in_flight: tuple[float, Offered] | None = None
        self._thread = threading.Thread(target=self._work, name=f"source-{name}", daemon=True)

    @property
    def dropped(self) -> int:
        return self._source.dropped

    @property
    def trouble(self) -> str | None:
        return self._source.trouble

    def start(self) -> None:
        self._thread.start()

    def stop_soon(self) -> None:
        """Take no more frames."""
        self._stopping.set()

    def join(self, timeout: float) -> bool:
        """Wait up to ``timeout`` seconds for the frame in flight. Return whether the thread has ended."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def hangs(self, limit: float) -> Offered | None:
        """Return the frame that has been in the model for more than ``limit`` seconds, if there is one."""
        in_flight = self._in_flight
        return in_flight[1] if in_flight is not None and time.monotonic() - in_flight[0] > limit else None

    def give_up(self, frame: Offered, why: str) -> None:
        """Set aside a frame that hangs in the model, so that it does not hang the next process too."""
        self._source.set_aside(frame, why)

    def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                self._source.start()
                self._tally.better(f"source {self._name}")
                break
            except OSError as error:
                words = f"the source {self._name} cannot be opened: {error}; correct its path"
                self._tally.trouble(f"source {self._name}", words)
                self._stopping.wait(_RETRY)
        try:
            while not self._stopping.is_set():
                try:
                    self._step()
                except Exception as error:
                    # An error of one frame must not end the thread; the source offers the frame again.
                    self._tally.error(f"the source {self._name}: {error}")
                    logger.exception("frame failed", extra={"source": self._name})
                    self._stopping.wait(_RETRY)
        finally:
            self._source.stop()
            for name in (f"source {self._name}", *map(self._of_sink, range(len(self._sinks)))):
                self._tally.better(name)

    def _step(self) -> None:
        model = self._model_of()
        if model is None:
            self._stopping.wait(_POLL)
            return
        # Take no frame from the source before a model serves.
        if not self._served_models.serves(model, _POLL):
            return
        frame = self._source.next(_POLL)
        if frame is None:
            return
        lease = self._served_models.lease(model, _POLL)
        if lease is None:
            self._source.give_back(frame)
            return
        with lease:
            self._in_flight = (time.monotonic(), frame)
            try:
                answered = self._look_at((frame, *frame.together), lease)
            finally:
                self._in_flight = None
        for offered, seen, output in answered:
            try:
                prediction = self._prediction(offered, output, lease)
                written = self._write(prediction, seen)
            except Exception as error:
                # No sink can take this prediction: offered again, its frame would come back for ever.
                logger.exception("prediction not written", extra={"frame": offered.name})
                self._without_answer(offered, error, lease)
                continue
            if written:
                self._source.done(offered, prediction)
            elif frame.together:
                self._source.set_aside(offered, "the agent ends; ask again later")
            else:
                self._source.give_back(offered)

    def _look_at(self, frames: Sequence[Offered], lease: Lease) -> list[tuple[Offered, Seen, Output]]:
        """Return the answers to frames that came together. Frames without an answer are set aside."""
        model = lease.served.handle.model
        read: list[tuple[Offered, Seen]] = []
        for offered in frames:
            try:
                read.append((offered, Seen(offered.content, model.task.frame(offered.content, offered.name))))
            except FileNotFoundError:
                # Somebody else removed the image.
                continue
            except Exception as error:  # noqa: BLE001  an image can make cv2 or numpy raise anything
                self._without_answer(offered, error, lease)
        if len(read) > 1:
            try:
                answers = model.answers([seen.frame for _, seen in read])
            except Exception as error:  # noqa: BLE001  numpy refuses frames of unlike shapes with its own errors
                logger.debug("frames are asked singly", extra={"source": self._name, "error": short(error)})
            else:
                return [(offered, seen, each.output) for (offered, seen), each in zip(read, answers, strict=True)]
        answered = []
        for offered, seen in read:
            try:
                answered.append((offered, seen, model.answer(seen.frame).output))
            except Exception as error:  # noqa: BLE001  as above
                self._without_answer(offered, error, lease)
        return answered

    def _without_answer(self, offered: Offered, error: Exception, lease: Lease) -> None:
        lease.served.handle.meter.count_error()
        words = str(error) if isinstance(error, InferenceError) else f"{type(error).__name__}: {short(error)}"
        self._tally.error(f"{offered.name}: {words}")
        self._source.set_aside(offered, words)

    def _prediction(self, frame: Offered, output: Output, lease: Lease) -> Predicted:
        served = lease.served
        target = served.target
        latency = (time.monotonic() - frame.arrived) * 1000
        served.handle.meter.count(latency)
        return Predicted(
            self._name,
            frame.name,
            frame.frame_id,
            target.model,
            target.version,
            target.digest,
            datetime.now(UTC),
            round(latency, 3),
            output,
        )

    def _write(self, prediction: Predicted, seen: Seen) -> bool:
        """Write to every sink, and retry until each has it. Return ``False`` if the worker stops before any has it."""
        for index, sink in enumerate(self._sinks):
            troubled = False
            while True:
                try:
                    sink.write(prediction, seen)
                    break
                except SinkError as error:
                    troubled = True
                    self._tally.trouble(self._of_sink(index), str(error))
                    logger.warning("prediction not written", extra={"frame": prediction.frame, "error": str(error)})
                    if self._stopping.wait(_RETRY):
                        # A frame that one sink already has must not be predicted again.
                        return index > 0
            if troubled:
                self._tally.better(self._of_sink(index))
        return True

    def _of_sink(self, index: int) -> str:
        return f"sink {index} of {self._name}"
