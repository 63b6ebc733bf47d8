"""Runs a buildspec file's phases as CodeBuild does, on this machine.

The rules are those of the "Build specification reference for CodeBuild" (version 0.2): one shell for each phase;
a phase ends at its first failing command; `post_build` still runs when `build` failed, and nothing after a failure
of `install` or `pre_build`; `finally` always runs. Only what our buildspecs use is understood, and anything else is
an error: if a key were ignored, the rehearsal would accept what CodeBuild refuses.
"""

import os
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
_SECONDS_TO_END = 5.0


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
    """Globs of the files that CodeBuild keeps for the next build; here they stay where they are."""

    paths: Annotated[list[str], Field(min_length=1)]


class Buildspec(_Part):
    """A buildspec file, version 0.2."""

    version: Annotated[float, Field(ge=0.2, le=0.2)]
    env: Environment = Field(default_factory=Environment)
    phases: Phases
    artifacts: Artifacts | None = None
    cache: Cache | None = None


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
    spec: Buildspec, *, name: str, folder: Path, environment: Mapping[str, str], log: Path, deadline: float
) -> BuildspecRun:
    """Run the phases in ``folder``; all they print goes to ``log``. ``deadline``: seconds for the whole of it.

    A phase over the deadline is ended with its whole process group, and counts as exit code 124.
    """
    ends = time.monotonic() + deadline
    result = BuildspecRun(name, log)
    variables = {**spec.env.variables, **environment}
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        for phase_name, phase in _present(spec.phases):
            failed = {run.phase for run in result.phases if run.exit_code}
            if failed and not (phase_name == "post_build" and failed == {"build"}):
                break
            output.write(f"\n[{name}] phase {phase_name}\n".encode())
            output.flush()
            started = time.monotonic()
            code = _shell(phase.commands, folder, variables, output.fileno(), ends)
            if phase.finally_:
                code = _shell(phase.finally_, folder, variables, output.fileno(), ends) or code
            result.phases.append(PhaseRun(phase_name, code, time.monotonic() - started))
    return result


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


def _shell(commands: list[str], folder: Path, variables: Mapping[str, str], output: int, ends: float) -> int:
    with ExitStack() as stack:
        with ctrl_c_held_back():
            # `-e` ends the phase at its first failing command, and gives the phase that command's exit code.
            process = subprocess.Popen(
                ["sh", "-e", "-c", "\n".join(commands)],
                cwd=folder,
                env=dict(variables),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            stack.callback(_end_group, process)
        try:
            return process.wait(timeout=max(0.0, ends - time.monotonic()))
        except subprocess.TimeoutExpired:
            return 124


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End the phase's whole process group, also after Ctrl-C."""
    for number, patience in ((signal.SIGTERM, _SECONDS_TO_END), (signal.SIGKILL, None)):
        if process.poll() is not None:
            break
        os.killpg(process.pid, number)
        try:
            process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            continue
