"""Reading the documents at both doors until one is whole, and the settings that are in force. The control thread's."""

import logging
from collections.abc import Callable, Mapping
from typing import Any, Final

from edge_agent.control.decisions import Obeyed, choose
from edge_agent.control.doors import Doors
from edge_agent.control.last_confirmed import LastConfirmed
from edge_agent.control.obedience import Obedience
from edge_agent.control.settings import InvalidSettingsError, read_settings
from edge_agent.control.timers import Backoff
from shared_schema.desired_state import FORM, NotWhole, UnknownForm
from shared_schema.settings import AgentSettings

logger = logging.getLogger(__name__)
_TORN_FOR: Final = 30.0
"""Seconds after which a document that stays torn no longer keeps the nucleus from hearing RUNNING."""


class Reading:
    """``apply`` is called with the settings of each document that is obeyed anew."""

    def __init__(
        self, doors: Doors, obedience: Obedience, kept: LastConfirmed, apply: Callable[[AgentSettings], None]
    ) -> None:
        self._doors = doors
        self._obedience = obedience
        self._kept = kept
        self._apply = apply
        self._backoff = Backoff(0.05, 10.0)
        self._torn_since: float | None = None
        self._read_once = False
        self.settings = AgentSettings()
        """In force: of the last document whose settings were right, the defaults before that."""
        self.settings_wrong: str | None = None
        self.unknown: UnknownForm | None = None
        """The document that counts, where it has a form that this agent does not read."""

    @property
    def waiting(self) -> bool:
        """Whether a document is being written, or nothing could be read so far."""
        return not self._read_once or self._torn_since is not None

    def torn_too_long(self, now: float) -> bool:
        """Whether nobody seems to be writing the torn document any more."""
        return self._torn_since is not None and now - self._torn_since > _TORN_FOR

    def hinted(self) -> None:
        """Something changed: the next pauses are short again."""
        self._backoff.reset()

    def pause(self) -> float:
        """Seconds until the next try, longer each time."""
        return self._backoff.pause()

    def read(self, now: float) -> float | None:
        """Read both, and have the one that counts obeyed; seconds until the next try where none is whole.

        Raises ``NucleusError``.
        """
        own, followed = self._doors.read()
        self._read_once = True
        chosen = choose(own, followed)
        if isinstance(chosen, NotWhole):
            if not own and not followed:
                self._torn_since = None
                return None
            self._torn_since = self._torn_since or now
            logger.info("desired state not whole", extra={"why": chosen.reason})
            return self.pause()
        self._torn_since = None
        self._backoff.reset()
        if isinstance(chosen, UnknownForm):
            self._go_on(chosen, now)
        else:
            self.unknown = None
            self._obey(chosen, now)
        return None

    def _go_on(self, unknown: UnknownForm, now: float) -> None:
        """What is obeyed goes on; after a start that is what was confirmed last."""
        if unknown != self.unknown:
            logger.warning("desired state not understood", extra={"form": unknown.form, "reads": FORM})
        self.unknown = unknown
        if self._obedience.obeyed is None and (kept := self._kept.recall()) is not None:
            self._obey(Obeyed(kept, None), now)

    def _obey(self, chosen: Obeyed, now: float) -> None:
        settings = self._settings_of(chosen.state.settings)
        if self._obedience.obey(chosen, now, settings.artifact.deadline):
            self.settings = settings
            self._apply(settings)

    def _settings_of(self, document: Mapping[str, Any]) -> AgentSettings:
        try:
            settings = read_settings(document)
        except InvalidSettingsError as error:
            self.settings_wrong = str(error)
            return self.settings
        self.settings_wrong = None
        return settings
