"""What the agent must still know after a restart: one small file in the work folder."""

import logging
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shared_schema.documents.writing import write_whole

logger = logging.getLogger(__name__)
_MOST_VERSIONS = 20


class Remembered(BaseModel):
    """The content of the file. ``bringing_up/standing.py`` reads ``confirmed_by`` and ``running`` too.

    ``held``: by model, the digest that an operator holds. ``confirmed_by``: the agent versions that confirmed a model
    here, or ran with no model to serve, the latest last. ``running``: the version that last told its nucleus that it
    runs. ``in_shadow``: the models that the shadow may still name.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    held: dict[str, str] = Field(default_factory=dict)
    confirmed_by: tuple[str, ...] = ()
    running: str | None = None
    in_shadow: tuple[str, ...] = ()


class Memory:
    """The file and its content. A file that cannot be read or written is logged; the agent goes on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.says = self._read()

    def hold(self, model: str, digest: str) -> None:
        self._write(self.says.model_copy(update={"held": {**self.says.held, model: digest}}))

    def unhold(self, model: str) -> None:
        held = {name: digest for name, digest in self.says.held.items() if name != model}
        self._write(self.says.model_copy(update={"held": held}))

    def has_confirmed(self, agent_version: str) -> bool:
        return agent_version in self.says.confirmed_by

    def confirmed(self, agent_version: str) -> None:
        versions = (*(each for each in self.says.confirmed_by if each != agent_version), agent_version)
        self._write(self.says.model_copy(update={"confirmed_by": versions[-_MOST_VERSIONS:]}))

    def runs(self, agent_version: str) -> None:
        self._write(self.says.model_copy(update={"running": agent_version}))

    def in_shadow(self, models: tuple[str, ...]) -> None:
        self._write(self.says.model_copy(update={"in_shadow": models}))

    def _write(self, says: Remembered) -> None:
        if says == self.says:
            return
        self.says = says
        try:
            write_whole(self._path, says.model_dump_json())
        except OSError as error:
            logger.warning("memory not written", extra={"path": str(self._path), "error": str(error)})

    def _read(self) -> Remembered:
        try:
            return Remembered.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return Remembered()
        except (OSError, ValidationError) as error:
            logger.warning("memory unreadable", extra={"path": str(self._path), "error": str(error)})
            return Remembered()
