"""An agent that dies between a frame's line and the frame's removal: the next one doubles no line, and loses none."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = """
import os, signal, sys, time
from pathlib import Path
from types import SimpleNamespace
import numpy as np
from edge_agent.inference.loaded_model import LoadedModel
from edge_agent.pipeline.tally import Tally
from edge_agent.pipeline.worker import Worker
from edge_agent.serving.served_models import Target
from edge_agent.serving.served_models import ServedModels
from edge_agent.sinks.json_lines import JsonLinesFile
from edge_agent.sources.folder import ImageFolder
from edge_agent.tasks.task import BoundTask
from shared_schema.settings import FolderSource, JsonLinesSink

work, killed_at = Path(sys.argv[1]), sys.argv[2]

class Dies(ImageFolder):
    def done(self, frame, prediction=None):
        if frame.name == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)
        super().done(frame, prediction)

session = SimpleNamespace(get_outputs=lambda: [SimpleNamespace(name="y")], run=lambda names, feed: [feed["x"]])
task = BoundTask(lambda content, name: content, lambda _: {"x": np.zeros(1)}, lambda _, frame: {"is": frame.decode()})
served_models = ServedModels(lambda _: None)
served_models.swap(Target("m", "c", "1.0.0", "w" * 43, "1"), LoadedModel(work, None, session, task))
sink = JsonLinesFile(JsonLinesSink(), work)
worker = Worker("images", Dies(FolderSource(), work), [sink], served_models, lambda: "m", Tally())
worker.start()
while any(work.joinpath("images").glob("*")):
    time.sleep(0.01)
worker.stop_soon()
worker.join(10)
"""


def run(work: Path, killed_at: str = "") -> int:
    return subprocess.run([sys.executable, "-c", WORKER, str(work), killed_at], timeout=60, check=False).returncode


def lines(work: Path) -> list[tuple[str, str]]:
    text = (work / "predictions.jsonl").read_text("utf-8")
    return [(said["frame"], said["output"]["is"]) for said in map(json.loads, text.splitlines())]


@pytest.mark.parametrize("given", [False, True], ids=["as it was", "given to the component's user"])
@pytest.mark.parametrize("turned_over", [False, True], ids=["in the file", "turned over"])
def test_every_frame_has_one_line(tmp_path: Path, turned_over: bool, given: bool) -> None:
    images = tmp_path / "images"
    images.mkdir()
    for name in ("a", "b", "c"):
        (images / name).write_text(name)
    assert run(tmp_path, "b") == -signal.SIGKILL
    assert {path.name for path in images.iterdir()} == {"b", "c"}, "b has its line, and is still there"
    before: list[tuple[str, str]] = []
    if turned_over:
        before = lines(tmp_path)
        (tmp_path / "predictions.jsonl").rename(tmp_path / "predictions.jsonl.1")
    if given:
        # A nucleus does so before it starts the agent again; like a change of owner, it sets the time of change.
        (images / "b").chmod(0o600)
    assert run(tmp_path) == 0
    assert before + lines(tmp_path) == [("a", "a"), ("b", "b"), ("c", "c")]


def test_another_picture_that_takes_the_name_meanwhile_has_a_line_of_its_own(tmp_path: Path) -> None:
    images = tmp_path / "images"
    images.mkdir()
    (images / "a").write_text("first")
    assert run(tmp_path, "a") == -signal.SIGKILL
    (images / "a").write_text("other")
    assert run(tmp_path) == 0
    assert lines(tmp_path) == [("a", "first"), ("a", "other")]
