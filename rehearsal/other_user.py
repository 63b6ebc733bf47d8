"""The user that runs the components of the rehearsal's devices: not the nucleus's own, as under AWS's default.

Only root can give files to another user. Devices and their Python then lie in a folder that everybody may enter:
another user cannot reach a clone below a folder of mode 0700, such as root's home.
"""

import grp
import os
import pwd
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from greengrass_emulator.nucleus.lifecycle.run_as import Identities, look_up, whoever_this_is
from greengrass_emulator.nucleus.runtimes import CLASSIC

from rehearsal.device_python import make_python
from rehearsal.errors import RehearsalError

PYTHONS = "pythons"
"""The folder of the devices' Pythons, which is removed at the end."""
_USERS = ("ggc_user", "nobody")
"""AWS's installer creates the first; every machine has the second."""
_ENTERED_BY_ALL = 0o001
_PLAIN = re.compile(r"[A-Za-z0-9/._+-]+")
_PROBE = "import os, awscrt; os.environ['SVCUID']"
"""Sudo-rs passes no environment on, so a component of another user could not speak to its nucleus."""
_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class OtherUser:
    """``name`` is written to ``runWithDefault``; ``folder`` holds the devices; ``by`` changes the user on classic.

    ``python`` is the devices' environment, made by ``make_python``.
    """

    name: str
    uid: int
    folder: Path
    python: Path
    by: str


@contextmanager
def other_user(folder: Path) -> Iterator[OtherUser | str]:
    """Yield the user for the devices of a rehearsal in ``folder``, or the reason why there is none.

    If other users cannot reach the folder, or its path has blanks or umlauts, the devices lie elsewhere and are moved
    into it at the end.
    """
    name = next((each for each in _USERS if look_up(each) is not None), None)
    if whoever_this_is().uid != 0 or name is None:
        yield "only root runs components as another user"
        return
    elsewhere = None if _is_open(folder) else Path(tempfile.mkdtemp(prefix="greengrass-rehearsal-"))
    ground = elsewhere or folder
    try:
        ground.chmod(0o755)
        yield _made(ground, name)
    finally:
        shutil.rmtree(ground / PYTHONS, ignore_errors=True)
        if elsewhere is not None:
            if (elsewhere / "devices").exists():
                shutil.move(elsewhere / "devices", folder / "devices")
            shutil.rmtree(elsewhere, ignore_errors=True)


def _made(ground: Path, name: str) -> OtherUser | str:
    if not _is_open(ground):
        return f"no folder here can be entered by {name}: neither this one nor {ground.parent}"
    account = pwd.getpwnam(name)
    whole = f"{name}:{grp.getgrgid(account.pw_gid).gr_name}"
    who = look_up(whole)
    try:
        python = ground / PYTHONS / "agent"
        make_python(python)
        launcher = Identities(CLASSIC, whole).launcher(who, privileged=False) if who else ()
        tried = subprocess.run(
            [*launcher, str(python / "bin" / "python3"), "-c", _PROBE],
            cwd=ground,
            env={**os.environ, "SVCUID": "probe"},
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, RehearsalError, subprocess.TimeoutExpired) as error:
        return str(error)
    if tried.returncode != 0:
        return f"{name} cannot run {python}: {tried.stderr.strip().splitlines()[-1:]}"
    return OtherUser(whole, account.pw_uid, ground, python, launcher[0])


def _is_open(folder: Path) -> bool:
    """Return whether devices can lie in a folder: every user can reach it, and its path is plain.

    The folder itself can be opened by its owner. A real device's root has a plain path, which recipes leave unquoted.
    """
    whole = folder.resolve()
    reached = all(each.stat().st_mode & _ENTERED_BY_ALL for each in whole.parents)
    return reached and _PLAIN.fullmatch(str(whole)) is not None
