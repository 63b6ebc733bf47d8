"""``cloud-publisher`` in this process, in a folder of the test's own."""

import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from cloud_publisher.cli.main import main
from cloud_publisher.initialising.own_wheels import own_wheel
from cloud_publisher.initialising.wheel_file import Wheel

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="session")
def built_once() -> Callable[[str], Wheel]:
    """Our wheels. This checkout does not change meanwhile, and setuptools takes two seconds for each wheel of it."""
    return functools.cache(own_wheel)


@pytest.fixture(autouse=True)
def wheels_are_built_once(monkeypatch: pytest.MonkeyPatch, built_once: Callable[[str], Wheel]) -> None:
    monkeypatch.setattr("cloud_publisher.initialising.tools.own_wheel", built_once)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Exit code, stdout and stderr of a command."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("ARTIFACT_BUCKET", raising=False)

    def command(*words: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["cloud-publisher", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return command
