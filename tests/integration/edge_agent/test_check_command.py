"""``edge-agent check DIR`` on a laptop: what the device would say, its exit code, and clear words for wrong use."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
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
    problem, remedy = f"{tmp_path / 'nowhere'}: there is no such folder", "name the one that holds model.yaml"
    assert done.stderr == f"error: {problem}\n    {remedy}\n"


def test_a_folder_whose_name_is_no_utf8_is_wrong_use(tmp_path: Path, write_model: WriteModel) -> None:
    folder = write_model(tmp_path / "good").rename(tmp_path / os.fsdecode(b"k\xfcche"))
    done = edge_agent("check", str(folder))
    assert done.returncode == 2
    assert done.stderr == f"error: {tmp_path}/k\\xfcche: the name is no UTF-8\n    rename the folder\n"


def test_a_file_whose_name_is_no_utf8_is_refused_by_the_digest(tmp_path: Path, write_model: WriteModel) -> None:
    folder = write_model(tmp_path / "good")
    (folder / os.fsdecode(b"k\xfc.txt")).write_text("")
    done = edge_agent("check", str(folder))
    assert done.returncode == 5
    assert "rejected (digest): k\\xfc.txt: the name is no UTF-8; rename the file" in done.stdout


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


def test_expected_outputs_are_written_anew_on_demand(tmp_path: Path, write_model: WriteModel) -> None:
    folder = write_model(tmp_path / "drifted")
    manifest = folder / "model.yaml"
    label = "expect: {label: top, min-score: 0.9}"
    manifest.write_text(
        manifest.read_text("utf-8").replace(label, "expect: {outputs: {scores: golden/top.npy}}"), "utf-8"
    )
    np.save(folder / "golden" / "top.npy", np.array([[1.0, 0.0]], np.float32))
    assert edge_agent("check", str(folder)).returncode == 5
    done = edge_agent("check", str(folder), "--update-golden")
    assert done.returncode == 0, done.stdout
    assert done.stderr == f"{folder / 'golden' / 'top.npy'}: written anew\n"
    assert np.load(folder / "golden" / "top.npy").tolist() == [[32.0, 0.0]]
    assert f"model digest {model_digest_of_folder(folder)}" in done.stdout
    assert "as it was" in edge_agent("check", str(folder), "--update-golden").stderr


def test_where_no_sample_expects_outputs_there_is_nothing_to_write_anew(
    tmp_path: Path, write_model: WriteModel
) -> None:
    done = edge_agent("check", str(write_model(tmp_path / "labels")), "--update-golden")
    assert done.returncode == 2
    assert "no golden sample expects outputs" in done.stderr
