"""Component versions of one account, and the public ones of AWS that every account sees."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from greengrass_emulator.cloud.control_plane.recipe_reading import CloudRecipe
from greengrass_emulator.cloud.control_plane.versions import newest_first

PUBLIC_OWNER = "aws"


@dataclass(frozen=True, slots=True)
class ComponentVersion:
    """One version: its recipe never changes, its state does."""

    arn: str
    recipe: CloudRecipe
    created: datetime
    state: str = "REQUESTED"
    message: str | None = None
    errors: Mapping[str, str] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)

    def status(self) -> dict[str, object]:
        """As ``CloudComponentStatus`` has it."""
        return {"componentState": self.state, "message": self.message, "errors": dict(self.errors)}


@dataclass(frozen=True, slots=True)
class ComponentReference:
    """What a component ARN names; the version is None in the ARN of a component."""

    owner: str
    name: str
    version: str | None


def component_arn(region: str, owner: str, name: str) -> str:
    """The ARN of a component; the owner is an account id, or ``aws``."""
    return f"arn:aws:greengrass:{region}:{owner}:components:{name}"


def read_component_arn(arn: str) -> ComponentReference:
    """Split a component's or a version's ARN. The request's reader has checked its pattern."""
    parts = arn.split(":")
    return ComponentReference(parts[4], parts[6], parts[8] if len(parts) > 8 else None)


class ComponentStore:
    """Component versions by name and version. Not thread-safe: the caller holds the account's lock."""

    def __init__(self, versions: Iterable[ComponentVersion] = ()) -> None:
        self._versions = {(v.recipe.name, v.recipe.version): v for v in versions}

    def find(self, name: str, version: str) -> ComponentVersion | None:
        """The version, if it is there."""
        return self._versions.get((name, version))

    def put(self, version: ComponentVersion) -> None:
        """Add a version, or replace its former state."""
        self._versions[version.recipe.name, version.recipe.version] = version

    def remove(self, name: str, version: str) -> None:
        """Remove a version."""
        del self._versions[name, version]

    def names(self) -> list[str]:
        """Every component's name, in order."""
        return sorted({name for name, _ in self._versions})

    def versions_of(self, name: str) -> list[ComponentVersion]:
        """A component's versions, the highest first."""
        mine = {version: found for (known, version), found in self._versions.items() if known == name}
        return [mine[version] for version in newest_first(mine)]

    def all(self) -> list[ComponentVersion]:
        """Every version, by name."""
        return [version for name in self.names() for version in self.versions_of(name)]
