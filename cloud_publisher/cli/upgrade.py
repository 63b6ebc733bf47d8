"""``cloud-publisher init --upgrade``: shows what would change in a repository, asks, and changes all or nothing."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from cloud_publisher.cli.output import Output
from shared_schema.diagnostics import ExitCode

if TYPE_CHECKING:
    from cloud_publisher.initialising.record import Offline
    from cloud_publisher.initialising.upgrade_plan import Upgrade
    from shared_schema.json_value import JsonObject

_SOURCES = (
    "the agent is built from the sources in agent/; `distribution: mlops-at-edge` in its build takes it from tools/ "
    '(docs/building.md, "The agent from its wheel")'
)


def upgrade_repository(folder: Path, output: Output, *, yes: bool, offline: "Offline | None", no_longer: bool) -> None:
    """Upgrade a repository; without ``yes`` only after a person on a terminal has agreed.

    Without ``offline``, ``tools/`` goes on holding everyone's wheels if it does, unless ``no_longer``. Ends with exit
    code 3 if there are changes that nobody has agreed to; then nothing is written.
    """
    from cloud_publisher.cli.init import tools_for
    from cloud_publisher.initialising.contents import has_agents_sources
    from cloud_publisher.initialising.differences import upgrade_text
    from cloud_publisher.initialising.record import record_of
    from cloud_publisher.initialising.tools import FOLDER as TOOLS
    from cloud_publisher.initialising.upgrading import (
        apply_upgrade,
        config_of,
        emulator_of,
        former_record,
        planned_upgrade,
        wanted_files,
    )

    config, former = config_of(folder), former_record(folder)
    machines = offline or (None if no_longer else former.offline)
    wanted = wanted_files(folder, config, offline=machines is not None)
    there = folder / TOOLS
    tools = tools_for(
        machines,
        config,
        output,
        emulator_there=emulator_of(folder, former),
        wheels_there=there if there.is_dir() else None,
    )
    wanted |= tools.files
    upgrade = planned_upgrade(folder, former, wanted, record_of(wanted, machines))
    if not upgrade.changes:
        output.show(_document(folder, upgrade, done=True), f"{folder}: nothing to do, it is of this version already")
        return
    if not output.as_json:
        output.say(upgrade_text(upgrade))
    for each in [*tools.lacks, *([_SOURCES] if has_agents_sources(config) else [])]:
        output.warn(f"note: {each}")
    agreed = yes or (not output.as_json and _agreed(len(upgrade.changes)))
    if agreed:
        apply_upgrade(folder, upgrade)
    output.show(
        _document(folder, upgrade, done=agreed),
        f"{folder}: {len(upgrade.changes)} files written. Next: cloud-publisher validate{_parameters(upgrade)}"
        if agreed
        else f"{folder}: nothing was written; --yes writes these {len(upgrade.changes)} files",
    )
    if not agreed:
        raise typer.Exit(ExitCode.CHANGES)


def _agreed(count: int) -> bool:
    """Ask, where a person can answer."""
    return sys.stdin.isatty() and sys.stdout.isatty() and typer.confirm(f"Write these {count} files?")


def _parameters(upgrade: "Upgrade") -> str:
    """Return what to do about new templates: their parameters come from the config."""
    if not any(each.path.parts[0] == "infrastructure" for each in upgrade.changes):
        return ""
    return ", then cloud-publisher policies parameters --out infrastructure/parameters"


def _document(folder: Path, upgrade: "Upgrade", *, done: bool) -> "JsonObject":
    return {
        "folder": str(folder),
        "written": done,
        "changes": [{"file": str(each.path), "change": each.kind.value} for each in upgrade.changes],
        "kept": [*upgrade.kept],
    }
