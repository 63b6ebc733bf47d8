"""Runs a buildspec file's phases as CodeBuild does, on this machine.

The rules are those of the "Build specification reference for CodeBuild" (version 0.2): all commands run in one shell,
so that a variable or a folder of one command is there for the next, in a later phase too; a phase ends at its first
failing command; `post_build` still runs when `build` failed, and nothing after a failure of `install` or `pre_build`;
`finally` always runs. Only what our buildspecs use is understood, and anything else is an error: if a key were
ignored, the rehearsal would accept what CodeBuild refuses.
"""

import os
import select
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from greengrass_emulator.interruption import ctrl_c_held_back
from pydantic import BaseModel, ConfigDict, Field

from shared_schema.documents import read_document

PHASES = ("install", "pre_build", "build", "post_build")
OVER_DEADLINE = 124
"""The exit code of a phase that took too long, as that of the command ``timeout``."""
_SECONDS_TO_END = 5.0
_SAYS = 9
"""The file descriptor by which the shell says which phase begins and ends."""


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Phase(_Part):
    """One phase: its commands, and those that run however they ended."""

    commands: Annotated[list[str], Field(min_length=1)]
    finally_: list[str] = Field(default_factory=list, alias="finally")


class Phases(_Part):
    """The four phases that CodeBuild knows."""

    install: Phase | None = None
    pre_build: Phase | None = None
    build: Phase | None = None
    post_build: Phase | None = None


class Environment(_Part):
    """Variables that the file sets; the project's own, which the caller passes, override them."""

    variables: dict[str, str] = Field(default_factory=dict)


class Artifacts(_Part):
    """Globs of the files that the next stage gets."""

    files: Annotated[list[str], Field(min_length=1)]


class Cache(_Part):
    """Globs of the files that the next build of the same project finds again."""

    paths: Annotated[list[str], Field(min_length=1)]


class Buildspec(_Part):
    """A buildspec file, version 0.2."""

    version: Annotated[float, Field(ge=0.2, le=0.2)]
    env: Environment = Field(default_factory=Environment)
    phases: Phases
    artifacts: Artifacts | None = None
    cache: Cache | None = None


@dataclass(frozen=True, slots=True)
class User:
    """Who runs a build's commands, if it is not this process's own user."""

    uid: int
    gid: int


@dataclass(frozen=True, slots=True)
class PhaseRun:
    """One phase's exit code, and its duration in seconds."""

    phase: str
    exit_code: int
    seconds: float


@dataclass(frozen=True, slots=True)
class BuildspecRun:
    """The result of a whole buildspec. ``log`` holds everything that the phases printed."""

    name: str
    log: Path
    phases: list[PhaseRun] = field(default_factory=list)

    @property
    def exit_code(self) -> int:
        """The exit code of the first phase that failed, or 0."""
        return next((run.exit_code for run in self.phases if run.exit_code), 0)

    @property
    def seconds(self) -> float:
        return sum(run.seconds for run in self.phases)


def read_buildspec(path: Path) -> Buildspec:
    """Read and check the file. Raises ``shared_schema.errors.DocumentError``."""
    return read_document(path, Buildspec).value


def run_buildspec(
    spec: Buildspec,
    *,
    name: str,
    folder: Path,
    environment: Mapping[str, str],
    log: Path,
    deadline: float,
    user: User | None = None,
) -> BuildspecRun:
    """Run the phases in ``folder``; all they print goes to ``log``. ``deadline``: seconds for the whole of it.

    A build over the deadline is ended, and the phase that it was in counts as exit code 124. A command that ends the
    shell itself (``exit 3``) fails its phase, and nothing comes after it. What the build leaves running ends with it.
    """
    ends = time.monotonic() + deadline
    log.parent.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        output = stack.enter_context(log.open("ab"))
        says, said = os.pipe()
        stack.callback(os.close, says)
        try:
            with ctrl_c_held_back():
                process = subprocess.Popen(
                    ["sh", "-c", _script(spec.phases, name)],
                    cwd=folder,
                    env={**spec.env.variables, **environment},
                    # The shell has no input. It says by this what begins and ends.
                    stdin=said,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    user=user.uid if user else None,
                    group=user.gid if user else None,
                    extra_groups=[] if user else None,
                )
                stack.callback(_end_group, process)
        finally:
            os.close(said)
        return BuildspecRun(name, log, _follow(process, says, ends))


