"""The parent's side of vetting: starts the child, reads its reports, ends it after its timeout. Blocks its caller."""

import contextlib
import os
import select
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Final

from pydantic import ValidationError

from edge_agent.errors import VettingAbandonedError
from edge_agent.vetting.protocol import MOST_BYTES, Outcome, Report, Request, refused
from shared_schema.messages import Reason

UNTIL_MANIFEST: Final = 60.0
"""Seconds for start, digest and manifest, before the manifest's own time-out is known."""
LONGEST: Final = 900.0
_KEPT: Final = ("PATH", "PYTHONPATH", "HOME", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "TMPDIR")


def vet_in_child(
    folder: Path,
    digest: str | None = None,
    *,
    serving: Path | None = None,
    abandoned: threading.Event | None = None,
    update_golden: bool = False,
) -> Outcome:
    """Vet ``folder`` in a child process, which has ended when this returns or raises. Return the outcome.

    ``abandoned`` ends it early with ``VettingAbandonedError``. ``serving`` is the folder of what serves now.
    ``update_golden`` overwrites the outputs that golden samples expect with the model's answers.
    """
    request = Request(
        folder=str(folder.absolute()),
        digest=digest,
        serving=str(serving) if serving else None,
        update_golden=update_golden,
    )
    reading, writing = os.pipe()
    with contextlib.ExitStack() as closing:
        pipe = closing.enter_context(os.fdopen(reading, "rb", buffering=0))
        errors = closing.enter_context(tempfile.TemporaryFile())
        try:
            child = subprocess.Popen(
                # -P: do not import from the working folder.
                [
                    *(sys.executable, "-P", "-m", "edge_agent.vetting.child"),
                    *(str(writing), str(os.getpid()), request.model_dump_json()),
                ],
                stdin=subprocess.DEVNULL,
                stdout=errors,
                stderr=errors,
                env={name: os.environ[name] for name in _KEPT if name in os.environ},
                pass_fds=(writing,),
                # A process group, so that what it starts ends with it. No session: each has its own scheduling
                # group (sched(7), "The autogroup feature"), and nice values do not count between groups.
                process_group=0,
            )
        finally:
            os.close(writing)
        try:
            heard = _Heard()
            ending = _listen(pipe, heard, abandoned)
            return _judge(child, heard, ending, errors)
        finally:
            _end(child)


class _Heard:
    """What the child has reported so far, and its deadline."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.limit = UNTIL_MANIFEST
        self.step = "start"
        self.times: dict[str, float] = {}
        self.outcome: Outcome | None = None

    @property
    def deadline(self) -> float:
        return self.began + self.limit

    def take(self, line: bytes) -> None:
        report = Report.model_validate_json(line)
        match report.kind:
            case "began":
                self.step = report.step or self.step
            case "ended" if report.step:
                self.times[report.step] = report.ms or 0.0
            case "timeout":
                self.limit = min(report.timeout or self.limit, LONGEST)
            case "outcome":
                self.outcome = report.outcome
            case _:
                pass


def _listen(pipe: IO[bytes], heard: _Heard, abandoned: threading.Event | None) -> str:
    """Read reports until the end. Return how it came: ``"outcome"``, ``"died"``, ``"time"`` or ``"babble"``."""
    rest, total = b"", 0
    while heard.outcome is None:
        if abandoned is not None and abandoned.is_set():
            raise VettingAbandonedError("a later proposal ended this vetting")
        left = heard.deadline - time.monotonic()
        if left <= 0:
            return "time"
        if not select.select([pipe], [], [], min(left, 0.1))[0]:
            continue
        chunk = pipe.read(MOST_BYTES)
        if not chunk:
            return "died"
        total += len(chunk)
        *lines, rest = (rest + chunk).split(b"\n")
        try:
            for line in lines:
                heard.take(line)
        except ValidationError:
            return "babble"
        if total > MOST_BYTES:
            return "babble"
    return "outcome"


def _judge(child: "subprocess.Popen[bytes]", heard: _Heard, ending: str, errors: IO[bytes]) -> Outcome:
    if ending == "outcome" and heard.outcome is not None:
        return heard.outcome
    if ending == "time":
        return refused(
            Reason.TIMEOUT,
            f"{heard.step}: not done within {heard.limit:g} s; make the model faster, or raise vetting.timeout",
            heard.times,
        )
    if ending == "babble":
        return refused(Reason.LOAD, f"{heard.step}: the vetting child said what no child says", heard.times)
    try:
        code = child.wait(timeout=5)
    except subprocess.TimeoutExpired:
        return refused(Reason.TIMEOUT, f"{heard.step}: the vetting child closed its pipe and went on", heard.times)
    if code == -signal.SIGXCPU:
        words = f"{heard.step}: used up its CPU time; make the model faster, or raise vetting.timeout"
        return refused(Reason.TIMEOUT, words, heard.times)
    if code < 0:
        name = signal.Signals(-code).name
        why = " (the kernel does so when memory runs out)" if code == -signal.SIGKILL else ""
        words = f"{heard.step}: the model ended its process by {name}{why}; it would have ended the agent"
        return refused(Reason.SIGNAL, words, heard.times)
    return refused(Reason.LOAD, f"{heard.step}: the vetting child ended with {code}: {_tail(errors)}", heard.times)


def _end(child: "subprocess.Popen[bytes]") -> None:
    """Kill the whole process group, with all that the child started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()


def _tail(errors: IO[bytes]) -> str:
    errors.seek(0)
    lines = errors.read(MOST_BYTES).decode(errors="replace").strip().splitlines()
    return lines[-1][:300] if lines else "it said nothing"
