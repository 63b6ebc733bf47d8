"""Commands from the cloud: ``report``, ``rollback``, ``release-hold``; each is answered on its reply topic."""

import json
import logging
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge_agent.control.reconciler import Reconciler
from edge_agent.errors import CommandError
from edge_agent.nucleus.events import CommandCame
from edge_agent.reporting.reporter import Reporter
from shared_schema.names import ModelName
from shared_schema.topics import COMMANDS, Command

logger = logging.getLogger(__name__)
_LARGEST = 10_000
_FORM = 'send {} or {"model": …, "request": …}'


class CommandPayload(BaseModel):
    """Every key is optional: ``model`` if there is only one, ``request`` if nobody matches replies by it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    model: ModelName | None = None
    request: str | None = Field(default=None, max_length=128)


class Commands:
    """Used by the control thread only. ``report`` sends health and shadow."""

    def __init__(self, reconciler: Reconciler, reporter: Reporter, report: Callable[[], None]) -> None:
        self._reconciler = reconciler
        self._reporter = reporter
        self._report = report

    def came(self, event: CommandCame, now: float) -> None:
        """Carry out a command, and reply to it."""
        command = self._which(event.topic)
        if command is None:
            return
        request = None
        try:
            payload = _payload(event.payload)
            request = payload.request
            words = self._do(command, payload, now)
        except CommandError as error:
            ok, words = False, str(error)
        else:
            ok = True
        logger.info("command", extra={"command": command, "ok": ok, "words": words})
        self._reporter.reply(command, request, ok=ok, words=words)

    def _do(self, command: Command, payload: CommandPayload, now: float) -> str:
        match command:
            case "report":
                self._report()
                return "health and shadow are sent"
            case "rollback":
                return self._reconciler.rollback(self._model(payload))
            case "release-hold":
                return self._reconciler.release_hold(self._model(payload), now)

    def _model(self, payload: CommandPayload) -> str:
        if payload.model is not None:
            return payload.model
        models = self._reconciler.desired
        if len(models) != 1:
            raise CommandError(f"the desired state names {len(models)} models", "give one of them as `model`")
        return models[0]

    def _which(self, topic: str) -> Command | None:
        topics = self._reporter.topics
        if topics is None:
            return None
        return next((command for command in COMMANDS if topics.command(command) == topic), None)


def _payload(text: bytes) -> CommandPayload:
    if len(text) > _LARGEST:
        raise CommandError(f"the payload has {len(text)} bytes", f"{_LARGEST} are enough for a command")
    try:
        return CommandPayload.model_validate(json.loads(text) if text.strip() else {})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"]) or "the payload"
        raise CommandError(f"{place}: {first['msg']}", _FORM) from None
    except (ValueError, RecursionError):
        raise CommandError("the payload is no JSON", _FORM) from None
