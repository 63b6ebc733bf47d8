"""Measures what an inference costs in CPU time, so that a busy device does not refuse a good model."""

import time
from collections.abc import Callable
from pathlib import Path

from edge_agent.errors import RefusedModelError
from edge_agent.inference.error_words import short
from edge_agent.inference.loaded_model import LoadedModel, open_model
from edge_agent.inference.model_folder import file_inside
from shared_schema.messages import Reason

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


def judge_cost(model: LoadedModel, cost: float, serving: Path | None) -> None:
    """Raise ``RefusedModelError`` if the cost is beyond the manifest's budget.

    ``serving`` is the folder of the model that serves. Without one, the budget's ratio is ignored.
    """
    budget = model.manifest.budget
    if budget.cpu_ms is not None and cost > budget.cpu_ms:
        raise RefusedModelError(
            Reason.BUDGET,
            f"an inference takes {cost:.2f} ms of CPU, and the budget is {budget.cpu_ms:g}",
            "make the model smaller, or raise budget.cpu-ms",
        )
    if budget.ratio is not None and serving is not None:
        try:
            now = cost_ms(open_model(serving))
        except Exception as error:
            raise RefusedModelError(
                Reason.BUDGET, f"the model that serves now could not be measured: {short(error)}", "deploy again"
            ) from error
        if cost > budget.ratio * now:
            raise RefusedModelError(
                Reason.BUDGET,
                f"an inference takes {cost:.2f} ms of CPU, {cost / now:.1f} times what serves now, and the budget is "
                f"{budget.ratio:g} times",
                "make the model smaller, or raise budget.ratio",
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
