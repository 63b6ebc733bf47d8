"""What benchmarks share: waiting, runs in turn, medians, ratios to a baseline, and a child's peak of memory."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from typing import TypeVar

REPOSITORY = Path(__file__).parent.parent
RUNS = 5
Seen = TypeVar("Seen")


def eventually(look: Callable[[], Seen | None], seconds: float = 60.0, pause: float = 0.02) -> Seen:
    """Return the first truthy answer. Raises ``TimeoutError``."""
    ends = time.monotonic() + seconds
    while not (found := look()):
        if time.monotonic() > ends:
            raise TimeoutError(f"not within {seconds:g} s")
        time.sleep(pause)
    return found


def in_turn(runs: Mapping[str, Callable[[], float]], times: int = RUNS) -> dict[str, float]:
    """Each run's median; they are run in turn, so that whatever else the machine does falls on all of them alike."""
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for _ in range(times):
        for name, run in runs.items():
            seconds[name].append(run())
    return {name: median(several) for name, several in seconds.items()}


def show(title: str, medians: Mapping[str, float], baseline: str) -> None:
    """Print a table of medians in seconds, each with its ratio to the baseline's."""
    print(f"{title}; median of {RUNS}, in turn")
    for name, seconds in medians.items():
        print(f"  {seconds:8.3f} s  {seconds / medians[baseline]:5.2f} x  {name}")


def in_child(module: str, *words: str, environment: Mapping[str, str] | None = None) -> tuple[float, int]:
    """Run ``python -m module words`` and return what ``told_by_child`` printed there: seconds, and peak bytes."""
    ran = subprocess.run(
        [sys.executable, "-m", module, *words],
        cwd=REPOSITORY,
        env={**os.environ, **(environment or {})},
        check=True,
        stdout=subprocess.PIPE,
        timeout=300,
    )
    told = json.loads(ran.stdout)
    return float(told["seconds"]), int(told["peak"])


def told_by_child(seconds: float) -> None:
    """Print a child's figures for ``in_child``; the peak is that of the whole process, in bytes."""
    import resource  # noqa: PLC0415 - not where there is no such thing

    print(json.dumps({"seconds": seconds, "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
