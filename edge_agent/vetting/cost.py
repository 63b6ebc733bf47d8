"""Measures what an inference costs in CPU time, so that a busy device does not refuse a good model."""

import time
from collections.abc import Callable

from edge_agent.errors import RefusedModelError
from edge_agent.inference.loaded_model import LoadedModel
from edge_agent.inference.model_folder import file_inside
from shared_schema.messages import Reason
from shared_schema.model_manifest import ModelManifest

_RUNS = 5
_ENOUGH = 0.05
_SECONDS = 1.0
_LEAST = 1e-3
"""Milliseconds. The least cost: a ratio needs a divisor that is not 0."""


def cost_ms(model: LoadedModel) -> float:
    """Return the CPU milliseconds of one run on the first golden sample: the mean of the runs of a few dozen ms."""
    sample = file_inside(model.folder, model.manifest.golden.samples[0].input, Reason.GOLDEN)
    feed = model.task.prepare(model.task.read(sample))
    return _mean_ms(lambda: model.run(feed))


def judge_cost(manifest: ModelManifest, cost: float) -> None:
    """Raise ``RefusedModelError`` if the cost is beyond the milliseconds of the manifest's budget."""
    budget = manifest.budget.cpu_ms
    if budget is not None and cost > budget:
        raise RefusedModelError(
            Reason.BUDGET,
            f"an inference takes {cost:.2f} ms of CPU, and the budget is {budget:g}",
            "make the model smaller, or raise budget.cpu-ms",
        )


def _mean_ms(run: Callable[[], object]) -> float:
    """Return the mean over enough runs for the clock: some kernels count CPU time in steps of ten milliseconds."""
    run()
    runs, began, ends = 0, time.process_time(), time.monotonic() + _SECONDS
    while time.monotonic() < ends:
        run()
        runs += 1
        if runs >= _RUNS and time.process_time() - began >= _ENOUGH:
            break
    return max((time.process_time() - began) * 1000 / runs, _LEAST)
