"""Makes a version's folder: a copy of the packages, since nuclei delete old artifacts, and a virtual environment.

It works in a temporary folder, and renames that at the end: the version that serves is never touched.
"""

import compileall
import ctypes
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from typing import Final

from edge_agent.bringing_up.decisions import free_name, to_remove
from edge_agent.bringing_up.lines import tell
from edge_agent.bringing_up.standing import MADE, PYTHON, REQUIREMENTS, WHEELS, Standing, Wanted
from edge_agent.bringing_up.switching import sync_folder, write_json
from edge_agent.errors import NotInstalledError

LONGEST_WORDS: Final = 500
_LONGEST: Final = 3600.0
"""The most seconds for pip: large wheels on a slow card take minutes."""
_PR_SET_PDEATHSIG: Final = 1


def make(work: str, artifact: str, wanted: Wanted, standing: Standing, keep: str | None) -> str:
    """Install the wanted version. Return its folder's name. Other versions than ``keep`` are removed, to make room.

    Raises ``NotInstalledError``; nothing is left of the version then.
    """
    versions = os.path.join(work, "versions")
    began = time.monotonic()
    tell("INFO", "installing", version=wanted.version)
    try:
        os.makedirs(versions, exist_ok=True)
        gone = to_remove(standing, keep)
        _make_room(versions, standing, gone)
        stay = {folder: made for folder, made in standing.whole.items() if folder not in gone}
        name = free_name(standing._replace(whole=stay), wanted.version)
        beside = os.path.join(versions, f".{wanted.version}.{os.getpid()}.new")
        try:
            has_venv = _fill(beside, os.path.join(versions, name), artifact)
            os.sync()
            made = {**wanted._asdict(), "has_venv": has_venv, "python": PYTHON}
            write_json(os.path.join(beside, MADE), made)
            os.rename(beside, os.path.join(versions, name))
        except BaseException:
            shutil.rmtree(beside, ignore_errors=True)
            raise
        sync_folder(versions)
    except OSError as error:
        raise NotInstalledError(f"{error.strerror or error}: {error.filename or versions}") from error
    tell("INFO", "installed", version=wanted.version, seconds=round(time.monotonic() - began, 1))
    return name


def remove(work: str, folder: str) -> None:
    """Remove a version's folder. Rename it first, so that a half-removed one counts as no version."""
    versions = os.path.join(work, "versions")
    going = os.path.join(versions, f".{folder}.{os.getpid()}.old")
    with suppress(OSError):
        os.rename(os.path.join(versions, folder), going)
        shutil.rmtree(going, ignore_errors=True)
        tell("INFO", "removed", folder=folder)


def dies_with_parent(number: int, parent: int) -> None:
    """Have the kernel send this signal when the parent dies, by SIGKILL too. Called in a child before its exec."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(1)


def _make_room(versions: str, standing: Standing, gone: list[str]) -> None:
    for folder in gone:
        remove(os.path.dirname(versions), folder)
    for entry in os.scandir(versions):
        # It is left of an interrupted installation or removal, or was made for another Python.
        if entry.is_dir(follow_symlinks=False) and entry.name not in standing.whole:
            shutil.rmtree(entry.path, ignore_errors=True)


def _fill(beside: str, final: str, artifact: str) -> bool:
    """Fill the folder, without ``made.json``. Return whether it has a virtual environment."""
    packages = os.path.join(beside, "packages")
    _copy_sources(artifact, packages)
    # Compile now, while the earlier version serves. Tracebacks name the files by their final path.
    compileall.compile_dir(packages, quiet=2, stripdir=beside, prependdir=final)
    requirements = os.path.join(artifact, REQUIREMENTS)
    if not os.path.exists(requirements):
        return False
    if importlib.util.find_spec("ensurepip") is None or importlib.util.find_spec("venv") is None:
        raise NotInstalledError(
            f"{sys.executable} cannot make a virtual environment on this device",
            "install the package python3-venv (apt install python3-venv), then deploy again",
        )
    venv = os.path.join(beside, "venv")
    # Run pip separately: `venv` hides its output. Isolated, so that nothing is imported from the work folder.
    _run([sys.executable, "-I", "-m", "venv", "--without-pip", venv])
    python = [os.path.join(venv, "bin", "python"), "-I", "-m"]
    _run([*python, "ensurepip", "--upgrade", "--default-pip"])
    pip = [*python, "pip", "install", "--isolated", "--disable-pip-version-check", "--no-input", "--no-index"]
    pip += ["--no-color", "--progress-bar=off", "--no-cache-dir", "--find-links", os.path.join(artifact, WHEELS)]
    _run([*pip, "--requirement", requirements])
    return True


def _copy_sources(artifact: str, packages: str) -> None:
    """Copy the packages without the files' modes: a nucleus's files are read-only, and Python writes beside them."""
    for folder, below, names in os.walk(artifact):
        at_the_top = folder == artifact
        below[:] = [each for each in below if each != "__pycache__" and not (at_the_top and each == WHEELS)]
        target = os.path.join(packages, os.path.relpath(folder, artifact))
        os.makedirs(target, exist_ok=True)
        for name in names:
            if not (at_the_top and name == REQUIREMENTS):
                shutil.copyfile(os.path.join(folder, name), os.path.join(target, name))


def _run(command: list[str]) -> None:
    """Run a program to its end. Raises ``NotInstalledError`` with the program's own words."""
    parent = os.getpid()
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    try:
        done = subprocess.run(
            command,
            check=False,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=_LONGEST,
            preexec_fn=lambda: dies_with_parent(signal.SIGKILL, parent),
        )
    except subprocess.TimeoutExpired as error:
        raise NotInstalledError(f"{' '.join(command[2:5])} was not done within {_LONGEST:.0f} s") from error
    if done.returncode != 0:
        raise NotInstalledError(_words(done.stdout.decode(errors="replace"), command, done.returncode))


def _words(output: str, command: list[str], code: int) -> str:
    """Return the lines that pip marks as errors, else the last lines of the output."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR:").strip() for line in lines if line.startswith("ERROR:")]
    end = f"was ended by signal {-code}" if code < 0 else f"ended with {code}"
    said = "; ".join(errors or lines[-3:]) or f"{' '.join(command[2:4])} {end}"
    return said if len(said) <= LONGEST_WORDS else f"{said[: LONGEST_WORDS - 1]}…"
