"""The processes that a rehearsal runs: their environment, and the output of those that it waits for."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from rehearsal.errors import RehearsalError

_LAST_LINES = 20


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

    Raises ``RehearsalError`` with ``name``, its last lines and the ``remedy`` for another exit code, if it takes longer
    than so many ``seconds``, or if it cannot be started.
    """
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env={**process_environment(), **(environment or {})},
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
    except OSError as error:
        raise RehearsalError(f"{name} cannot be started: {error.strerror}", remedy) from error
    except subprocess.TimeoutExpired as error:
        remedy = "see what it waits for, or what else keeps this machine busy"
        said = _last_lines(*(_text(each) for each in (error.stdout, error.stderr)))
        raise RehearsalError(f"{name} was not done within {seconds:g} s{said}", remedy) from error
    if done.returncode != ends:
        code = done.returncode
        how = f"ended with exit code {code}" if code >= 0 else f"was ended by signal {-code}"
        raise RehearsalError(f"{name} {how}{_last_lines(done.stdout, done.stderr)}", remedy)
    return done.stdout


def _last_lines(*printed: str) -> str:
    """Return the end of what a command printed, marked as its words and not ours."""
    lines = "".join(printed).splitlines()[-_LAST_LINES:]
    return "; its last lines:\n" + "\n".join(f"    | {line}" for line in lines) if lines else "; it printed nothing"


def _text(printed: bytes | str | None) -> str:
    return printed.decode(errors="replace") if isinstance(printed, bytes) else printed or ""


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
