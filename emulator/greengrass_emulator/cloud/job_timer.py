"""The thread that advances every account's jobs a few times a second: rollouts go on, late executions time out."""

import logging
import threading
from collections.abc import Iterable

from greengrass_emulator.cloud.control_plane.deployment_operations import advance_jobs
from greengrass_emulator.cloud.control_plane.plane import AccountPlane

_log = logging.getLogger(__name__)
_SECONDS = 0.5


class JobTimer:
    """Owns its thread."""

    def __init__(self, planes: Iterable[AccountPlane]) -> None:
        self._planes = tuple(planes)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="job-timer", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._ended.set()
        self._thread.join(timeout=10)

    def advance(self) -> None:
        """Do what is due now."""
        for plane in self._planes:
            with plane.lock:
                advance_jobs(plane)

    def _run(self) -> None:
        while not self._ended.wait(_SECONDS):
            try:
                self.advance()
            except Exception:  # noqa: BLE001 - one bad job must not stop the clock
                _log.exception("jobs not advanced")
