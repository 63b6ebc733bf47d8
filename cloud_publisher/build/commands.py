"""Runs a build's command: shows its output at once, limits its time, and ends all its processes."""

import os
import signal
import subprocess
import threading
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from cloud_publisher.build.interrupts import InterruptsHeldBack
from cloud_publisher.errors import BuildFailedError

_LAST_LINES = 20
_LONGEST_LINE = 2000
_GRACE = 5.0
"""Seconds between SIGTERM and SIGKILL, and for the rest of the output after the end."""


def run_command(
    command: Sequence[str],
    *,
    folder: Path,
    environment: Mapping[str, str],
    timeout: float,
    on_line: Callable[[str], None],
    whose: str,
    remedy: str = "correct the command or what it runs; nothing was uploaded",
) -> None:
    """Run ``command`` (arguments, no shell) in ``folder``; ``on_line`` is called with each line of its output.

    ``whose`` names the component in errors. Raises ``BuildFailedError`` if the command cannot be started, fails (with
    its last lines), or takes longer than ``timeout`` seconds.
    """
    shown = " ".join(command)
    lines: deque[str] = deque(maxlen=_LAST_LINES)
    with InterruptsHeldBack() as interrupts:
        try:
            process = subprocess.Popen(
                list(command),
                cwd=folder,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            raise BuildFailedError(
                f"{whose}: cannot run {shown!r} in {folder}: {error.strerror}",
                "name a program that is installed where the build runs, or a script with its interpreter first",
            ) from error
        reader = threading.Thread(target=_read, args=(process, lines, on_line), name=f"output of {whose}", daemon=True)
        try:
            reader.start()
            with interrupts.let_in():
                code = process.wait(timeout=timeout)
        except subprocess.TimeoutExpired:
            raise BuildFailedError(
                f"{whose}: {shown!r} was not done after {timeout:g} s, and was ended{_ending(lines)}",
                "raise build.timeout, or find out what it waits for; nothing was uploaded",
            ) from None
        finally:
            # Also after a success and a Ctrl-C: a child left behind would write into folders that were removed.
            _end_group(process)
            reader.join(timeout=_GRACE)
    if code != 0:
        ended = f"ended with exit code {code}" if code > 0 else f"was ended by signal {-code}"
        raise BuildFailedError(f"{whose}: {shown!r} {ended}{_ending(lines)}", remedy)


def _read(process: "subprocess.Popen[bytes]", lines: deque[str], on_line: Callable[[str], None]) -> None:
    if process.stdout is None:
        return
    with process.stdout as stream:
        while raw := stream.readline(_LONGEST_LINE):
            line = raw.decode(errors="replace").rstrip()
            lines.append(line)
            on_line(line)


def _end_group(process: "subprocess.Popen[bytes]") -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except (ProcessLookupError, PermissionError):
            break
        try:
            process.wait(timeout=_GRACE)
        except subprocess.TimeoutExpired:
            continue
    process.wait(timeout=_GRACE)


def _ending(lines: deque[str]) -> str:
    return "; it printed nothing" if not lines else "; its last lines:\n" + "\n".join(f"    | {line}" for line in lines)
