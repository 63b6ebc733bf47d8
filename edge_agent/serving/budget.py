"""Memory: `previous` versions stay open only while the process is within its budget."""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge_agent.serving.served_models import ServedModels

logger = logging.getLogger(__name__)
_PAUSE: Final = 1.0
"""Seconds for a closed model's memory to go back before the next is looked at."""
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
MIB: Final = 1 << 20


def resident() -> int:
    """The process's resident memory in bytes; 0 where the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


class MemoryBudget:
    """Lets one `previous` go at a time, the longest replaced first. The way back is then by the cached copy."""

    def __init__(
        self,
        served_models: ServedModels,
        used: Callable[[], int] = resident,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._served_models = served_models
        self._used = used
        self._clock = clock
        self._not_before = 0.0

    def keep(self, budget: int) -> str | None:
        """Hold the process to ``budget`` MiB; the model whose previous version was let go, if one was. Cheap."""
        now = self._clock()
        if now < self._not_before:
            return None
        self._not_before = now + _PAUSE
        if self._used() <= budget * MIB:
            return None
        model = self._served_models.let_go_of_the_oldest()
        if model is not None:
            logger.warning("previous let go: memory.budget", extra={"model": model, "budget_mib": budget})
        return model
