"""Brings a deploy repository that exists to what this version's `init` writes: reads it, and changes all or nothing."""

from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from cloud_publisher.documents import read_config
from cloud_publisher.errors import WorkFailedError
from cloud_publisher.initialising.contents import upgraded_files
from cloud_publisher.initialising.infrastructure import FOLDER as INFRASTRUCTURE
from cloud_publisher.initialising.infrastructure import stack_files
from cloud_publisher.initialising.record import RECORD, Record, before_records, read_record
from cloud_publisher.initialising.replacing import apply_changes, content_of
from cloud_publisher.initialising.tools import EMULATOR
from cloud_publisher.initialising.tools import FOLDER as TOOLS
from cloud_publisher.initialising.upgrade_plan import Change, Upgrade, paths_of_interest, plan_upgrade
from cloud_publisher.initialising.wheel_file import Wheel
from shared_schema.config import Config, find_config


def config_of(folder: Path) -> Config:
    """Return the config of a repository. Raises ``InvalidDocumentError``, also if there is none."""
    return read_config(find_config(folder)).value


def former_record(folder: Path) -> Record:
    """Return the record of what was written into a repository. Raises ``InvalidDocumentError``."""
    return read_record(folder) or before_records()


def wanted_files(folder: Path, config: Config, *, offline: bool) -> dict[PurePosixPath, bytes]:
    """Return what this version brings into a repository, without ``tools/``; stacks only where there are some."""
    stacks = stack_files(config) if config.stages and (folder / INFRASTRUCTURE).is_dir() else {}
    return {**upgraded_files(config, offline=offline), **stacks}


def emulator_of(folder: Path, former: Record) -> Wheel | None:
    """Return the emulator's wheel that is in a repository's ``tools/`` as `init` wrote it; None if there is none."""
    prefix = f"{EMULATOR.replace('-', '_')}-"
    for path in former.paths():
        if path.parent == TOOLS and path.name.startswith(prefix) and (folder / path).is_file():
            wheel = Wheel(path.name, (folder / path).read_bytes())
            if wheel.digest == former.files[str(path)]:
                return wheel
    return None


def planned_upgrade(folder: Path, former: Record, wanted: Mapping[PurePosixPath, bytes], after: Record) -> Upgrade:
    """Return what would change in a repository. Raises ``WorkFailedError`` if a file of it cannot be read."""
    there: dict[PurePosixPath, bytes] = {}
    for path in paths_of_interest(former, wanted):
        try:
            content = content_of(folder / path)
        except OSError as error:
            raise WorkFailedError(
                f"{folder / path} cannot be read: {error.strerror}",
                "there must be a file of that name, or nothing; correct it, and run it again",
            ) from error
        if content is not None:
            there[path] = content
    return plan_upgrade(there, former, wanted, after)


def apply_upgrade(folder: Path, upgrade: Upgrade) -> None:
    """Change the repository, and its record. Raises ``WorkFailedError``; then nothing has changed."""
    before, after = content_of(folder / RECORD), upgrade.record.text().encode()
    record = [] if before == after else [Change(RECORD, before, after)]
    apply_changes(folder, [*upgrade.changes, *record])
