"""A Python for the rehearsal's devices that every user can run: a copy of this one, with what the agent requires.

A virtual environment, or the Python below it, may lie in root's home, which other users cannot enter. The copy is made
of hard links where that is possible, so it takes little space and time. It has nothing of this repository: the agent's
artifact brings that. A bare copy has the standard library alone, as the Python of a new device.
"""

import os
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

from rehearsal.errors import RehearsalError

_PROJECT, _EXTRA = "mlops-at-edge", "agent"
_LEFT_OUT = {"site-packages", "dist-packages", "test", "idlelib", "lib2to3", "turtledemo", "tkinter"}
_BESIDE = b"$ORIGIN/../lib"
_READ_BY_ALL = 0o444


def make_python(folder: Path, *, bare: bool = False) -> None:
    """Make the Python in a folder that does not exist yet; its program is ``bin/python3``.

    Raises ``RehearsalError`` if this Python lacks a distribution that the agent requires.
    """
    library = Path(sysconfig.get_path("stdlib"))
    there = folder / "lib" / library.name
    for path in _files_below(library):
        _link(path, there / path.relative_to(library))
    for found in [] if bare else _requirements():
        for file in found.files or ():
            if ".." not in file.parts:
                _link(Path(str(found.locate_file(file))), there / "site-packages" / file)
    program = folder / "bin" / "python3"
    program.parent.mkdir(parents=True)
    shutil.copyfile(Path(sys.executable).resolve(), program)
    program.chmod(0o755)
    if sysconfig.get_config_var("Py_ENABLE_SHARED"):
        name, libraries = sysconfig.get_config_var("INSTSONAME"), sysconfig.get_config_var("LIBDIR")
        # A Python that was moved has its library beside it, and says where it was built for.
        beside = Path(sys.executable).resolve().parents[1] / "lib" / name
        _link(beside if beside.exists() else Path(libraries, name), folder / "lib" / name)
        _look_beside(program, os.fsencode(libraries))


def _files_below(folder: Path) -> Iterator[Path]:
    for at, folders, files in os.walk(folder):
        folders[:] = [each for each in folders if each not in _LEFT_OUT and not each.startswith("config-")]
        yield from (Path(at, each) for each in files)


def _link(path: Path, there: Path) -> None:
    there.parent.mkdir(parents=True, exist_ok=True)
    with suppress(FileNotFoundError):
        path = path.resolve(strict=True)
        try:
            if path.stat().st_mode & 0o004:
                os.link(path, there)
                return
        except OSError:
            # It is on another disk, or the kernel forbids links to it.
            pass
        shutil.copy2(path, there)
        there.chmod(there.stat().st_mode | _READ_BY_ALL)


def _look_beside(program: Path, libraries: bytes) -> None:
    """Make the program look for its library in its own ``lib`` instead of the folder that it was built for."""
    content = program.read_bytes()
    if len(libraries) >= len(_BESIDE):
        beside = _BESIDE.ljust(len(libraries), b"\0")
        program.write_bytes(content.replace(libraries + b"\0", beside + b"\0"))


def _requirements() -> list[Distribution]:
    """Return the distributions that the agent's extra requires, with all that they require."""
    waiting, seen, found = [(_PROJECT, _EXTRA)], set[tuple[str, str]](), dict[str, Distribution]()
    while waiting:
        name, extra = waiting.pop()
        if (name, extra) in seen:
            continue
        seen.add((name, extra))
        try:
            about = distribution(name)
        except PackageNotFoundError:
            raise RehearsalError(
                f"this Python has no {name}, which the agent requires", "run `make rehearse`"
            ) from None
        found[re.sub(r"[-_.]+", "-", name).lower()] = about
        for text in about.requires or ():
            wanted = Requirement(text)
            if wanted.marker is None or wanted.marker.evaluate({"extra": extra}):
                waiting += [(wanted.name, each) for each in ("", *wanted.extras)]
    return [about for name, about in found.items() if name != _PROJECT]
