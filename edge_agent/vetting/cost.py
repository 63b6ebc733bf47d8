"""What an inference costs: CPU time in this very process, so that a busy device does not refuse a good model."""

import statistics
import time
from collections.abc import Callable
from pathlib import Path

from edge_agent.errors import RefusedModelError
from edge_agent.inference.loaded_model import LoadedModel, open_model, short
from edge_agent.inference.model_folder import file_inside
from shared_schema.messages import Reason

_RUNS = 15
_SECONDS = 1.0


def cost_ms(model: LoadedModel) -> float:
    """CPU milliseconds of one run of the graph on the first golden sample, the median of up to fifteen."""
    sample = file_inside(model.folder, model.manifest.golden.samples[0].input, Reason.GOLDEN)
    feed = model.task.prepare(model.task.read(sample))
    return _median_ms(lambda: model.run(feed))


def judge_cost(model: LoadedModel, cost: float, serving: Path | None) -> None:
    """Raises ``RefusedModelError`` beyond the manifest's budget. A ratio needs a model that serves, and is passed
    over where there is none."""
    budget = model.manifest.budget
    if budget.cpu_ms is not None and cost > budget.cpu_ms:
        raise RefusedModelError(
            Reason.BUDGET,
            f"an inference takes {cost:.2f} ms of CPU, and the budget is {budget.cpu_ms:g}; "
            "make the model smaller, or raise budget.cpu-ms",
        )
    if budget.ratio is not None and serving is not None:
        try:
            now = cost_ms(open_model(serving))
        except Exception as error:
            raise RefusedModelError(
                Reason.BUDGET, f"the model that serves now could not be measured: {short(error)}; deploy again"
            ) from error
        if cost > budget.ratio * now:
            raise RefusedModelError(
                Reason.BUDGET,
                f"an inference takes {cost:.2f} ms of CPU, {cost / now:.1f} times what serves now, and the budget is "
                f"{budget.ratio:g} times; make the model smaller, or raise budget.ratio",
            )


def _median_ms(run: Callable[[], object]) -> float:
    times: list[float] = []
    ends = time.monotonic() + _SECONDS
    while len(times) < _RUNS and (not times or time.monotonic() < ends):
        before = time.process_time()
        run()
        times.append((time.process_time() - before) * 1000)
    return statistics.median(times)
