"""The one thread that vets, opens, caches and closes models, at low priority so that what serves is not disturbed.

It decides nothing: it takes jobs and gives the results to `post`.
"""

import contextlib
import ctypes
import gc
import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from edge_agent.errors import VettingAbandonedError
from edge_agent.inference.loaded_model import LoadedModel, for_want_of_memory, open_model, short
from edge_agent.serving.model_cache import CachedModel, ModelCache
from edge_agent.serving.served_models import Target
from edge_agent.vetting.copies import Copies, ModelFiles
from edge_agent.vetting.protocol import Outcome, refused
from edge_agent.vetting.verdicts import Verdicts
from edge_agent.vetting.vetter import Vetter
from shared_schema.digests import model_digest_of_folder
from shared_schema.errors import UndigestibleModelError
from shared_schema.messages import Reason

logger = logging.getLogger(__name__)
NICENESS: Final = 10
"""Of the loader's thread; 19 takes seconds to load, an idle scheduling class starves it
(docs/onnxruntime-facts.md, "Threads")."""


@dataclass(frozen=True, slots=True)
class Load:
    """Vet the target if it has no verdict, then open it and warm it up. Answered by `Loaded`."""

    target: Target
    folder: Path
    serving: Path | None
    fallback: bool = False
    """Whether it is a cached model, loaded because the desired one failed."""
    abandoned: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Judge:
    """Vet the targets that have no verdict, for the validated channel. Answered by `Judged`."""

    ticket: int
    targets: tuple[tuple[Target, Path], ...]
    serving: tuple[tuple[str, Path], ...]
    abandoned: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The answer to `Load`. ``model`` is open and warm, on the agent's own copy of its files; or ``None``, and then
    ``outcome`` says why."""

    job: Load
    outcome: Outcome
    model: LoadedModel | None
    vetted: bool
    """Whether the vetting refused the model. If not, it could not be opened on this device."""


@dataclass(frozen=True, slots=True)
class Judged:
    """The answer to `Judge`: the outcome for each target of the job."""

    job: Judge
    outcomes: tuple[tuple[Target, Outcome], ...]


@dataclass(frozen=True, slots=True)
class _Keep:
    confirmed: CachedModel
    folder: Path


@dataclass(frozen=True, slots=True)
class _Close:
    model: LoadedModel


_Job = Load | Judge | _Keep | _Close


class Loader:
    """Owns its thread from `start` to `stop`."""

    def __init__(
        self,
        verdicts: Verdicts,
        model_cache: ModelCache,
        copies: Copies,
        vetter: Vetter,
        post: Callable[[Loaded | Judged], None],
    ) -> None:
        self._verdicts = verdicts
        self._model_cache = model_cache
        self._copies = copies
        self._vetter = vetter
        self._post = post
        self._jobs: queue.Queue[_Job | None] = queue.Queue(maxsize=256)
        self._stopping = threading.Event()
        self._now: Load | Judge | None = None
        self._thread = threading.Thread(target=self._work, name="loader", daemon=True)

    @property
    def jail(self) -> tuple[str, ...] | None:
        """Which parts of the jail held in the last worker; ``None`` before the first."""
        return self._vetter.jail

    def start(self) -> None:
        self._thread.start()

    def stop(self, timeout: float) -> None:
        """End the job in hand, with its worker, and the thread."""
        self._stopping.set()
        if (job := self._now) is not None:
            job.abandoned.set()
        with contextlib.suppress(queue.Full):
            self._jobs.put_nowait(None)
        self._thread.join(timeout)

    def submit(self, job: Load | Judge) -> bool:
        """Queue a job. Return ``False`` if too many wait already."""
        return self._put(job)

    def keep(self, target: Target, folder: Path) -> None:
        """Put a confirmed model's files into the model cache: the copy that it is opened on, if there is one."""
        confirmed = CachedModel(
            model=target.model, component=target.component, version=target.version, digest=target.digest
        )
        self._put(_Keep(confirmed, folder))

    def close(self, model: LoadedModel) -> None:
        """Close a model that nobody holds, on the loader's thread: the caller is about to take the next frame."""
        if not self._put(_Close(model)):
            model.close()

    def _put(self, job: _Job) -> bool:
        try:
            self._jobs.put_nowait(job)
        except queue.Full:
            return False
        return True

    def _work(self) -> None:
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        # Keep imported objects out of collections: `give_memory_back` would hold the GIL for them at low priority.
        gc.freeze()
        self._copies.clear()
        while not self._stopping.is_set():
            job = self._jobs.get()
            match job:
                case None:
                    return
                case Load() | Judge():
                    self._answer(job)
                case _Keep():
                    self._model_cache.keep(job.confirmed, job.folder)
                case _Close():
                    job.model.close()
                    self._copies.release(job.model.folder)
                    give_memory_back()

    def _answer(self, job: Load | Judge) -> None:
        self._now = job
        try:
            if not job.abandoned.is_set():
                self._post(self._load(job) if isinstance(job, Load) else self._judge(job))
        except VettingAbandonedError:
            logger.info("vetting abandoned")
        except Exception as error:
            # The device has no process, memory or file left. The next job may succeed.
            logger.exception("job failed")
            failed = _unopened(error, "it could not be vetted here and now")
            if isinstance(job, Load):
                self._post(Loaded(job, failed, None, vetted=False))
            else:
                self._post(Judged(job, tuple((target, failed) for target, _ in job.targets)))
        finally:
            self._now = None

    def _judge(self, job: Judge) -> Judged:
        serving = dict(job.serving)
        self._copies.keep_only({target.digest for target, _ in job.targets})
        return Judged(
            job,
            tuple(
                (target, self._examine(target, folder, serving.get(target.model), job.abandoned)[1])
                for target, folder in job.targets
            ),
        )

    def _load(self, job: Load) -> Loaded:
        files, outcome = self._examine(job.target, job.folder, job.serving, job.abandoned)
        if files is None or not outcome.accepted:
            return Loaded(job, outcome, None, vetted=True)
        began = time.perf_counter()
        self._copies.hold(files.folder)
        try:
            model = open_model(files.folder)
            model.warm_up()
        except Exception as error:  # noqa: BLE001  onnxruntime may raise anything when memory runs out
            self._copies.release(files.folder)
            return Loaded(job, _unopened(error), None, vetted=False)
        took = round((time.perf_counter() - began) * 1000, 2)
        return Loaded(
            job, outcome.model_copy(update={"steps_ms": {**outcome.steps_ms, "swap": took}}), model, vetted=True
        )

    def _examine(
        self, target: Target, folder: Path, serving: Path | None, abandoned: threading.Event
    ) -> tuple[ModelFiles | None, Outcome]:
        """Return the agent's own copy of the files, and the verdict on it: the stored one if it holds."""
        stored = self._verdicts.of(target.digest)
        if stored is not None and stored.holds and not stored.accepted and _is(folder, target.digest):
            return None, stored
        files = self._own(target, folder, abandoned)
        if isinstance(files, Outcome):
            # It is about the files on this disk, not about the digest: no verdict is kept.
            _log_verdict(target, files)
            return None, files
        if stored is not None and stored.holds:
            return files, stored
        logger.info("vetting", extra={"model": target.model, "version": target.version, "digest": target.digest})
        outcome = self._verdicts.keep(target.digest, self._vetter.vet(files, serving=serving, abandoned=abandoned))
        _log_verdict(target, outcome)
        if not outcome.accepted:
            self._copies.drop(files.folder)
        return files, outcome

    def _own(self, target: Target, folder: Path, abandoned: threading.Event) -> ModelFiles | Outcome:
        """Return the kept copy of the target's digest if it is whole, else a new copy of ``folder``; or a refusal."""
        kept = self._model_cache.folder(target.digest)
        began = time.perf_counter()
        if kept.is_dir() and _is(kept, target.digest):
            return ModelFiles(kept, target.digest, round((time.perf_counter() - began) * 1000, 2))
        return self._copies.make(folder, target.digest, abandoned)


def _log_verdict(target: Target, outcome: Outcome) -> None:
    logger.info(
        "vetted",
        extra={
            "model": target.model,
            "version": target.version,
            "accepted": outcome.accepted,
            "reason": outcome.reason or "",
            "words": outcome.words or "",
            "ms": round(sum(outcome.steps_ms.values()), 1),
        },
    )


def give_memory_back() -> None:
    """Collect garbage, and give free heap back: else the process grows with each swap
    (docs/onnxruntime-facts.md, "Memory")."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def _is(folder: Path, digest: str) -> bool:
    try:
        return model_digest_of_folder(folder) == digest
    except (OSError, UndigestibleModelError):
        return False


def _unopened(error: BaseException, what: str = "it passed its vetting, and could not be opened to serve") -> Outcome:
    reason = Reason.MEMORY if for_want_of_memory(error) else Reason.LOAD
    return refused(reason, f"{what}: {short(error)}; deploy it again")
