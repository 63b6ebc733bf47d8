"""``edge-agent run --config FILE``: the same agent with no nucleus, which follows a file and its models' folders."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

WriteModel = Callable[..., Path]
Eventually = Callable[..., Any]

CONFIG = """\
application: line
thing: bench-1
models:
  halves: {folder: models/halves}
settings:
  health: {interval: 1}
  sources: {camera: {path: images}}
  sinks: {file: {type: json-lines}, look: {type: annotated-images, rate: 100}}
  hard-samples: {share: 1}
"""


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Callable[[Path], subprocess.Popen[str]]]:
    processes: list[subprocess.Popen[str]] = []

    def start(config: Path) -> subprocess.Popen[str]:
        words = [sys.executable, "-m", "edge_agent", "run", "--config", str(config)]
        with (tmp_path / "log").open("w") as log:
            process = subprocess.Popen(words, stderr=log, text=True)
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            process.kill()
            process.wait(10)


def lines(work: Path) -> list[dict[str, Any]]:
    path = work / "predictions.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def feed(work: Path, name: str) -> None:
    image = np.zeros((8, 8), np.uint8)
    image[:4] = 255
    (work / "images").mkdir(parents=True, exist_ok=True)
    cv2.imwrite(str(work / name), image)
    (work / name).rename(work / "images" / name)


def said(work: Path, kind: str) -> dict[str, Any]:
    path = work / "said" / f"{kind}.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return found


def test_the_file_is_applied_and_followed_without_a_nucleus(
    tmp_path: Path, write_model: WriteModel, running: Any, eventually: Eventually
) -> None:
    write_model(tmp_path / "models" / "halves")
    config, work = tmp_path / "line.yaml", tmp_path / "edge-agent-work"
    config.write_text(CONFIG, "utf-8")
    agent = running(config)
    feed(work, "a.png")
    (first,) = eventually(lambda: lines(work), what="the first prediction")
    assert (first["frame"], first["output"]["label"]) == ("a.png", "top")
    # What may be lost is written after what must not be.
    eventually(lambda: len(list((work / "annotated").glob("*a.jpg"))) == 1, what="the annotated image")
    kept = eventually(lambda: sorted((work / "hard-samples").glob("*.*g")), what="the hard sample")
    assert cv2.imread(str(kept[0]), cv2.IMREAD_GRAYSCALE).shape == (8, 8)
    eventually(lambda: said(work, "health").get("state") == "SERVING", what="health")
    # By the worker that has vetted the model.
    assert {"memory", "seccomp"} <= set(said(work, "health")["jail"])

    # A bad model in its place is refused, and the good one goes on.
    shutil.rmtree(tmp_path / "models" / "halves")
    write_model(tmp_path / "models" / "halves", sharpness=-1.0)
    eventually(lambda: said(work, "confirmation").get("verdict") == "REJECTED", what="the refusal")
    feed(work, "b.png")
    assert eventually(lambda: lines(work)[1:], what="b.png")[0]["digest"] == first["digest"]

    # A better one, named by the file, takes its place in the same process.
    write_model(tmp_path / "models" / "better", sharpness=2.0)
    config.write_text("models: [", "utf-8")
    eventually(lambda: "config not taken" in (tmp_path / "log").read_text("utf-8"), what="the fault of the file")
    config.write_text(CONFIG.replace("models/halves", "models/better"), "utf-8")
    eventually(
        lambda: said(work, "confirmation").get("verdict") == "CONFIRMED" and said(work, "health")["state"] == "SERVING",
        what="the better model",
    )
    feed(work, "c.png")
    assert eventually(lambda: lines(work)[2:], what="c.png")[0]["digest"] != first["digest"]
    assert agent.poll() is None
    agent.send_signal(signal.SIGTERM)
    assert agent.wait(10) == 143


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "there is no such file"),
        ("models: {a: {foldr: x}}", "did you mean 'folder'?"),
        ("settings: {sources: {a: {type: vdeo}}}", "video"),
        ("[]", "line.yaml"),
    ],
)
def test_a_file_that_is_wrong_at_the_start_is_wrong_use(tmp_path: Path, text: str | None, words: str) -> None:
    config = tmp_path / "line.yaml"
    if text is not None:
        config.write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "edge_agent", "run", "--config", str(config)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_a_second_agent_on_a_work_folder_ends_at_once_and_names_the_first(
    tmp_path: Path, write_model: WriteModel, running: Any, eventually: Eventually
) -> None:
    write_model(tmp_path / "models" / "halves")
    config, work = tmp_path / "line.yaml", tmp_path / "edge-agent-work"
    config.write_text(CONFIG, "utf-8")
    agent = running(config)
    eventually(lambda: said(work, "health"), what="the first agent")
    words = [sys.executable, "-m", "edge_agent", "run", "--config", str(config)]
    second = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert second.returncode == 2
    assert f"{work} is the work folder of process {agent.pid}\n    stop it" in second.stderr
    assert agent.poll() is None
    agent.kill()
    agent.wait(10)
    third = running(config)
    feed(work, "a.png")
    eventually(lambda: lines(work), what="a prediction of the third, after the first was killed")
    assert third.poll() is None
