"""Checks ``tools/``: that pip will take our wheels from there, and that no lock asks an index for our names.

pip refuses a wheel with other bytes only when a stage begins; here it is told with the file and line.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from cloud_publisher.validation.sources import Sources, shown
from shared_schema.diagnostics import Diagnostic, Place

FOLDER = "tools"
_OURS = {"mlops-at-edge", "greengrass-emulator"}
_AGAIN = "take it from version control again, or write it anew with `cloud-publisher init --upgrade`"
_WRITE_ANEW = "write the locks anew, with `cloud-publisher init --upgrade`"


def check_tools(sources: Sources) -> Iterator[Diagnostic]:
    """Yield the faults of every lock in ``tools/``; a repository may have none, and its tool from elsewhere."""
    yield from check_tools_of(sources.folder)


def check_tools_of(repository: Path) -> Iterator[Diagnostic]:
    """Yield the faults of every lock in a repository's ``tools/``."""
    for path in sorted((repository / FOLDER).glob("*.txt")):
        yield from _lock(repository, path)


def _lock(repository: Path, path: Path) -> Iterator[Diagnostic]:
    from packaging.utils import canonicalize_name  # noqa: PLC0415 - most configs have no locks

    from cloud_publisher.build.requirement_lock import wanted_lines  # noqa: PLC0415

    file = shown(path)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        yield Diagnostic(Place(file), f"it cannot be read: {error}", _AGAIN)
        return
    for each in wanted_lines(text):
        place = Place(file, each.line, 1)
        if canonicalize_name(each.name) in _OURS:
            problem = f"{each.name} is asked of an index, where anybody may have registered that name"
            yield Diagnostic(place, problem, f"name its wheel in {FOLDER}/ instead: {_WRITE_ANEW}")
        elif not each.hashes:
            yield Diagnostic(place, f"{each.wanted} has no hash: pip refuses the lock", _WRITE_ANEW)
        elif each.is_file:
            # pip takes extras after a path too: ./tools/x.whl[publisher].
            yield from _wheel(repository / each.wanted.partition("[")[0], each.hashes, place)


def _wheel(wheel: Path, hashes: tuple[str, ...], place: Place) -> Iterator[Diagnostic]:
    from cloud_publisher.build.requirement_lock import is_named_by  # noqa: PLC0415 - as above

    try:
        content = wheel.read_bytes()
    except OSError as error:
        yield Diagnostic(place, f"{shown(wheel)} cannot be read: {error.strerror}", _AGAIN)
        return
    if not is_named_by(hashes, content):
        digest = hashlib.sha256(content).hexdigest()
        yield Diagnostic(
            place, f"{shown(wheel)} is not the file that the lock names: its bytes are others (sha256:{digest})", _AGAIN
        )
