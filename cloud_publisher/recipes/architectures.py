"""From pip's platform tags to Greengrass's architectures, and which wheels an artifact carries.

A device is told apart by its architecture alone: so a ``python`` component has one artifact for each.
"""

from collections.abc import Collection, Sequence

from shared_schema.config import Build

_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "aarch64", "armv7l": "arm", "i686": "x86"}
"""The ends of pip's platform tags, and what Greengrass calls them (AWS's recipe reference, Platform.architecture)."""


def architecture_of(platform: str) -> str | None:
    """A platform tag's architecture; none for the builder's own and for one that Greengrass has no name for."""
    return next((name for tag, name in _ARCHITECTURES.items() if platform.endswith(f"_{tag}")), None)


def architectures_of(build: Build) -> list[str | None]:
    """The architectures that the wheels are for, each once, in the order of ``platforms``; one without a name is last.

    None alone where there are no wheels: sources run anywhere.
    """
    if not build.wheels:
        return [None]
    found = list(dict.fromkeys(architecture_of(platform) for platform in build.platforms))
    return sorted(found, key=lambda each: each is None)


def platforms_for(build: Build, architectures: Collection[str | None]) -> Sequence[str]:
    """The platforms whose wheels go into an artifact that manifests of these architectures list.

    A manifest without an architecture is for all that no other is for, and takes the wheels of every platform.
    """
    if None in architectures:
        return build.platforms
    return [platform for platform in build.platforms if architecture_of(platform) in architectures]
