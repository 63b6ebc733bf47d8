"""The Python of a device's components. It is the device's, and never the one that runs the emulator.

A device has the environment that it was provisioned with, or else a bare one of its own: the standard library, and pip.
Its programs come first on the PATH of every step, as if they were in the device's own ``/usr/bin``.
"""

import os
import sys
import sysconfig
import venv
from collections.abc import Iterator
from pathlib import Path

from greengrass_emulator.errors import NucleusError
from greengrass_emulator.nucleus.settings import DeviceSettings

BARE = "python"
"""The folder of a device's bare environment, below the nucleus's root."""
_PIP_SCRIPT = '#!/bin/sh\nexec "$(dirname "$0")/python3" -m pip "$@"\n'
_OF_THE_EMULATOR = {"PYTHONHOME", "PYTHONPATH", "PYTHONSTARTUP", "VIRTUAL_ENV"}
"""Variables by which a component's Python would find the emulator's packages."""


def programs_of(settings: DeviceSettings) -> Path:
    """Return the folder that has the ``python3`` of a device's components."""
    return (settings.python or settings.root / BARE) / "bin"


def make_bare(folder: Path) -> None:
    """Make a bare environment, or repair it. What components have installed into it stays.

    It takes some milliseconds, since pip is used as it is in the standard library: ``ensurepip`` carries its wheel.
    Raises ``NucleusError`` where it cannot be written, or where no PATH could name it.
    """
    try:
        _make(folder)
    except (OSError, ValueError) as error:
        raise NucleusError(
            f"{folder}: cannot be made the device's Python ({error})",
            "make room there, take away what is in its place, and use no colon in the path; or provision with --python",
        ) from error


def without_the_emulators(environment: dict[str, str], programs: Path) -> dict[str, str]:
    """Return an environment in which the device's programs come first, and none of the emulator's own is found."""
    kept = {name: value for name, value in environment.items() if name not in _OF_THE_EMULATOR}
    own = None if sys.prefix == sys.base_prefix else str(Path(sys.executable).parent)
    folders = [each for each in kept.get("PATH", os.defpath).split(os.pathsep) if each != own]
    return {**kept, "PATH": os.pathsep.join([str(programs), *folders])}


def _make(folder: Path) -> None:
    venv.EnvBuilder(symlinks=True).create(folder)
    wheel = max(_pip_wheels(), default=None)
    if wheel is None:
        return  # as on a device without python3-pip
    library = Path(sysconfig.get_path("purelib", "venv", vars={"base": str(folder)}))
    (library / "pip.pth").write_text(f"{wheel}\n", encoding="utf-8")
    for name in ("pip", "pip3"):
        script = folder / "bin" / name
        if not script.exists():
            script.write_text(_PIP_SCRIPT, encoding="utf-8")
            script.chmod(0o755)


def _pip_wheels() -> Iterator[Path]:
    """Yield pip's wheels of the standard library: its own, or the distributor's (``--with-wheel-pkg-dir``, Debian)."""
    yield from Path(sysconfig.get_path("stdlib"), "ensurepip", "_bundled").glob("pip-*.whl")
    distributors = sysconfig.get_config_var("WHEEL_PKG_DIR")
    if distributors:
        yield from Path(distributors).glob("pip-*.whl")
