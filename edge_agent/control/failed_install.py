"""Reads the note that `bringing_up` leaves when a newer version of the agent could not be brought up.

While the note is there, this version runs in place of the newer one.
"""

import logging
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from shared_schema.messages import not_brought_up

logger = logging.getLogger(__name__)
_PAUSE: Final = 5.0
"""Seconds between two looks."""
_LARGEST: Final = 65_536


class _Note(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    version: str
    words: str = ""


class FailedInstall:
    """``steady`` is a clock in seconds."""

    def __init__(self, work: Path, steady: Callable[[], float] = time.monotonic) -> None:
        self._note = work / "state" / "install.json"
        self._steady = steady
        self._not_before = steady()
        self._found: str | None = None

    def words(self) -> str | None:
        """Return in words which version was not brought up and why, if one was not. Looks every few seconds only."""
        now = self._steady()
        if now >= self._not_before:
            self._not_before = now + _PAUSE
            self._found = self._read()
        return self._found

    def _read(self) -> str | None:
        try:
            with self._note.open("rb") as stream:
                note = _Note.model_validate_json(stream.read(_LARGEST))
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            # A note that cannot be read still says that an installation failed.
            if self._found is None:
                logger.warning("not understood", extra={"file": str(self._note), "error": str(error)})
            return "a newer version of the agent could not be brought up; see the component's log"
        return not_brought_up(note.version, note.words.strip() or "see its log")
