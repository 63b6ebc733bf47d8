"""The verdicts of this device, kept over restarts: one small file for each in the work folder.

A verdict holds for one (model digest, agent version, onnxruntime version).
"""

import logging
import re
from pathlib import Path

from pydantic import ValidationError

from edge_agent.vetting.protocol import Outcome
from shared_schema.documents.writing import write_whole

logger = logging.getLogger(__name__)
_MOST = 200


class Verdicts:
    """A folder of verdicts. A file that cannot be read counts as no verdict: the model is vetted again."""

    def __init__(self, folder: Path, agent_version: str, runtime_version: str) -> None:
        self._folder = folder
        self._suffix = re.sub(r"[^A-Za-z0-9.+-]", "_", f"{agent_version}-{runtime_version}")

    def of(self, digest: str) -> Outcome | None:
        """Return the verdict on a model digest, whether it holds or not; ``None`` if there is none."""
        try:
            return Outcome.model_validate_json(self._path(digest).read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            logger.warning("verdict unreadable", extra={"digest": digest, "error": str(error)})
            return None

    def keep(self, digest: str, outcome: Outcome) -> Outcome:
        """Store an outcome. Return it with its number of tries. If that fails, the model is vetted again later."""
        earlier = self.of(digest)
        tries = earlier.tries + 1 if earlier is not None and not outcome.accepted else 1
        kept = outcome.model_copy(update={"tries": tries})
        try:
            write_whole(self._path(digest), kept.model_dump_json())
            self._forget_the_oldest()
        except OSError as error:
            logger.warning("verdict not kept", extra={"digest": digest, "error": str(error)})
        return kept

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}-{self._suffix}.json"

    def _forget_the_oldest(self) -> None:
        files = sorted(self._folder.glob("*.json"), key=lambda path: path.stat().st_mtime)
        for path in files[:-_MOST]:
            path.unlink(missing_ok=True)
