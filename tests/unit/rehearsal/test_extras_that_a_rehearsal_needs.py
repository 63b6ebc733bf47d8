"""`mlops-rehearsal run` in an environment without what its stages or devices need: it says which extras to install."""

import importlib.metadata
import sys
from pathlib import Path

import pytest

from rehearsal import needed_extras
from rehearsal.cli.main import main
from shared_schema.version import VERSION

REPOSITORY = Path(__file__).parents[3]


def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *missing: str) -> tuple[object, str]:
    """The exit code and what was said where these distributions are not installed."""

    def version(name: str) -> str:
        if name in missing:
            raise importlib.metadata.PackageNotFoundError(name)
        return importlib.metadata.version(name)

    monkeypatch.setattr(needed_extras, "version", version)
    monkeypatch.setattr(sys, "argv", ["mlops-rehearsal", "run", "--repository", str(REPOSITORY)])
    with pytest.raises(SystemExit) as ended:
        main()
    return ended.value.code, capsys.readouterr().err


def test_every_missing_extra_is_named_in_one_command_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = run(monkeypatch, capsys, "onnxruntime", "node-semver", "scikit-learn")
    assert code == 2
    assert f"needs node-semver, onnxruntime, scikit-learn, which is not installed in {sys.prefix}" in said
    assert f"-py3-none-any.whl './mlops_at_edge-{VERSION}-py3-none-any.whl[emulator,publisher,agent,digits]'" in said
    assert list(tmp_path.iterdir()) == []


def test_only_what_is_missing_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    code, said = run(monkeypatch, capsys, "onnxruntime")
    assert code == 2
    assert f"-py3-none-any.whl './mlops_at_edge-{VERSION}-py3-none-any.whl[emulator,agent]'" in said