def copy_artifacts(spec: Buildspec, source: Path, target: Path) -> None:
    """Copy the files that the globs name into a new folder, as CodePipeline hands them to the next stage."""
    for pattern in spec.artifacts.files if spec.artifacts else []:
        for path in sorted(source.glob(pattern)):
            if path.is_file() and "__pycache__" not in path.parts:
                to = target / path.relative_to(source)
                to.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(path, to)


def _present(phases: Phases) -> Iterator[tuple[str, Phase]]:
    for name in PHASES:
        phase: Phase | None = getattr(phases, name)
        if phase is not None:
            yield name, phase


def _script(phases: Phases, name: str) -> str:
    """Return the script of the one shell. CodeBuild has no ``-e``: a command's own exit code decides."""
    lines = [f"exec {_SAYS}>&0 </dev/null", "mlops_failed="]
    for phase_name, phase in _present(phases):
        allowed = '[ "${mlops_failed:-build}" = build ]' if phase_name == "post_build" else '[ -z "$mlops_failed" ]'
        lines += [
            f"if {allowed}; then",
            'if [ -z "$mlops_failed" ]; then CODEBUILD_BUILD_SUCCEEDING=1; else CODEBUILD_BUILD_SUCCEEDING=0; fi',
            "export CODEBUILD_BUILD_SUCCEEDING",
            f"printf '\\n[%s] phase %s\\n' {shlex.quote(name)} {phase_name}",
            f"echo begin {phase_name} 0 >&{_SAYS}",
            *_run_each(phase.commands, "mlops_code"),
            *_run_each(phase.finally_, "mlops_last"),
            '[ "$mlops_last" -eq 0 ] || mlops_code=$mlops_last',
            f'[ "$mlops_code" -eq 0 ] || mlops_failed="${{mlops_failed:-{phase_name}}}"',
            f'echo end {phase_name} "$mlops_code" >&{_SAYS}',
            "fi",
        ]
    return "\n".join(lines)


def _run_each(commands: list[str], code: str) -> Iterator[str]:
    yield f"{code}=0"
    for command in commands:
        yield f'if [ "${code}" -eq 0 ]; then eval {shlex.quote(command)} {_SAYS}>&-; {code}=$?; fi'


def _follow(process: "subprocess.Popen[bytes]", says: int, ends: float) -> list[PhaseRun]:
    """Read what the shell says until it ends, or until it is too late."""
    ended = os.pidfd_open(process.pid)
    text, runs, began = b"", [], dict[str, float]()
    try:
        while True:
            ready, _, _ = select.select([says, ended], [], [], max(0.0, ends - time.monotonic()))
            # A child that the shell has left may hold the other end; then there is no end of file.
            read = os.read(says, 4096) if says in ready else b""
            if not read:
                break
            *lines, text = (text + read).split(b"\n")
            for line in lines:
                what, phase, code = line.decode().split()
                if what == "begin":
                    began[phase] = time.monotonic()
                else:
                    runs.append(PhaseRun(phase, int(code), time.monotonic() - began.pop(phase)))
        select.select([ended], [], [], max(0.0, ends - time.monotonic()))
    finally:
        os.close(ended)
    ended_with = process.poll()
    for phase, at in began.items():
        failed = OVER_DEADLINE if ended_with is None else ended_with or 1
        runs.append(PhaseRun(phase, failed, time.monotonic() - at))
    return runs


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    """End all that the build started, also after Ctrl-C, and what it left running."""
    for number, patience in ((signal.SIGTERM, _SECONDS_TO_END), (signal.SIGKILL, None)):
        try:
            os.killpg(process.pid, number)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            continue
    process.wait()
