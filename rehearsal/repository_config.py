"""The config of a deploy repository, as far as a rehearsal changes it. The rest is written as it was read."""

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rehearsal.errors import RehearsalError
from shared_schema.config import find_config
from shared_schema.json_value import JsonObject, JsonValue


class RepositoryConfig(BaseModel):
    """A config, read only as far as it is changed.

    ``components`` are its custom components by key, ``stages`` the accounts by name. The publisher checks the rest.
    """

    model_config = ConfigDict(extra="allow", populate_by_name=True)
    __pydantic_extra__: dict[str, JsonValue]

    application: str
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
        if isinstance(build, dict) and build.get("build_system") == "python" and build.get("wheels") is not False:
            build["wheels"], changed = False, True
    if changed:
        config.write(path)


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
