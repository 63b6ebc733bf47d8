"""``edge-agent check DIR`` on a laptop: what the device would say, its exit code, and clear words for wrong use."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from shared_schema.digests import model_digest_of_folder

WriteModel = Callable[..., Path]


def edge_agent(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "edge_agent", *words], capture_output=True, text=True, timeout=60, check=False
    )


def test_a_good_model_is_shown_step_by_step(tmp_path: Path, write_model: WriteModel) -> None:
    folder = write_model(tmp_path / "good")
    done = edge_agent("check", str(folder))
    assert done.returncode == 0
    assert all(step in done.stdout for step in ("digest", "manifest", "graph", "load", "warm-up", "golden", "cost"))
    assert f"model digest {model_digest_of_folder(folder)}" in done.stdout
    assert "accepted: an inference costs" in done.stdout


def test_a_bad_model_exits_5_and_says_why_as_json_too(tmp_path: Path, write_model: WriteModel) -> None:
    folder = write_model(tmp_path / "bad", sharpness=-1.0)
    shown = edge_agent("check", str(folder))
    assert shown.returncode == 5
    assert "rejected (golden): 0 of 2 golden samples agree" in shown.stdout
    as_json = edge_agent("check", str(folder), "--json")
    assert as_json.returncode == 5
    outcome = json.loads(as_json.stdout)
    assert (outcome["accepted"], outcome["reason"]) == (False, "golden")
    assert list(outcome["steps_ms"])[-1] == "golden"


def test_a_fault_in_the_manifest_names_file_line_and_remedy(tmp_path: Path, write_model: WriteModel) -> None:
    folder = write_model(tmp_path / "typo")
    manifest = folder / "model.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("preprocessing:", "preprocesing:"), "utf-8")
    done = edge_agent("check", str(folder))
    assert done.returncode == 5
    assert "model.yaml:4:1" in done.stdout
    assert "did you mean 'preprocessing'?" in done.stdout


def test_a_folder_that_is_not_there_is_wrong_use(tmp_path: Path) -> None:
    done = edge_agent("check", str(tmp_path / "nowhere"))
    assert done.returncode == 2
    assert (
        done.stderr == f"error: {tmp_path / 'nowhere'}: there is no such folder; name the one that holds model.yaml\n"
    )


def test_a_folder_without_a_manifest_is_wrong_use(tmp_path: Path) -> None:
    done = edge_agent("check", str(tmp_path))
    assert done.returncode == 2
    assert "has no model.yaml" in done.stderr


@pytest.mark.parametrize("words", [["chek"], ["check"], ["check", ".", "--jsn"]])
def test_a_misspelt_command_line_is_wrong_use(words: list[str]) -> None:
    assert edge_agent(*words).returncode == 2


def test_run_without_a_nucleus_is_wrong_use_with_a_remedy() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "edge_agent", "run"], capture_output=True, text=True, timeout=60, check=False, env={}
    )
    assert done.returncode == 2
    assert "use `edge-agent check` on a laptop" in done.stderr
    assert "Traceback" not in done.stderr
