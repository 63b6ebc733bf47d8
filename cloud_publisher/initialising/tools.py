"""``tools/`` of a deploy repository: the tool itself, as wheels of ours and locks that name them with their hashes.

All is installed from the repository's root by ``pip install --require-hashes -r tools/requirements.txt``: pip takes the
paths in a lock by the current folder. No step asks an index for our names.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from cloud_publisher.initialising.installation import DISTRIBUTION, files_of, lock_text, package
from cloud_publisher.initialising.own_wheels import is_installed, own_wheel
from cloud_publisher.initialising.wheel_file import Wheel

EMULATOR = "greengrass-emulator"
FOLDER = PurePosixPath("tools")
_LACKS_EMULATOR = (
    f"tools/ has no rehearsal.txt: {EMULATOR} is not installed beside {DISTRIBUTION}. "
    f"Install its wheel and the extra `emulator`, then `cloud-publisher init --upgrade` adds it"
)


@dataclass(frozen=True, slots=True)
class _Lock:
    """One lock of ``tools/``: the lock of ours that it is made from, and what it is for."""

    name: str
    source: str
    purpose: str
    with_emulator: bool = False
    for_devices: bool = False


_LOCKS = (
    _Lock("requirements.txt", "publisher.txt", "What a deploy stage installs: the tool"),
    _Lock("build.txt", "build.txt", "What the build stage installs: the tool, and what the example's convert.py needs"),
    _Lock("rehearsal.txt", "rehearsal.txt", "What `make rehearse` installs", with_emulator=True),
    _Lock("agent.txt", "agent.txt", "What a device installs beside the agent", for_devices=True),
)
_SCHEMAS = "json_schemas"


@dataclass(frozen=True, slots=True)
class Tools:
    """The files of ``tools/`` by path, and what they lack, in words for people."""

    files: Mapping[PurePosixPath, bytes]
    lacks: Sequence[str] = ()


def installed_tools(*, offline: bool, emulator_there: Wheel | None = None) -> Tools:
    """Return the tools of this installation.

    ``offline``: what the pipeline installs comes out of ``tools/`` alone, where its wheels must be then.
    ``emulator_there``: the emulator of a repository that exists, which stays if none is installed. Without the emulator
    there is no lock for a rehearsal. Raises ``WrongUseError`` if a file of ours was edited.
    """
    ours = [own_wheel(DISTRIBUTION)]
    there = [emulator_there] if emulator_there else []
    emulator = [own_wheel(EMULATOR)] if is_installed(EMULATOR) else there
    files = {FOLDER / wheel.name: wheel.content for wheel in [*ours, *emulator]}
    for path, content in files_of(package("shared_schema") / _SCHEMAS):
        files[FOLDER / "schemas" / path] = content
    for lock in _LOCKS:
        if emulator or not lock.with_emulator:
            wheels = [*ours, *emulator] if lock.with_emulator else ours
            files[FOLDER / lock.name] = _lock_text(lock, lock_text(lock.source), wheels, offline).encode()
    return Tools(files, lacks=() if emulator else (_LACKS_EMULATOR,))


def pipeline_locks() -> list[str]:
    """Return the names of our locks that the pipeline's stages install, and no rehearsal."""
    return [lock.source for lock in _LOCKS if not lock.with_emulator and not lock.for_devices]


def _lock_text(lock: _Lock, locked: str, wheels: Sequence[Wheel], offline: bool) -> str:
    if lock.for_devices:
        # pip on a device takes its wheels from the artifact, and of ours it installs none.
        return f"# {lock.purpose}. `cloud-publisher init --upgrade` writes it anew.\n{locked}"
    path = FOLDER / lock.name
    head = [
        f"# {lock.purpose}. From the repository's root:",
        f"#     pip install --require-hashes --requirement {path}",
        "# `cloud-publisher init --upgrade` writes it anew, and the wheels beside it.",
        "--only-binary :all:",
    ]
    if offline and not lock.with_emulator:
        head += ["--no-index", f"--find-links {FOLDER}"]
    for wheel in wheels:
        head += [f"./{FOLDER / wheel.name} \\", f"    --hash=sha256:{wheel.digest}"]
    return "\n".join([*head, locked])
