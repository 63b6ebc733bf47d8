"""``cloud-publisher`` in this process, in a folder of the test's own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cloud_publisher.cli.main import main

Run = Callable[..., tuple[int, str, str]]


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
