"""Gives tests the example's stages in a file that they may change, and the command line in this process."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from cloud_publisher.cli.main import main
from infra_policies import EXAMPLE


@dataclass(frozen=True, slots=True)
class Answer:
    """The exit code and the output of a command."""

    exit_code: int
    out: str
    err: str


Run = Callable[..., Answer]


@pytest.fixture
def publisher(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs ``cloud-publisher`` with the given words."""
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
    """Return the path of a copy of the example."""
    path = tmp_path / "greengrass-config.yml"
    path.write_text(EXAMPLE.read_text(encoding="utf-8"), encoding="utf-8")
    return path


@pytest.fixture
def edited(config: Path) -> Callable[[str, str], Path]:
    """Return a function that replaces a text everywhere in the example. The text must be there."""

    def edit(old: str, new: str) -> Path:
        text = config.read_text(encoding="utf-8")
        assert old in text
        config.write_text(text.replace(old, new), encoding="utf-8")
        return config

    return edit
