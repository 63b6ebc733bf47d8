"""AWS's own public components, for deployments and recipes that name them: names and versions, no artifacts."""

import json
from datetime import UTC, datetime

from greengrass_emulator.cloud.control_plane.component_store import (
    PUBLIC_OWNER,
    ComponentStore,
    ComponentVersion,
    component_arn,
)
from greengrass_emulator.cloud.control_plane.recipe_reading import read_recipe

_PUBLISHED = datetime(2025, 1, 15, tzinfo=UTC)
_VERSIONS = {
    "aws.greengrass.Nucleus": ("2.12.6", "2.13.0", "2.14.0", "2.14.3", "2.15.0", "2.18.0"),
    "aws.greengrass.Cli": ("2.12.6", "2.13.0", "2.14.0", "2.14.3", "2.15.0", "2.18.0"),
}
_TYPES = {"aws.greengrass.Nucleus": "aws.greengrass.nucleus", "aws.greengrass.Cli": "aws.greengrass.plugin"}


def public_components(region: str) -> ComponentStore:
    """The public components of a region."""
    return ComponentStore(_version(region, name, version) for name, known in _VERSIONS.items() for version in known)


def _version(region: str, name: str, version: str) -> ComponentVersion:
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": name,
        "ComponentVersion": version,
        "ComponentType": _TYPES[name],
        "ComponentPublisher": "AWS",
        "ComponentDescription": f"{name}, provided by the nucleus of the emulator",
        "Manifests": [{"Platform": {"os": "*"}, "Lifecycle": {}, "Artifacts": []}],
    }
    arn = f"{component_arn(region, PUBLIC_OWNER, name)}:versions:{version}"
    return ComponentVersion(arn, read_recipe(json.dumps(recipe).encode()), _PUBLISHED, "DEPLOYABLE", "NONE")
