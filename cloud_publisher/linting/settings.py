"""The settings of a run of the linter: the nucleus to check for, the bucket, the other recipes."""

from dataclasses import dataclass, field
from enum import StrEnum

from cloud_publisher.linting.recipe_text import Node, RecipeText

LITE_RUNTIME = "aws_nucleus_lite"


class Runtime(StrEnum):
    """The nucleus to check for. Without it: the rules of both, and lite's rules only in manifests for lite alone."""

    CLASSIC = "classic"
    LITE = "lite"


@dataclass(frozen=True, slots=True)
class Settings:
    """A run's settings. ``recipes`` are all its recipes by component name: dependencies are followed among them."""

    runtime: Runtime | None = None
    bucket: str | None = None
    recipes: dict[str, RecipeText] = field(default_factory=dict)

    def for_lite(self, recipe: RecipeText) -> list[Node]:
        """The manifests that lite's rules are applied to."""
        manifests = recipe.manifests()
        if self.runtime is Runtime.CLASSIC:
            return []
        named = [(manifest, runtime_of(manifest)) for manifest in manifests]
        if self.runtime is None:
            return [manifest for manifest, runtime in named if runtime == LITE_RUNTIME]
        return [manifest for manifest, runtime in named if runtime in {LITE_RUNTIME, "*"}] or manifests


def runtime_of(manifest: Node) -> str | None:
    """Return the runtime that a manifest names."""
    platform = manifest.get("Platform")
    runtime = platform.get("runtime") if platform else None
    return runtime.text if runtime else None
