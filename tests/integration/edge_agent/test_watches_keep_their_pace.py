"""What the agent looks at by itself does not wait for the next health message, which here is a day away."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from .test_left_alone_on_a_bad_day import hang_on_white

WriteModel = Callable[..., Path]
Eventually = Callable[..., Any]
CONFIG = """\
thing: bench-1
models: {halves: {folder: model}}
settings:
  health: {interval: 86400}
  reconcile: {interval: 86400}
  watchdog: {limit: 1}
  sources: {camera: {path: images}}
  sinks: {file: {type: json-lines}}
"""


@pytest.fixture
def work(tmp_path: Path, write_model: WriteModel, eventually: Eventually) -> Iterator[Path]:
    """The work folder of an agent that serves a model which never comes back from a white image."""
    hang_on_white(write_model(tmp_path / "model"))
    (tmp_path / "line.yaml").write_text(CONFIG, "utf-8")
    command = [sys.executable, "-m", "edge_agent", "run", "--config", str(tmp_path / "line.yaml")]
    folder = tmp_path / "edge-agent-work"
    with (tmp_path / "log").open("w") as log, subprocess.Popen(command, stderr=log) as agent:
        try:
            eventually(lambda: health(folder).get("state") == "SERVING", what="the agent")
            yield folder
        finally:
            agent.kill()


def health(work: Path) -> dict[str, Any]:
    path = work / "said" / "health.json"
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return found


def test_a_work_folder_that_cannot_be_written_is_reported_soon_and_so_is_its_end(
    work: Path, eventually: Eventually
) -> None:
    (work / "state").rename(work / "aside")
    (work / "state").write_text("a file where a folder should be")
    eventually(lambda: "state cannot be written" in health(work).get("why", ""), within=30, what="the trouble")
    (work / "state").unlink()
    (work / "aside").rename(work / "state")
    eventually(lambda: health(work)["state"] == "SERVING", within=30, what="the end of the trouble")


def test_a_frame_that_hangs_is_set_aside_soon(work: Path, eventually: Eventually) -> None:
    (work / "white.png").write_bytes(cv2.imencode(".png", np.full((8, 8), 255, np.uint8))[1].tobytes())
    (work / "white.png").rename(work / "images" / "white.png")
    eventually((work / "images.unreadable" / "white.png").exists, within=30, what="the frame set aside")
