"""Workers that behave as a corrupted one might. Imported by a template; the file `does` says which."""

import os
import signal
import sys
import time
from pathlib import Path
from typing import NoReturn

from edge_agent.processes.stream import framed, read_frame, write_all
from edge_agent.vetting.protocol import Report, Request


def work(stream: int) -> None:
    asked = read_frame(stream)
    if asked is None:
        return
    folder = Path(Request.model_validate_json(asked.header).folder)
    write_all(stream, framed(Report(kind="began", step="load").header()))
    {name: each for name, each in globals().items() if not name.startswith("_")}[(folder / "does").read_text()](stream)


def no_json(stream: int) -> NoReturn:
    write_all(stream, framed(b"\xff\x00{"))
    time.sleep(60)
    raise SystemExit


def no_report(stream: int) -> NoReturn:
    write_all(stream, framed(b'{"kind": "confession"}'))
    time.sleep(60)
    raise SystemExit


def a_gigabyte_announced(stream: int) -> NoReturn:
    write_all(stream, (2).to_bytes(4, "little") + (1 << 30).to_bytes(4, "little") + b"{}")
    time.sleep(60)
    raise SystemExit


def endless_reports(stream: int) -> NoReturn:
    while True:
        write_all(stream, framed(Report(kind="began", step="load").header()))


def silence(stream: int) -> NoReturn:
    write_all(stream, framed(Report(kind="timeout", timeout=1.0).header()))
    time.sleep(60)
    raise SystemExit


def exit_with_0(stream: int) -> NoReturn:
    os._exit(0)


def exit_with_words(stream: int) -> NoReturn:
    sys.exit("a last word")


def close_and_go_on(stream: int) -> NoReturn:
    os.close(stream)
    time.sleep(60)
    raise SystemExit


def abort(stream: int) -> NoReturn:
    os.abort()


def killed(stream: int) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise SystemExit


def half_a_message(stream: int) -> NoReturn:
    write_all(stream, framed(b'{"kind": "outcome"}')[:9])
    os._exit(0)


def a_digest_of_its_own(stream: int) -> NoReturn:
    steps = '{"load": 1, "lies": 2, "warm-up": 1e999}'
    outcome = f'{{"accepted": true, "digest": "{"A" * 43}", "tries": 9, "steps_ms": {steps}}}'
    write_all(stream, framed(f'{{"kind": "outcome", "outcome": {outcome}}}'.encode()))
    time.sleep(60)
    raise SystemExit
