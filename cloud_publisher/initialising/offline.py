"""Everyone's wheels for ``tools/``, so that a build account needs no index: those that the locks name, by pip.

They are downloaded here, from the index that this machine is set up for; each has the hash that its lock gives.
"""

import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from pydantic import ValidationError

from cloud_publisher.build.requirement_lock import Locked, read_lock
from cloud_publisher.build.wheelhouse import SAME_MACHINE, WHEELS_FOLDER, download_wheels
from cloud_publisher.errors import BuildFailedError, WorkFailedError, WrongUseError
from cloud_publisher.initialising.agent_sources import LOCK as AGENT_LOCK
from cloud_publisher.initialising.installation import lock_text
from cloud_publisher.initialising.record import Offline
from cloud_publisher.initialising.tools import FOLDER, Tools, installed_tools, pipeline_locks
from cloud_publisher.initialising.wheel_file import Wheel
from shared_schema.config import Build, Config

_LOCK = "lock.txt"


def checked_machine(python: str | None, platforms: Sequence[str]) -> Offline:
    """Return the machine that the wheels are for; what is not given is as on the one that we run on.

    Raises ``WrongUseError`` for what is no version, or no platform tag.
    """
    here = f"{sys.version_info.major}.{sys.version_info.minor}"
    try:
        build = Build(
            build_system="python",
            packages=["none"],
            python=python or here,
            platforms=[*platforms] or [SAME_MACHINE],
        )
    except ValidationError as error:
        option = f"--tools-{str(error.errors()[0]['loc'][0]).removesuffix('s')}"
        raise WrongUseError(
            f"{option}: {error.errors()[0]['input']!r} cannot be right",
            "give a Python such as 3.12, and a tag of pip such as manylinux_2_28_x86_64",
        ) from None
    return Offline(python=build.python, platforms=tuple(build.platforms))


def offline_tools(
    machines: Offline,
    config: Config,
    on_line: Callable[[str], None],
    *,
    emulator_there: Wheel | None = None,
    wheels_there: Path | None = None,
) -> Tools:
    """Return ``tools/`` with everyone's wheels: those of the pipeline's stages, and those that the agent is built with.

    ``emulator_there`` is as for ``installed_tools``. What is in the folder ``wheels_there`` is not downloaded again.
    Raises ``WorkFailedError``.
    """
    tools = installed_tools(offline=True, emulator_there=emulator_there)
    whole = {str(each): each for name in pipeline_locks() for each in read_lock(lock_text(name), name)}
    wheels = downloaded_wheels(whole.values(), machines, on_line, wheels_there)
    for device in machines_of_agents(config, machines):
        wheels |= downloaded_wheels(read_lock(lock_text(AGENT_LOCK), AGENT_LOCK), device, on_line, wheels_there)
    return replace(tools, files={**tools.files, **{FOLDER / name: content for name, content in wheels.items()}})


def machines_of_agents(config: Config, builder: Offline) -> list[Offline]:
    """Return the devices that the build downloads wheels for, as the config names them."""
    return [
        Offline(
            python=component.build.python,
            platforms=tuple(
                platform
                for each in component.build.platforms
                for platform in (builder.platforms if each == SAME_MACHINE else [each])
            ),
        )
        for component in config.custom_components.values()
        if component.agent is not None and component.build.build_system == "python" and component.build.wheels
    ]


def downloaded_wheels(
    lock: Iterable[Locked], machines: Offline, on_line: Callable[[str], None], wheels_there: Path | None
) -> dict[str, bytes]:
    """Return the content of every wheel that a lock names, by its file's name; from ``wheels_there`` if it is there.

    Raises ``WorkFailedError``, which names the requirement that has no wheel for one of the machines.
    """
    with tempfile.TemporaryDirectory(prefix="mlops-tools-") as work:
        root, target = Path(work, "root"), Path(work, "out")
        root.mkdir()
        target.mkdir()
        (root / _LOCK).write_text("".join(f"{each}\n" for each in lock), encoding="utf-8")
        build = Build(build_system="python", packages=["none"], requirements=_LOCK, python=machines.python)
        try:
            download_wheels(
                root,
                build,
                target,
                platforms=machines.platforms,
                carried=wheels_there,
                on_line=on_line,
                whose="--offline-tools",
            )
        except BuildFailedError as error:
            raise WorkFailedError(
                f"{error.problem}; nothing was written",
                "see that this machine reaches its index, and that --tools-python and --tools-platform are those of "
                "the build account",
            ) from error
        return {path.name: path.read_bytes() for path in sorted((target / WHEELS_FOLDER).iterdir())}
