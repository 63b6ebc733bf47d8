"""Fixtures that every test may ask for: one emulated cloud serves a whole session (moto has one memory a process)."""

import functools
import gc
import json
import os
import shutil
import signal
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import hypothesis
import pytest

# On a busy machine an example takes as long as it takes.
hypothesis.settings.register_profile("untimed", deadline=None)
hypothesis.settings.load_profile("untimed")

# Some tests import onnxruntime themselves: it sends telemetry otherwise.
os.environ["ORT_DISABLE_TELEMETRY"] = "1"


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.out)
        return document


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Garbage is not looked for while 2,700 tests are made, which all live until the end, nor among them later."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@pytest.fixture(scope="session", autouse=True)
def shared_loader() -> Iterator[None]:
    """Every command and client makes a session of its own, which would read the service models (0.3 s) each time."""
    from botocore import loaders

    read_once = functools.cache(loaders.create_loader)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("botocore.session.create_loader", read_once)
        yield


@pytest.fixture
def cloud_publisher(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs ``cloud-publisher`` with these words, in this process, under nobody's role and for no target."""
    from cloud_publisher.cli.main import main

    for name in ("ROLE_TARGET", "EXTERNAL_ID", "AWS_PROFILE", "TARGET_ARN", "CANARY"):
        monkeypatch.delenv(name, raising=False)

    def command(*words: str) -> Ran:
        monkeypatch.setattr("sys.argv", ["cloud-publisher", *words])
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capfd.readouterr()
        return Ran(int(ended.value.code or 0), out, err)

    return command


@pytest.fixture
def ctrl_c_raises() -> Iterator[None]:
    """Ctrl-C raises KeyboardInterrupt in this process, also where it is ignored: under cron, or in the background."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says which MQTT brokers the tests had: Mosquitto takes part where it is installed, and nothing is skipped."""
    there = shutil.which("mosquitto", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/usr/local/sbin")
    words = "amqtt and mosquitto" if there else "amqtt only; `apt-get install mosquitto` has them run on both"
    terminalreporter.write_line(f"MQTT brokers of the tests: {words}")
