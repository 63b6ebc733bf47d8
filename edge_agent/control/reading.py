"""Reads the desired state on both channels until one is whole, and keeps its settings. Used by the control thread."""

import logging
from collections.abc import Callable
from typing import Final

from pydantic import ValidationError

from edge_agent.backoff import Backoff
from edge_agent.control.decisions import Applied, choose
from edge_agent.control.last_confirmed import LastConfirmed
from edge_agent.control.reconciler import Reconciler
from edge_agent.control.subscriptions import Subscriptions
from edge_agent.errors import InvalidSettingsError
from shared_schema.desired_state import FORM, NotWhole, UnknownForm
from shared_schema.diagnostics import first_few
from shared_schema.json_value import JsonObject
from shared_schema.settings import AgentSettings

logger = logging.getLogger(__name__)
_TORN_FOR: Final = 30.0
"""Seconds. A document that is not whole for longer no longer delays the report of RUNNING."""


class Reading:
    """``apply_settings`` is called with the settings of each document that is newly applied."""

    def __init__(
        self,
        subscriptions: Subscriptions,
        reconciler: Reconciler,
        last_confirmed: LastConfirmed,
        apply_settings: Callable[[AgentSettings], None],
    ) -> None:
        self._subscriptions = subscriptions
        self._reconciler = reconciler
        self._last_confirmed = last_confirmed
        self._apply_settings = apply_settings
        self._backoff = Backoff(0.05, 10.0)
        self._torn_since: float | None = None
        self._read_once = False
        self.settings = AgentSettings()
        """The settings in force: those of the last document with valid settings, the defaults before."""
        self.settings_wrong: str | None = None
        self.unknown: UnknownForm | None = None
        """The document that counts, if it has a form that this agent does not read."""

    @property
    def waiting(self) -> bool:
        """Whether a document is being written, or none was read so far."""
        return not self._read_once or self._torn_since is not None

    def torn_too_long(self, now: float) -> bool:
        """Return whether a document has not been whole for so long that nobody seems to be writing it."""
        return self._torn_since is not None and now - self._torn_since > _TORN_FOR

    def hinted(self) -> None:
        """Make the next pauses short again: something changed."""
        self._backoff.reset()

    def pause(self) -> float:
        """Return the seconds until the next try, longer each time."""
        return self._backoff.pause()

    def read(self, now: float) -> float | None:
        """Read both channels and apply the document that counts. Return the seconds to the next try if none is whole.

        Raises ``NucleusError``.
        """
        own, subscribed = self._subscriptions.read()
        self._read_once = True
        chosen = choose(own, subscribed)
        if isinstance(chosen, NotWhole):
            if not own and not subscribed:
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
            self._apply(chosen, now)
        return None

    def _go_on(self, unknown: UnknownForm, now: float) -> None:
        """Keep what is applied. If nothing is yet, as after a start, apply what was confirmed last."""
        if unknown != self.unknown:
            logger.warning("desired state not understood", extra={"form": unknown.form, "reads": FORM})
        self.unknown = unknown
        if self._reconciler.applied is None and (last_confirmed := self._last_confirmed.recall()) is not None:
            self._apply(Applied(last_confirmed, None), now)

    def _apply(self, chosen: Applied, now: float) -> None:
        settings = self._settings_of(chosen.state.settings)
        if self._reconciler.apply(chosen, now, settings.artifact.deadline):
            self.settings = settings
            self._apply_settings(settings)

    def _settings_of(self, document: JsonObject) -> AgentSettings:
        try:
            settings = read_settings(document)
        except InvalidSettingsError as error:
            self.settings_wrong = str(error)
            return self.settings
        self.settings_wrong = None
        return settings


def read_settings(document: JsonObject) -> AgentSettings:
    """Return a desired state's settings with the defaults filled in. Raises ``InvalidSettingsError``.

    Their leaves are texts. The same model reads them as reads the typed ones of the config.
    """
    try:
        return AgentSettings.model_validate(document)
    except ValidationError as error:
        faults = (
            f"settings.{'.'.join(map(str, fault['loc']))} of the desired state: {fault['msg']}"
            for fault in error.errors(include_url=False)
        )
        raise InvalidSettingsError(", ".join(first_few(faults, 1)), "correct the agent's settings and deploy") from None
