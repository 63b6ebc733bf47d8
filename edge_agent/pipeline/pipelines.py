"""Opens the sources, workers and sinks of the settings, and changes them live: only what differs is reopened."""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge_agent.pipeline.opening import Posts, open_sink, open_source
from edge_agent.pipeline.tally import Tally
from edge_agent.pipeline.worker import Worker
from edge_agent.serving.served_models import ServedModels
from edge_agent.sinks.hard_samples import HardSampleFolder
from edge_agent.sinks.sink import Sink
from shared_schema.settings import AgentSettings, HardSamples
from shared_schema.settings import Sink as SinkSettings
from shared_schema.settings import Source as SourceSettings

logger = logging.getLogger(__name__)
_CHANGE: Final = 10.0
"""Seconds for a frame in flight when its source is closed for a change of settings."""


class Pipelines:
    """Owned by the control thread. ``model_of`` names the model for a source's frames, if there is one."""

    def __init__(
        self,
        work: Path,
        served_models: ServedModels,
        post: Posts,
        model_of: Callable[[SourceSettings], str | None],
        tally: Tally,
    ) -> None:
        self._work = work
        self._served_models = served_models
        self._post = post
        self._model_of = model_of
        self._tally = tally
        self._sinks: dict[str, tuple[SinkSettings, Sink]] = {}
        self._workers: dict[str, tuple[SourceSettings, Worker]] = {}
        self._hard: tuple[HardSamples | None, list[Sink]] = (None, [])
        self._dropped_before = 0

    @property
    def dropped(self) -> int:
        """How many frames the drop policies have dropped since the agent's start."""
        return self._dropped_before + sum(worker.dropped for _, worker in self._workers.values())

    @property
    def troubles(self) -> tuple[str, ...]:
        """In words, what keeps sources from their work, each once."""
        found = (worker.trouble for _, worker in self._workers.values())
        return tuple(dict.fromkeys(words for words in found if words is not None))

    def apply(self, settings: AgentSettings) -> None:
        """Apply settings. Frames in flight are finished first; frames that wait in a folder stay there."""
        told = ({name: used for name, (used, _) in self._sinks.items()}, self._hard[0])
        sinks_differ = told != (settings.sinks, settings.hard_samples)
        gone = [name for name, (used, _) in self._workers.items() if sinks_differ or settings.sources.get(name) != used]
        self._stop(gone, _CHANGE)
        if sinks_differ:
            self._change_sinks(settings)
        for name, source in settings.sources.items():
            if name not in self._workers:
                self._start(name, source)

    def hung(self, limit: float) -> str | None:
        """Set aside a frame that has been in a model for more than ``limit`` seconds. Return which one, in words."""
        for name, (_, worker) in self._workers.items():
            frame = worker.hangs(limit)
            if frame is not None:
                words = f"{frame.name} of the source {name} has been in the model for more than {limit:g} s"
                worker.give_up(frame, words)
                return words
        return None

    def stop(self, grace: float) -> None:
        """Stop every source. All frames in flight together get ``grace`` seconds."""
        self._stop(list(self._workers), grace)
        for _, sink in self._sinks.values():
            sink.close()
        self._sinks = {}

    def _stop(self, names: list[str], seconds: float) -> None:
        ends = time.monotonic() + seconds
        for name in names:
            self._workers[name][1].stop_soon()
        for name in names:
            worker = self._workers.pop(name)[1]
            if not worker.join(max(0.0, ends - time.monotonic())):
                logger.warning("frame in flight given up", extra={"source": name})
            self._dropped_before += worker.dropped

    def _change_sinks(self, settings: AgentSettings) -> None:
        for name, (used, sink) in list(self._sinks.items()):
            if settings.sinks.get(name) != used:
                sink.close()
                del self._sinks[name]
        for name, wanted in settings.sinks.items():
            if name not in self._sinks:
                self._sinks[name] = (wanted, open_sink(wanted, self._work, self._post))
        if settings.hard_samples != self._hard[0]:
            hard = settings.hard_samples
            self._hard = (hard, [] if hard is None else [HardSampleFolder(hard, self._work)])

    def _start(self, name: str, settings: SourceSettings) -> None:
        worker = Worker(
            name,
            open_source(settings, self._work, self._post),
            # Durable sinks are written first.
            sorted([*(sink for _, sink in self._sinks.values()), *self._hard[1]], key=lambda sink: not sink.durable),
            self._served_models,
            lambda: self._model_of(settings),
            self._tally,
        )
        worker.start()
        self._workers[name] = (settings, worker)
        logger.info("source opened", extra={"source": name, "type": settings.type})
