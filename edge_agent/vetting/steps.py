"""The steps of a vetting after the copying, in order: each is timed, and may refuse the model. Runs in the worker."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from edge_agent.errors import InferenceError, RefusedModelError
from edge_agent.inference.loaded_model import LoadedModel, for_want_of_memory, short
from edge_agent.inference.model_folder import file_inside, read_manifest
from edge_agent.inference.session import graph_of, open_session
from edge_agent.tasks.binding import bind_task
from edge_agent.vetting.cost import cost_ms, judge_cost
from edge_agent.vetting.golden import agreement, judge, no_answer
from edge_agent.vetting.protocol import Outcome, Report, refused
from shared_schema.messages import Reason
from shared_schema.model_manifest import ModelManifest

Tell = Callable[[Report], None]


@dataclass(frozen=True, slots=True)
class Around:
    """What the steps need of the process that they run in.

    ``limit`` limits it once the manifest is known; ``ran`` is called after the first run of the graph.
    """

    tell: Tell
    limit: Callable[[ModelManifest], None]
    ran: Callable[[], None]


def vet(folder: Path, around: Around) -> Report:
    """Run every step on a folder. Return the report with the outcome; for a bad model it never raises."""
    steps = _Steps(around.tell)
    ratio = None
    try:
        cost, ratio = _vet(folder, steps, around)
        outcome = Outcome(accepted=True, steps_ms=steps.times, cost_ms=round(cost, 3))
    except RefusedModelError as error:
        outcome = refused(error.reason, str(error), steps.times)
    except MemoryError:
        outcome = refused(Reason.MEMORY, f"{steps.now}: memory ran out", steps.times)
    except Exception as error:  # noqa: BLE001  onnxruntime and protobuf may raise anything on a bad file
        outcome = refused(_reason(steps.now, error), f"{steps.now}: {short(error)}", steps.times)
    return Report(kind="outcome", outcome=outcome, ratio=ratio)


def _vet(folder: Path, steps: "_Steps", around: Around) -> tuple[float, float | None]:
    with steps.step("manifest"):
        manifest = read_manifest(folder)
        path = file_inside(folder, manifest.file)
        around.tell(Report(kind="timeout", timeout=manifest.vetting.timeout))
        around.limit(manifest)
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
    around.ran()
    with steps.step("golden"):
        judge(agreement(model), manifest.golden)
    with steps.step("cost"):
        cost = cost_ms(model)
        judge_cost(manifest, cost)
    return cost, manifest.budget.ratio


class _Steps:
    """Times the steps, and tells control which one runs, in case the worker dies in it."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self.times: dict[str, float] = {}
        self.now = "start"

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


def _reason(step: str, error: Exception) -> Reason:
    if for_want_of_memory(error):
        return Reason.MEMORY
    return {
        "manifest": Reason.MANIFEST,
        "graph": Reason.GRAPH,
        "golden": Reason.GOLDEN,
        "warm-up": Reason.GOLDEN,
    }.get(step, Reason.LOAD)
