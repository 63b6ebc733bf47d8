"""Control's side of vetting: has a worker vet the copied files, hears its reports, ends it. Blocks its caller."""

import logging
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from edge_agent.errors import BabbleError, RefusedModelError, VettingAbandonedError
from edge_agent.processes.linux import out_of_memory_kills
from edge_agent.processes.stream import Bounds
from edge_agent.processes.template import Template
from edge_agent.processes.worker_process import WorkerProcess
from edge_agent.vetting.copies import ModelFiles
from edge_agent.vetting.protocol import MOST_BYTES, Outcome, Report, Request, believed, refused
from shared_schema.messages import Reason

logger = logging.getLogger(__name__)
WORKER: Final = "edge_agent.vetting.worker"
"""The module that the template imports, and that vets in the worker."""
UNTIL_MANIFEST: Final = 60.0
"""Seconds for the start and the manifest, before the manifest's own time-out is known."""
LONGEST: Final = 900.0
LARGEST_OUTPUT: Final = 1 << 30
"""Bytes of an expected output that ``check --update-golden`` may write."""
_REPORTS: Final = Bounds(0, MOST_BYTES)
_LOOK: Final = 0.1


class Vetter:
    """Used by one thread at a time. ``template`` has imported ``module``, whose ``work`` vets."""

    def __init__(self, template: Template, module: str = WORKER) -> None:
        self._template = template
        self._module = module
        self.jail: tuple[str, ...] | None = None
        """Which parts of the jail held in the last worker; ``None`` before the first."""

    def vet(
        self, files: ModelFiles, *, serving: Path | None = None, abandoned: threading.Event | None = None
    ) -> Outcome:
        """Vet copied files in a worker, which has ended when this returns or raises. Return the outcome.

        ``abandoned`` ends it early with ``VettingAbandonedError``. ``serving`` is the folder of what serves now, which
        a second worker measures for a budget that is a ratio. Raises ``TemplateError``.
        """
        heard = _Heard({"digest": files.ms}, abandoned)
        outcome = self._asked("vet", files.folder, heard)
        if outcome.accepted and heard.ratio is not None and serving is not None:
            outcome = self._in_ratio(outcome, heard, serving)
        return believed(outcome, files.digest, files.ms)

    def outputs(self, files: ModelFiles) -> list[tuple[str, bytes]]:
        """Return what the model answers to its golden samples, as the content of each ``.npy`` that they expect.

        Raises ``RefusedModelError`` if it has no answer.
        """
        found: list[tuple[str, bytes]] = []
        heard = _Heard({}, None, lambda name, content: found.append((name, content)))
        outcome = self._asked("answer", files.folder, heard, Bounds(LARGEST_OUTPUT, 2 * LARGEST_OUTPUT))
        if not outcome.accepted:
            raise RefusedModelError(outcome.reason or Reason.LOAD, outcome.words or "it has no answer")
        return found

    def _in_ratio(self, outcome: Outcome, heard: "_Heard", serving: Path) -> Outcome:
        ratio, cost = heard.ratio, outcome.cost_ms or 0.0
        other = _Heard(heard.times, heard.abandoned)
        measured = self._asked("measure", serving, other)
        if not measured.accepted:
            return refused(Reason.BUDGET, measured.words or "what serves now could not be measured", outcome.steps_ms)
        now = other.cost or 0.0
        if ratio is not None and cost > ratio * now:
            return refused(
                Reason.BUDGET,
                f"an inference takes {cost:.2f} ms of CPU, {cost / max(now, 1e-3):.1f} times what serves now, and the "
                f"budget is {ratio:g} times; make the model smaller, or raise budget.ratio",
                outcome.steps_ms,
            )
        return outcome

    def _asked(self, job: str, folder: Path, heard: "_Heard", bounds: Bounds = _REPORTS) -> Outcome:
        kills = out_of_memory_kills()
        with self._template.fork(self._module) as worker:
            request = Request.model_validate({"job": job, "folder": str(folder.absolute())})
            try:
                worker.ask(request.model_dump_json().encode(), bounds)
                ending = _listen(worker, heard)
            except OSError:
                ending = "died"
            if heard.jail is not None:
                self.jail = heard.jail
            return _judge(worker, heard, ending, kills)


