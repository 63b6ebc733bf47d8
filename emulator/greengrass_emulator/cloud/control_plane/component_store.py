"""Component versions of one account, and the public ones of AWS that every account sees.

AWS's own components are there for deployments and recipes that name them: names and versions, without artifacts.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from greengrass_emulator.cloud.control_plane.recipe_reading import CloudRecipe, read_recipe
from greengrass_emulator.cloud.control_plane.versions import newest_first

PUBLIC_OWNER = "aws"
_PUBLISHED = datetime(2025, 1, 15, tzinfo=UTC)
_PUBLIC_VERSIONS = {
    "aws.greengrass.Nucleus": ("2.12.6", "2.13.0", "2.14.0", "2.14.3", "2.15.0", "2.18.0"),
    "aws.greengrass.Cli": ("2.12.6", "2.13.0", "2.14.0", "2.14.3", "2.15.0", "2.18.0"),
}
_PUBLIC_TYPES = {"aws.greengrass.Nucleus": "aws.greengrass.nucleus", "aws.greengrass.Cli": "aws.greengrass.plugin"}


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
    """Return the ARN of a component; the owner is an account id, or ``aws``."""
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
        """Return the version, if it is there."""
        return self._versions.get((name, version))

    def put(self, version: ComponentVersion) -> None:
        """Add a version, or replace its former state."""
        self._versions[version.recipe.name, version.recipe.version] = version

    def remove(self, name: str, version: str) -> None:
        """Remove a version."""
        del self._versions[name, version]

    def names(self) -> list[str]:
        """Return every component's name, in order."""
        return sorted({name for name, _ in self._versions})

    def versions_of(self, name: str) -> list[ComponentVersion]:
        """Return a component's versions, the highest first."""
        mine = {version: found for (known, version), found in self._versions.items() if known == name}
        return [mine[version] for version in newest_first(mine)]

    def all(self) -> list[ComponentVersion]:
        """Return every version, by name."""
        return [version for name in self.names() for version in self.versions_of(name)]


def public_components(region: str) -> ComponentStore:
    """Return AWS's public components in a region."""
    return ComponentStore(
        _public_version(region, name, version) for name, known in _PUBLIC_VERSIONS.items() for version in known
    )


def _public_version(region: str, name: str, version: str) -> ComponentVersion:
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": name,
        "ComponentVersion": version,
        "ComponentType": _PUBLIC_TYPES[name],
        "ComponentPublisher": "AWS",
        "ComponentDescription": f"{name}, provided by the nucleus of the emulator",
        "Manifests": [{"Platform": {"os": "*"}, "Lifecycle": {}, "Artifacts": []}],
    }
    arn = f"{component_arn(region, PUBLIC_OWNER, name)}:versions:{version}"
    return ComponentVersion(arn, read_recipe(json.dumps(recipe).encode()), _PUBLISHED, "DEPLOYABLE", "NONE")
