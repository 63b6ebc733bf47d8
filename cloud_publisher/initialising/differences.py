"""What an upgrade changes, in words and as unified diffs. Pure."""

import difflib
import hashlib
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from cloud_publisher.initialising.record import is_folder
from cloud_publisher.initialising.tools import FOLDER as TOOLS
from cloud_publisher.initialising.upgrade_plan import NEW_SUFFIX, Change, Kind, Upgrade

_MARKS = {Kind.ADD: "+", Kind.REPLACE: "~", Kind.REMOVE: "-"}
_WHEEL = ".whl"
_DIGITS_SHOWN = 12


def upgrade_text(upgrade: Upgrade) -> str:
    """Return every difference, then one line for each file, and what stays as people have it."""
    parts = [text for change in upgrade.changes if (text := _difference(change))]
    parts.append("\n".join(_summary(upgrade.changes)))
    if upgrade.kept:
        parts.append("\n".join(_of_people(each) for each in upgrade.kept))
    return "\n\n".join(parts)


def _difference(change: Change) -> str:
    """Return the diff of a text; if the new one goes beside that of people, what differs from theirs."""
    former = change.theirs if change.theirs is not None else change.before
    if former is None or change.after is None or change.path.suffix == _WHEEL:
        return ""
    before, after = _lines(change.path, former), _lines(change.path, change.after)
    if before is None or after is None:
        return ""
    name = change.beside or change.path
    return "\n".join(difflib.unified_diff(before, after, f"a/{name}", f"b/{change.path}", lineterm=""))


def _lines(path: PurePosixPath, content: bytes | None) -> list[str] | None:
    """Return a text's lines, None for what is no text. Of a lock only the versions: no person reads its hashes."""
    try:
        lines = (content or b"").decode("utf-8").splitlines()
    except UnicodeDecodeError:
        return None
    if path.parent.name in {str(TOOLS), f"{TOOLS}{NEW_SUFFIX}"} and path.suffix == ".txt":
        return [line.removesuffix("\\").rstrip() for line in lines if not line.lstrip().startswith("--hash=")]
    return lines


def _summary(changes: Sequence[Change]) -> Iterator[str]:
    for change in changes:
        digests = f"  ({_digests(change)})" if change.path.suffix == _WHEEL else ""
        yield f"{_MARKS[change.kind]} {change.path}{digests}"


def _digests(change: Change) -> str:
    """Return a wheel's digests, old and new."""
    shown = [
        f"sha256:{hashlib.sha256(content).hexdigest()[:_DIGITS_SHOWN]}…"
        for content in (change.before, change.after)
        if content is not None
    ]
    return " → ".join(shown)


def _of_people(unit: str) -> str:
    slash = "/" if is_folder(unit) else ""
    return (
        f"{unit}{slash} was changed here, and stays as it is. The new one goes to {unit}{NEW_SUFFIX}{slash}: take "
        f"from it what you want, then remove it"
    )