class _Heard:
    """What the worker has reported so far, and its deadline."""

    def __init__(
        self,
        times: dict[str, float],
        abandoned: threading.Event | None,
        put: Callable[[str, bytes], None] | None = None,
    ) -> None:
        self.times = dict(times)
        self.abandoned = abandoned
        self.limit = UNTIL_MANIFEST
        self.step = "start"
        self.cost: float | None = None
        self.ratio: float | None = None
        self.outcome: Outcome | None = None
        self.jail: tuple[str, ...] | None = None
        self._put = put
        self._began = time.monotonic()

    @property
    def deadline(self) -> float:
        return self._began + self.limit

    def take(self, header: bytes, payload: bytes) -> None:
        """Take a report. Raises ``pydantic.ValidationError`` for what is none."""
        report = Report.model_validate_json(header)
        match report.kind:
            case "jailed":
                self.jail = report.holds
            case "began":
                self.step = report.step or self.step
            case "ended" if report.step:
                self.times[report.step] = report.ms or 0.0
            case "timeout":
                self.limit = min(report.timeout or self.limit, LONGEST)
            case "output" if self._put is not None and report.file is not None:
                self._put(report.file, payload)
            case "cost":
                self.cost, self.outcome = report.cost_ms, Outcome(accepted=True)
            case "outcome":
                self.ratio, self.outcome = report.ratio, report.outcome
            case _:
                pass


def _listen(worker: WorkerProcess, heard: _Heard) -> str:
    """Hear reports until the end. Return how it came: ``"outcome"``, ``"died"``, ``"time"`` or ``"babble"``."""
    while heard.outcome is None:
        if heard.abandoned is not None and heard.abandoned.is_set():
            raise VettingAbandonedError("a later proposal ended this vetting")
        left = heard.deadline - time.monotonic()
        if left <= 0:
            return "time"
        try:
            frames = worker.hear(min(left, _LOOK))
            if frames is None:
                return "died"
            for frame in frames:
                heard.take(frame.header, frame.payload)
        except (BabbleError, ValidationError) as error:
            logger.warning("worker babbles", extra={"step": heard.step, "error": str(error)[:200]})
            return "babble"
    return "outcome"


def _judge(worker: WorkerProcess, heard: _Heard, ending: str, kills: int) -> Outcome:
    if ending == "outcome" and heard.outcome is not None:
        return heard.outcome
    step, times = heard.step, heard.times
    if ending == "time":
        words = f"{step}: not done within {heard.limit:g} s; make the model faster, or raise vetting.timeout"
        return refused(Reason.TIMEOUT, words, times)
    if ending == "babble":
        return refused(Reason.LOAD, f"{step}: the worker said what no worker says", times)
    code = worker.code(5.0)
    if code is None:
        return refused(Reason.TIMEOUT, f"{step}: the worker closed its stream and went on", times)
    if code == -signal.SIGXCPU:
        words = f"{step}: used up its CPU time; make the model faster, or raise vetting.timeout"
        return refused(Reason.TIMEOUT, words, times)
    if code == -signal.SIGKILL and out_of_memory_kills() > kills:
        words = f"{step}: the kernel ended the model's process, for the device's memory ran out; make the model smaller"
        return refused(Reason.MEMORY, words, times)
    if code < 0:
        name = signal.Signals(-code).name
        why = " (the kernel does so when memory runs out)" if code == -signal.SIGKILL else ""
        words = f"{step}: the model ended its process by {name}{why}; it would have ended the agent"
        return refused(Reason.SIGNAL, words, times)
    return refused(Reason.LOAD, f"{step}: the worker ended with {code}: {worker.last_words()}", times)
