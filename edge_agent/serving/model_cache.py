"""Copies of the last two versions of each model that this device confirmed, in the work folder by digest.

They serve if the desired model fails at a start. Lite deletes old artifacts, so the agent keeps copies of its own.
"""

import logging
import shutil
from pathlib import Path
from typing import Final

from pydantic import BaseModel, ConfigDict, ValidationError

from shared_schema.digests import model_digest_of_folder
from shared_schema.documents.writing import write_whole
from shared_schema.errors import UndigestibleModelError

logger = logging.getLogger(__name__)
MOST: Final = 2


class CachedModel(BaseModel):
    """One confirmed version."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    model: str
    component: str
    version: str
    digest: str


class _Index(BaseModel):
    model_config = ConfigDict(extra="ignore")

    models: list[CachedModel] = []
    """Newest first."""


class ModelCache:
    """The cached models. Called by one thread at a time. A copy that fails is logged; the agent goes on.

    ``copies``: the folder of the agent's own copies, on the same disk.
    """

    def __init__(self, folder: Path, copies: Path | None = None) -> None:
        self._folder = folder
        self._copies = copies
        self._models = self._read()

    def of(self, model: str) -> list[CachedModel]:
        """Return the cached versions of a model whose files are there, the newest first."""
        return [cached for cached in self._models if cached.model == model and self.folder(cached.digest).is_dir()]

    def folder(self, digest: str) -> Path:
        """Return the folder for the files of a digest, whether it is there or not."""
        return self._folder / digest

    def keep(self, confirmed: CachedModel, files: Path) -> None:
        """Put a confirmed version first, take its files if they are not there yet, and remove the third.

        ``files``: the agent's own copy, which becomes the kept one; or an artifact, which is copied.
        """
        try:
            self._take(files, confirmed.digest)
            others = [
                cached
                for cached in self._models
                if (cached.model, cached.digest) != (confirmed.model, confirmed.digest)
            ]
            mine = [cached for cached in others if cached.model == confirmed.model][: MOST - 1]
            self._models = [confirmed, *mine, *(cached for cached in others if cached.model != confirmed.model)]
            write_whole(self._folder / "index.json", _Index(models=self._models).model_dump_json())
            self._sweep()
        except (OSError, UndigestibleModelError) as error:
            logger.warning("model not cached", extra={"digest": confirmed.digest, "error": str(error)})

    def _take(self, files: Path, digest: str) -> None:
        place = self.folder(digest)
        if place.is_dir():
            return
        if self._copies is not None and files.parent == self._copies:
            self._folder.mkdir(parents=True, exist_ok=True)
            files.rename(place)
            return
        beside = self._folder / f".{digest}.new"
        shutil.rmtree(beside, ignore_errors=True)
        beside.parent.mkdir(parents=True, exist_ok=True)
        try:
            # Copy the contents only: the artifact's modes may forbid the removal later.
            shutil.copytree(files, beside, copy_function=shutil.copyfile)
            beside.chmod(0o755)
            if model_digest_of_folder(beside) != digest:
                logger.warning("copy differs from its digest", extra={"digest": digest})
                return
            beside.rename(place)
        finally:
            shutil.rmtree(beside, ignore_errors=True)

    def _sweep(self) -> None:
        wanted = {cached.digest for cached in self._models}
        for each in self._folder.iterdir():
            if each.is_dir() and each.name not in wanted:
                shutil.rmtree(each, ignore_errors=True)

    def _read(self) -> list[CachedModel]:
        try:
            return _Index.model_validate_json((self._folder / "index.json").read_bytes()).models
        except FileNotFoundError:
            return []
        except (OSError, ValidationError) as error:
            logger.warning("cached models unreadable", extra={"error": str(error)})
            return []
