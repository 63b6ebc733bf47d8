"""The file of `edge-agent run --config FILE`: which models serve, from which folders, with which settings."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, StringConstraints

from shared_schema.documents import read_document
from shared_schema.names import ModelName, ThingName
from shared_schema.settings import AgentSettings
from shared_schema.strict_model import WrittenByPeople


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
