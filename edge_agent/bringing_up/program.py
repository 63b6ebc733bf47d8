"""The program's three commands: ``install`` and ``start``, classic's two steps, and ``run``, lite's only one.

If there is nothing to install, ``start`` and ``run`` become the agent, in the process that the nucleus has started.
"""

import os
import sys
from typing import NoReturn

from edge_agent.bringing_up.decisions import Keep, Serve, folder_of, next_step
from edge_agent.bringing_up.lines import tell
from edge_agent.bringing_up.standing import (
    Wanted,
    fingerprint,
    standing_in,
)
from edge_agent.bringing_up.switching import become, forget_trial, say_not_installed, say_nothing, switch_to

_USAGE = "usage: bringing_up install | start | run SECONDS"


def main(arguments: list[str], artifact: str) -> NoReturn:
    """Run a command. ``artifact`` is the unpacked zip, ``…/<version>/<stem>``; the work folder is the current one."""
    work = os.getcwd()
    wanted = Wanted(os.path.basename(os.path.dirname(artifact)), _fingerprint(artifact))
    match arguments:
        case ["install"]:
            sys.exit(_install(work, artifact, wanted))
        case ["install", "--beside", keep]:
            sys.exit(_install(work, artifact, wanted, keep))
        case ["start"]:
            _start(work, wanted)
        case ["run", seconds] if seconds.isdigit():
            _run(work, artifact, wanted, int(seconds))
        case _:
            sys.stderr.write(f"{_USAGE}\n")
            sys.exit(2)


def _fingerprint(artifact: str) -> str:
    """Return the artifact's fingerprint; empty if it cannot be read. Any folder of that version counts then."""
    try:
        return fingerprint(artifact)
    except OSError as error:
        tell("ERROR", "artifact unreadable", error=error)
        return ""


def _install(work: str, artifact: str, wanted: Wanted, keep: str | None = None) -> int:
    """Install the wanted version. With ``keep``, an agent serves beside, and standard output says why it failed."""
    standing = standing_in(work)
    if folder_of(standing, wanted) is not None:
        return 0
    from edge_agent.bringing_up.installing import make
    from edge_agent.errors import NotInstalledError

    try:
        make(work, artifact, wanted, standing, keep or standing.current)
    except NotInstalledError as error:
        tell("ERROR", "not installed", version=wanted.version, why=error)
        if keep is not None:
            sys.stdout.write(str(error))
        return 1
    return 0


def _start(work: str, wanted: Wanted) -> NoReturn:
    """Become the version that ``install`` made. Classic rolls back by itself, so no earlier version is needed."""
    standing = standing_in(work)
    folder = folder_of(standing, wanted)
    if folder is None:
        tell("ERROR", "not installed", version=wanted.version, why="its install step has not run to its end")
        sys.exit(1)
    if standing.current != folder:
        switch_to(work, folder)
    become(work, folder, standing)


def _run(work: str, artifact: str, wanted: Wanted, within: int) -> NoReturn:
    standing = standing_in(work)
    step = next_step(standing, wanted)
    if isinstance(step, Serve):
        if standing.current != step.folder:
            switch_to(work, step.folder)
        say_nothing(work)
        forget_trial(work)
        become(work, step.folder, standing)
    if isinstance(step, Keep):
        tell("WARNING", "the earlier version serves", wanted=wanted.version, why=step.words)
        say_not_installed(work, wanted.version, step.words)
        become(work, step.folder, standing)
    from edge_agent.bringing_up.parenting import Parent

    Parent(work, artifact, wanted, within).run(step)
