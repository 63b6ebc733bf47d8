"""The processes that a rehearsal runs: their environment, and the output of those that it waits for."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rehearsal.errors import RehearsalError

_TAIL = 3_000


def output_of(
    command: Sequence[str],
    *,
    name: str,
    remedy: str,
    seconds: float,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
    ends: int = 0,
) -> str:
    """Run a command to its end and return what it printed. ``ends``: the exit code that is expected.

    Raises ``RehearsalError`` with ``name``, its output and the ``remedy`` for another exit code, or if it takes longer
    than so many ``seconds``.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**process_environment(), **(environment or {})},
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        remedy = "see what else keeps this machine busy"
        raise RehearsalError(f"{name} was not done within {seconds:g} s", remedy) from error
    if done.returncode != ends:
        raise RehearsalError(f"{name} ended with {done.returncode}:\n{(done.stdout + done.stderr)[-_TAIL:]}", remedy)
    return done.stdout


def process_environment() -> dict[str, str]:
    """Return the environment for a stage's processes: this interpreter first on the path, and no variable of AWS's.

    A rehearsal must never use a developer's own AWS profile.
    """
    kept = {key: value for key, value in os.environ.items() if not key.startswith("AWS_")}
    return {
        **kept,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', os.defpath)}",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "PYTHONUNBUFFERED": "1",
    }
