"""Semantic versions and the npm ranges that recipes and nuclei write, by ``node-semver``."""

from collections.abc import Iterable
from functools import cmp_to_key

import nodesemver


def is_version(text: str) -> bool:
    """Return whether the text is one exact semantic version, such as 1.2.3."""
    return str(nodesemver.valid(text, loose=False)) == text.partition("+")[0]


def is_range(text: str) -> bool:
    """Return whether the text is a range that npm's rules can read."""
    try:
        nodesemver.make_range(text, loose=False)
    except ValueError:
        return False
    return True


def satisfies_all(version: str, ranges: Iterable[str]) -> bool:
    """Return whether a version is in every range."""
    return all(nodesemver.satisfies(version, wanted, loose=False) for wanted in ranges)


def newest_first(versions: Iterable[str]) -> list[str]:
    """Return the versions, the highest first."""
    return sorted(versions, key=cmp_to_key(lambda a, b: nodesemver.compare(a, b, loose=False)), reverse=True)
