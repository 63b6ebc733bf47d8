"""The file of `edge-agent run --config FILE`, and the sealed desired state that it becomes.

The models' folders are copied to where a nucleus would unpack them, so that the model that serves does not change when
somebody edits its folder.
"""

import shutil
import time
from pathlib import Path
from typing import Annotated, Final

from pydantic import Field, StringConstraints

from edge_agent.errors import ProposalError
from shared_schema.desired_state import DesiredModel, DesiredState
from shared_schema.digests import model_digest_of_folder
from shared_schema.documents import read_document
from shared_schema.errors import UndigestibleModelError
from shared_schema.json_value import JsonObject
from shared_schema.names import ModelName, ThingName
from shared_schema.settings import AgentSettings
from shared_schema.strict_model import WrittenByPeople

ARTIFACTS: Final = Path("packages") / "artifacts-unarchived"


class StandaloneModel(WrittenByPeople):
    """``folder`` holds model.yaml and the ONNX file. A relative path starts at the config file's folder."""

    folder: Annotated[str, Field(min_length=1)]


class StandaloneConfig(WrittenByPeople):
    """The whole file. ``settings`` are those of the component's ``agent.settings``."""

    application: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_-]{1,64}$")] = "standalone"
    thing: ThingName = "standalone"
    models: dict[ModelName, StandaloneModel] = Field(default_factory=dict)
    settings: AgentSettings = Field(default_factory=AgentSettings)


def read_config(path: Path) -> StandaloneConfig:
    """Read and check the file. Raises ``DocumentError`` with every fault, its line and a remedy."""
    return read_document(path, StandaloneConfig).value


class Proposals:
    """Makes desired states of a config file. ``work`` takes the place of the nucleus's root folder too."""

    def __init__(self, work: Path) -> None:
        self._artifacts = work / ARTIFACTS
        self._release = 0

    def document(self, config: StandaloneConfig, beside: Path) -> JsonObject:
        """Return the sealed desired state, with a later release than the last. ``beside`` is the config file's folder.

        Raises ``ProposalError``.
        """
        models = {name: self._copied(name, beside / each.folder) for name, each in config.models.items()}
        self._release = max(self._release + 1, int(time.time()))
        return DesiredState(release=str(self._release), models=models, settings=config.settings.as_text()).sealed()

    def _copied(self, name: str, folder: Path) -> DesiredModel:
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
            raise ProposalError(f"{name}: {where} cannot be copied ({error.strerror})", "correct it") from None
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
