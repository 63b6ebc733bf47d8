"""The steps of a vetting, in order. Each is timed, and each may refuse the model. Runs in the child."""

import math
import resource
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from edge_agent.errors import InferenceError, RefusedModelError
from edge_agent.inference.error_words import short
from edge_agent.inference.loaded_model import LoadedModel, for_want_of_memory
from edge_agent.inference.model_folder import file_inside, read_manifest
from edge_agent.inference.session import graph_of, open_session
from edge_agent.tasks.binding import bind_task
from edge_agent.vetting.cost import cost_ms, judge_cost
from edge_agent.vetting.golden import agreement, judge, no_answer
from edge_agent.vetting.protocol import Outcome, Report, Request, refused
from edge_agent.vetting.rewriting import write_outputs
from shared_schema.digests import model_digest_of_folder
from shared_schema.errors import UndigestibleModelError
from shared_schema.messages import Reason
from shared_schema.model_manifest import Vetting

Tell = Callable[[Report], None]


def vet(request: Request, tell: Tell) -> Outcome:
    """Run every step on ``request.folder``. Return the outcome; for a bad model it never raises."""
    steps = _Steps(tell)
    try:
        cost = _vet(request, steps)
    except RefusedModelError as error:
        return refused(error.reason, str(error), steps.times, steps.digest)
    except MemoryError:
        return refused(Reason.MEMORY, f"{steps.now}: memory ran out", steps.times, steps.digest)
    except Exception as error:  # noqa: BLE001  onnxruntime and protobuf may raise anything on a bad file
        return refused(_reason(steps.now, error), f"{steps.now}: {short(error)}", steps.times, steps.digest)
    return Outcome(accepted=True, digest=steps.digest, steps_ms=steps.times, cost_ms=round(cost, 3))


def _vet(request: Request, steps: "_Steps") -> float:
    folder = Path(request.folder)
    with steps.step("digest"):
        steps.digest = _digest(folder, request.digest)
    with steps.step("manifest"):
        manifest = read_manifest(folder)
        path = file_inside(folder, manifest.file)
        steps.limit(manifest.vetting.timeout)
        _limit_resources(manifest.vetting, manifest.runtime.intra_op_threads)
    with steps.step("graph"):
        # Without optimisation: a fault here is the file's own, and the refusal holds for ever.
        task = bind_task(manifest, graph_of(open_session(path, manifest.runtime, optimise=False)))
    with steps.step("load"):
        model = LoadedModel(folder, manifest, open_session(path, manifest.runtime), task)
    with steps.step("warm-up"):
        try:
            model.warm_up()
        except InferenceError as error:
            raise no_answer(error, f"the first golden sample has no answer: {error}") from None
    with steps.step("golden"):
        if request.update_golden:
            write_outputs(model)
        judge(agreement(model), manifest.golden)
    with steps.step("cost"):
        cost = cost_ms(model)
        judge_cost(model, cost, Path(request.serving) if request.serving else None)
    return cost


class _Steps:
    """Times the steps, and tells the parent which one runs, in case the child dies in it."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self.times: dict[str, float] = {}
        self.now = "start"
        self.digest: str | None = None

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        self.now = name
        self._tell(Report(kind="began", step=name))
        began = time.perf_counter()
        try:
            yield
        finally:
            self.times[name] = round((time.perf_counter() - began) * 1000, 2)
            self._tell(Report(kind="ended", step=name, ms=self.times[name]))

    def limit(self, seconds: float) -> None:
        self._tell(Report(kind="timeout", timeout=seconds))


def _limit_resources(vetting: Vetting, threads: int) -> None:
    """Limit address space and CPU time to the manifest's, on top of what the runtime has used so far."""
    _lower(resource.RLIMIT_AS, _address_space() + vetting.memory * 1024 * 1024)
    _lower(resource.RLIMIT_CPU, math.ceil(time.process_time() + vetting.timeout * max(1, threads)))


def _lower(kind: int, wanted: int) -> None:
    hard = resource.getrlimit(kind)[1]
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(kind, (most, most))


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    return pages * resource.getpagesize()


def _digest(folder: Path, expected: str | None) -> str:
    try:
        found = model_digest_of_folder(folder)
    except UndigestibleModelError as error:
        raise RefusedModelError(Reason.DIGEST, str(error)) from None
    except OSError as error:
        # This is no fault of the model's content: the device cannot read it.
        raise RefusedModelError(
            Reason.ARTIFACT,
            f"{error.filename} cannot be read ({error.strerror})",
            "give the artifact `Permission: {Read: ALL}`, so that the agent may vet it",
        ) from None
    if expected is not None and found != expected:
        raise RefusedModelError(
            Reason.DIGEST,
            f"the files have the digest {found[:16]}…, and the desired state names {expected[:16]}…: "
            "they are not what was released",
            "build and deploy again",
        )
    return found


def _reason(step: str, error: Exception) -> Reason:
    if for_want_of_memory(error):
        return Reason.MEMORY
    return {
        "digest": Reason.DIGEST,
        "manifest": Reason.MANIFEST,
        "graph": Reason.GRAPH,
        "golden": Reason.GOLDEN,
        "warm-up": Reason.GOLDEN,
    }.get(step, Reason.LOAD)
