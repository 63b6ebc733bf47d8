"""The example's stages as a file that a test may change, and the command line in this process."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloud_publisher.cli.main import main
from infra_policies import EXAMPLE


@dataclass(frozen=True, slots=True)
class Answer:
    """How a command ended, and what it said."""

    exit_code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """``cloud-publisher`` with these words."""
    monkeypatch.delenv("ARTIFACT_BUCKET", raising=False)

    def run(*words: str | Path) -> Answer:
        monkeypatch.setattr(sys, "argv", ["cloud-publisher", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        code = ended.value.code
        return Answer(code if isinstance(code, int) else 0, said.out, said.err)

    return run


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The example, in a folder of the test's own."""
    path = tmp_path / "greengrass-config.yml"
    path.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    return path


@pytest.fixture
def edited(config: Path) -> Callable[[str, str], Path]:
    """The example with a text replaced wherever it stands; the text must be there."""

    def edit(old: str, new: str) -> Path:
        text = config.read_text(encoding="utf-8")
        assert old in text
        config.write_text(text.replace(old, new), encoding="utf-8")
        return config

    return edit
