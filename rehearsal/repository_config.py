"""The config of a deploy repository: checked as a whole, or read as far as a rehearsal changes it.

Of what is changed, the rest is written as it was read.
"""

from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rehearsal.errors import RehearsalError, WrongUse
from shared_schema.config import Config, find_config
from shared_schema.documents import read_document
from shared_schema.errors import DocumentError
from shared_schema.json_value import JsonObject, JsonValue
from shared_schema.settings import AgentSettings


class RepositoryConfig(BaseModel):
    """A config, read only as far as it is changed.

    ``components`` are its custom components by key, ``stages`` the accounts by name. The publisher checks the rest.
    """

    model_config = ConfigDict(extra="allow", populate_by_name=True)
    __pydantic_extra__: dict[str, JsonValue]

    application: str
    region: str | None = None
    components: dict[str, JsonObject] = Field(alias="custom-components")
    artifact_bucket: str | None = Field(default=None, alias="artifact-bucket")
    stages: dict[str, JsonObject] | None = None

    def write(self, path: Path) -> None:
        """Write it to a file, without the keys that are neither read nor set."""
        document = self.model_dump(mode="json", by_alias=True, exclude_unset=True)
        path.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")


def leave_wheels_out(source: Path) -> None:
    """Have a copy's agent built without the wheels that a device installs: a rehearsal's devices have them."""
    path = find_config(source)
    config = read_config(path)
    changed = False
    for component in config.components.values():
        build = component.get("build")
        if "agent" in component and isinstance(build, dict) and build.get("wheels") is not False:
            build["wheels"], changed = False, True
    if changed:
        config.write(path)


@dataclass(frozen=True, slots=True)
class AgentComponent:
    """The component of a config that is the agent: its key, its component name, and its settings."""

    key: str
    name: str
    settings: AgentSettings


def checked_config(repository: Path) -> Config:
    """Return a repository's whole config. Raises ``WrongUse`` with every fault."""
    try:
        return read_document(find_config(repository), Config).value
    except DocumentError as error:
        raise WrongUse(
            str(error), "name a deploy repository with --repository; `cloud-publisher validate` checks it"
        ) from error


def agent_of(config: Config, repository: Path) -> AgentComponent:
    """Return the component of a repository that is the agent. Raises ``WrongUse`` if there is none."""
    for key, component in config.custom_components.items():
        if component.agent is not None:
            return AgentComponent(key, component.component_name, component.agent.settings)
    raise WrongUse(
        f"{find_config(repository)}: no component is the agent, so no device would serve or confirm anything",
        "add one with the key `agent`, as `cloud-publisher init` writes it",
    )


def read_config(path: Path) -> RepositoryConfig:
    """Read a config. Raises ``RehearsalError`` for a file that cannot be read, or has no application or components."""
    try:
        return RepositoryConfig.model_validate(yaml.safe_load(path.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError) as error:
        raise RehearsalError(f"{path} cannot be read ({error})", "`cloud-publisher validate` says more") from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"]) or "the config"
        raise RehearsalError(f"{path}: {where}: {first['msg']}", "`cloud-publisher validate` says more") from error
