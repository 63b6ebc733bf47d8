"""Makes a sealed desired state of the config file, and copies each model's folder to where a nucleus would unpack it.

It copies them, so that the model that serves does not change when somebody edits its folder.
"""

import shutil
import time
from pathlib import Path
from typing import Any, Final

from edge_agent.standalone.config import StandaloneConfig
from shared_schema.desired_state import DesiredModel, DesiredState
from shared_schema.digests import model_digest_of_folder
from shared_schema.errors import UndigestibleModelError

ARTIFACTS: Final = Path("packages") / "artifacts-unarchived"


class ProposalError(ValueError):
    """A model's folder cannot be copied. The message says why."""


class Proposals:
    """``work`` takes the place of the nucleus's root folder too."""

    def __init__(self, work: Path) -> None:
        self._artifacts = work / ARTIFACTS
        self._release = 0

    def document(self, config: StandaloneConfig, beside: Path) -> dict[str, Any]:
        """Return the sealed desired state, with a later release than the last. ``beside`` is the config file's folder.

        Raises ``ProposalError``.
        """
        models = {name: self._taken_over(name, beside / each.folder) for name, each in config.models.items()}
        self._release = max(self._release + 1, int(time.time()))
        return DesiredState(release=str(self._release), models=models, settings=config.settings.as_text()).sealed()

    def _taken_over(self, name: str, folder: Path) -> DesiredModel:
        try:
            digest = model_digest_of_folder(folder)
            # A version may have no underscore, and base64url may have one.
            version = f"0.0.0-d{digest[:16].replace('_', '-')}"
            component = f"local.{name}"
            place = self._artifacts / component / version / "model"
            if not place.is_dir() or model_digest_of_folder(place) != digest:
                self._copy(folder, place)
        except UndigestibleModelError as error:
            raise ProposalError(f"{name}: {error}") from None
        except OSError as error:
            where = error.filename or folder
            raise ProposalError(f"{name}: {where} cannot be taken over ({error.strerror}); correct it") from None
        for other in place.parent.parent.iterdir():
            if other.name != version:
                shutil.rmtree(other, ignore_errors=True)
        return DesiredModel(component=component, version=version, digest=digest)

    def _copy(self, folder: Path, place: Path) -> None:
        half = self._artifacts.parent / "half"
        for old in (half, place):
            shutil.rmtree(old, ignore_errors=True)
        shutil.copytree(folder, half, symlinks=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        half.rename(place)
