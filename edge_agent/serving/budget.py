"""The memory budget: previous versions stay open only while the process is within it."""

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from edge_agent.serving.served_models import ServedModels

logger = logging.getLogger(__name__)
_PAUSE: Final = 1.0
"""Seconds to wait until a closed model's memory is free, before the next is closed."""
_PAGE: Final = os.sysconf("SC_PAGE_SIZE")
MIB: Final = 1 << 20


def resident() -> int:
    """Return the process's resident memory in bytes; 0 if the system does not tell."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


class MemoryBudget:
    """Closes one previous version at a time, the oldest first. The way back is then by the model cache."""

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
        """Close the oldest previous version if the process uses more than ``budget`` MiB. Return its model's name."""
        now = self._clock()
        if now < self._not_before:
            return None
        if self._used() <= budget * MIB:
            return None
        model = self._served_models.let_go_of_the_oldest()
        if model is not None:
            self._not_before = now + _PAUSE
            logger.warning("previous version closed: memory.budget", extra={"model": model, "budget_mib": budget})
        return model
