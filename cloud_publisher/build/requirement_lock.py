"""A lock of requirements: pip's own format, each package with one version and the hashes of its files.

Pure. Locks are written by ``uv pip compile --universal --generate-hashes`` (or pip-compile): one for all platforms,
with markers. Here it is read for one platform and Python, as pip evaluates the markers of the Python that it runs on.
Source of the format: pip's "Requirements File Format" and "Secure installs".
"""

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from packaging.requirements import InvalidRequirement, Requirement

from cloud_publisher.errors import InvalidDocumentError
from shared_schema.diagnostics import Diagnostic, Place

LOCK_COMMAND = "uv pip compile --universal --generate-hashes"
_HASH = re.compile(r"--hash=(sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_COMMENT = re.compile(r"(^|\s+)#.*$")
_ARCHITECTURES = re.compile(r"(?P<machine>x86_64|aarch64|armv7l|armv6l|i686|ppc64le|s390x|riscv64)$")


@dataclass(frozen=True, slots=True)
class Locked:
    """One package of the lock. ``line`` counts from 1."""

    requirement: Requirement
    hashes: tuple[str, ...]
    line: int

    def __str__(self) -> str:
        return " ".join([str(self.requirement), *(f"--hash={each}" for each in self.hashes)])


def read_lock(text: str, file: str) -> list[Locked]:
    """Return the lock's packages, in its order.

    Raises ``InvalidDocumentError`` with a diagnostic for each line that names no exact version, or has no hash.
    """
    found: list[Locked] = []
    problems: list[Diagnostic] = []
    for line, words in _logical_lines(text):
        hashes = tuple(_HASH.findall(words))
        wanted = _HASH.sub("", words).strip()
        problem = ""
        try:
            requirement = Requirement(wanted)
        except InvalidRequirement:
            problem = f"{wanted.split()[0]!r} is no package with its version"
        else:
            exact = [each for each in requirement.specifier if each.operator == "==" and "*" not in each.version]
            if requirement.url or len(exact) != 1 or len(requirement.specifier) != 1:
                problem = f"{requirement.name} has no exact version"
            elif not hashes:
                problem = f"{requirement.name} has no hash: its bytes may be others tomorrow"
            else:
                found.append(Locked(requirement, hashes, line))
        if problem:
            problems.append(Diagnostic(Place(file, line, 1), problem, f"write the lock with {LOCK_COMMAND}"))
    if problems:
        raise InvalidDocumentError(problems)
    return found


@dataclass(frozen=True, slots=True)
class Wanted:
    """One requirement as a lock words it, without options: a package, or a local file. ``line`` counts from 1."""

    wanted: str
    hashes: tuple[str, ...]
    line: int

    @property
    def is_file(self) -> bool:
        """Whether it is a path, which pip takes by the current folder."""
        return self.wanted.startswith((".", "/")) or self.wanted.endswith(".whl")

    @property
    def name(self) -> str:
        """The package's name; empty for a local file."""
        found = None if self.is_file else _NAME.match(self.wanted)
        return found[0] if found else ""


def wanted_lines(text: str) -> Iterator[Wanted]:
    """Yield the requirements of any lock, those too that have no hash or are local files."""
    for line, words in _logical_lines(text):
        if not words.startswith("-"):
            yield Wanted(_HASH.sub("", words).strip(), tuple(_HASH.findall(words)), line)


def locked_for(lock: Sequence[Locked], *, python: str, platform: str | None) -> list[Locked]:
    """Return the packages that a device with this Python (such as ``3.11``) and platform tag installs.

    ``platform`` None: this machine.
    """
    there = {"python_version": python, "python_full_version": f"{python}.0"}
    if platform is not None:
        machine = _ARCHITECTURES.search(platform)
        there |= {
            "implementation_name": "cpython",
            "os_name": "posix",
            "platform_machine": machine["machine"] if machine else "",
            "platform_python_implementation": "CPython",
            "platform_system": "Linux",
            "sys_platform": "linux",
        }
    # It fills in what is not named here from this machine.
    return [each for each in lock if each.requirement.marker is None or each.requirement.marker.evaluate(there)]


def hashes_of_file(text: str, name: str) -> tuple[str, ...]:
    """Return the hashes that a lock gives for a local file, such as a wheel in ``tools/``; empty if it has none.

    A requirement that is a path is one of pip's own forms, with or without extras: ``./tools/x.whl[agent]``.
    """
    return tuple(
        found
        for _, words in _logical_lines(text)
        if name in {PurePosixPath(word.partition("[")[0]).name for word in words.split()}
        for found in _HASH.findall(words)
    )


def is_named_by(hashes: Iterable[str], content: bytes) -> bool:
    """Return whether one of a lock's hashes, such as ``sha256:…``, is that of these bytes."""
    named = (each.partition(":") for each in hashes)
    return any(hashlib.new(kind, content).hexdigest() == digest for kind, _, digest in named)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield each line with those that it goes on in, without comments, and the number of its first."""
    begun, words = 0, ""
    for number, line in enumerate(text.splitlines(), start=1):
        begun = begun or number
        rest = _COMMENT.sub("", line).strip()
        words = f"{words} {rest.removesuffix(chr(92)).strip()}".strip()
        if not rest.endswith("\\"):
            if words:
                yield begun, words
            begun, words = 0, ""
    if words:
        yield begun, words
