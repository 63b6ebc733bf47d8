"""Computes a component's next version: one above the highest published or uploaded one.

Pure (docs/architecture.md, "Digests and versions"). Versions are semantic (2.0.0), as Greengrass's are.
"""

from collections.abc import Iterable
from typing import Literal

import nodesemver
from nodesemver import SemVer

Bump = Literal["major", "minor", "patch"]
FIRST = "1.0.0"


def next_version(taken: Iterable[str], *, bump: Bump, package_version: int | None) -> str:
    """Return the version for new content. ``taken`` has every published or uploaded version, in any order.

    A model from the registry gets ``<model package version>.0.<n>``; any other component starts with 1.0.0 and
    increases the highest by ``bump``. An entry of ``taken`` that is no version is ignored.
    """
    parsed = [version for text in taken if (version := _parsed(text)) is not None]
    if package_version is not None:
        patches = [each.patch for each in parsed if (each.major, each.minor) == (package_version, 0)]
        return f"{package_version}.0.{max(patches) + 1 if patches else 0}"
    if not parsed:
        return FIRST
    major, minor, patch = max((each.major, each.minor, each.patch) for each in parsed)
    match bump:
        case "major":
            return f"{major + 1}.0.0"
        case "minor":
            return f"{major}.{minor + 1}.0"
        case "patch":
            return f"{major}.{minor}.{patch + 1}"


def newest(versions: Iterable[str]) -> str | None:
    """Return the highest version (a pre-release is below its release); None if there is none."""
    found = [text for text in versions if _parsed(text) is not None]
    return str(nodesemver.sort(found, False)[-1]) if found else None


def _parsed(text: str) -> SemVer | None:
    try:
        return nodesemver.make_semver(text, loose=False)
    except ValueError:
        return None
