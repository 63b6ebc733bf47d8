"""What `init --upgrade` would change in a repository: pure, from what is there, what was written and what is new.

A file that people have changed is not touched: the new one goes beside it, as ``NAME.new``. Files that fit each other
(``tools/``, ``agent/``) stay or go together.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import PurePosixPath

from cloud_publisher.initialising.record import Record, digest_of, unit_of
from cloud_publisher.initialising.tools import FOLDER as TOOLS

NEW_SUFFIX = ".new"


class Kind(StrEnum):
    """What happens to a file."""

    ADD = "add"
    REPLACE = "replace"
    REMOVE = "remove"


@dataclass(frozen=True, slots=True)
class Change:
    """One file's change. ``before`` is None for a file that is not there, ``after`` for one that is removed.

    ``beside``: the file of people that stays, if the new one goes beside it; ``theirs``: what that holds.
    """

    path: PurePosixPath
    before: bytes | None
    after: bytes | None
    beside: PurePosixPath | None = None
    theirs: bytes | None = None

    @property
    def kind(self) -> Kind:
        """What happens to the file."""
        if self.after is None:
            return Kind.REMOVE
        return Kind.ADD if self.before is None else Kind.REPLACE


@dataclass(frozen=True, slots=True)
class Upgrade:
    """Every change, in the order of paths, and the record of the repository after it."""

    changes: tuple[Change, ...]
    record: Record

    @property
    def kept(self) -> list[str]:
        """What people have changed, and stays: a file, or a folder whose files fit each other."""
        return sorted({unit_of(each.beside) for each in self.changes if each.beside})


def plan_upgrade(
    there: Mapping[PurePosixPath, bytes], record: Record, wanted: Mapping[PurePosixPath, bytes], after: Record
) -> Upgrade:
    """Return the changes that bring a repository to ``wanted``.

    ``there``: the files that are there, as far as `paths_of_interest` asks for them. ``record``: what was written
    before. ``after``: the record of what is wanted.
    """
    units: dict[str, set[PurePosixPath]] = defaultdict(set)
    for path in {*record.paths(), *wanted}:
        units[unit_of(path)].add(path)
    changes: list[Change] = []
    for unit, paths in units.items():
        recorded = {path: record.files[str(path)] for path in paths if str(path) in record.files}
        new = {path: wanted[path] for path in paths if path in wanted}
        if recorded and unit != str(TOOLS) and not any(path in there for path in paths):
            continue  # people have removed it; it stays in the record, and so does not come back the next time
        if not _changed_by_people(paths, there, recorded, new):
            changes += _exchange(sorted(paths), there, new)
        elif {path: digest_of(content) for path, content in new.items()} != recorded:
            changes += _beside(unit, there, new)
    return Upgrade(tuple(sorted(changes, key=lambda each: each.path)), after)


def paths_of_interest(record: Record, wanted: Iterable[PurePosixPath]) -> set[PurePosixPath]:
    """Return the files that a plan must know: what was written, what is wanted, and what may be beside it already."""
    ours = {*record.paths(), *wanted}
    return ours | {_name_beside(unit_of(path), path) for path in ours}


def _changed_by_people(
    paths: Iterable[PurePosixPath],
    there: Mapping[PurePosixPath, bytes],
    recorded: Mapping[PurePosixPath, str],
    new: Mapping[PurePosixPath, bytes],
) -> bool:
    """Return whether one of the files is neither what was written nor what is new. Nobody writes in a wheel."""
    return any(
        path in there and there[path] != new.get(path) and digest_of(there[path]) != recorded.get(path)
        for path in paths
        if path.suffix != ".whl"
    )


def _exchange(
    paths: Iterable[PurePosixPath], there: Mapping[PurePosixPath, bytes], new: Mapping[PurePosixPath, bytes]
) -> Iterator[Change]:
    for path in paths:
        if there.get(path) != new.get(path):
            yield Change(path, there.get(path), new.get(path))


def _beside(unit: str, there: Mapping[PurePosixPath, bytes], new: Mapping[PurePosixPath, bytes]) -> Iterator[Change]:
    for path, content in sorted(new.items()):
        name = _name_beside(unit, path)
        if there.get(name) != content:
            yield Change(name, there.get(name), content, beside=path, theirs=there.get(path))


def _name_beside(unit: str, path: PurePosixPath) -> PurePosixPath:
    """Return where the new one goes: ``README.md.new``, or for a whole folder ``tools.new/requirements.txt``."""
    return PurePosixPath(unit + NEW_SUFFIX) / path.relative_to(unit)
