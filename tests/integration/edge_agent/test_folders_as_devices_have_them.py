"""Folders whose files have names that are no UTF-8, and folders that the agent may not empty for a while."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from .halves import half

WriteModel = Callable[..., Path]
Eventually = Callable[..., Any]
CONFIG = """\
thing: bench-1
models: {halves: {folder: model}}
settings:
  sources: {camera: {path: images}}
  sinks: {file: {type: json-lines}}
"""
# Root may write everywhere, unless it is without this right.
AS_A_USER = ["setpriv", "--bounding-set=-dac_override,-dac_read_search"] if os.geteuid() == 0 else []
PICTURE = cv2.imencode(".png", half("top"))[1].tobytes()


class Agent:
    """Serves the folder's config, one process after the other."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.work = folder, folder / "edge-agent-work"
        self.images = self.work / "images"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [*AS_A_USER, sys.executable, "-m", "edge_agent", "run", "--config", str(self.folder / "line.yaml")]
        (self.work / "said" / "health.json").unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stderr=log)

    def stop(self, number: int) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(30)
            self.process = None

    def lines(self) -> list[str]:
        path = self.work / "predictions.jsonl"
        return [json.loads(line)["frame"] for line in path.read_bytes().splitlines()] if path.exists() else []

    def health(self) -> dict[str, Any]:
        path = self.work / "said" / "health.json"
        found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
        return found


@pytest.fixture
def agent(tmp_path: Path, write_model: WriteModel) -> Iterator[Agent]:
    write_model(tmp_path / "model")
    (tmp_path / "line.yaml").write_text(CONFIG, "utf-8")
    agent = Agent(tmp_path)
    agent.images.mkdir(parents=True)
    yield agent
    agent.images.chmod(0o755)
    agent.stop(signal.SIGKILL)


def test_a_name_that_is_no_utf8_is_a_name(agent: Agent, eventually: Eventually) -> None:
    names = {b"K\xfcche_1.png": PICTURE, b"K\xfcche_2.png": b"no image", "Küche_3.png".encode(): PICTURE}
    for name, content in names.items():
        Path(os.fsdecode(os.fsencode(agent.images) + b"/" + name)).write_bytes(content)
    agent.start()
    eventually(lambda: not [*agent.images.iterdir()], within=40, what="the files' end")
    (agent.work / "good.png").write_bytes(PICTURE)
    (agent.work / "good.png").rename(agent.images / "good.png")
    eventually(lambda: "good.png" in agent.lines(), what="the next picture")
    assert sorted(agent.lines()) == ["K\\xfcche_1.png", "Küche_3.png", "good.png"]
    assert [os.fsencode(each.name) for each in (agent.work / "images.unreadable").iterdir()] == [b"K\xfcche_2.png"]
    assert eventually(lambda: agent.health().get("lastError"), what="health").startswith("K\\xfcche_2.png: ")
    assert agent.process is not None
    assert agent.process.poll() is None


def test_a_folder_that_cannot_be_emptied_for_a_while_has_one_line_for_each_picture(
    agent: Agent, eventually: Eventually
) -> None:
    names = [f"r{number}.png" for number in range(6)]
    for name in names:
        (agent.images / name).write_bytes(PICTURE)
    agent.images.chmod(0o555)
    for number in (signal.SIGTERM, signal.SIGKILL):
        agent.start()
        eventually(lambda: len(agent.lines()) >= len(names), within=40, what="the predictions")
        eventually(lambda: "cannot be emptied" in agent.health().get("why", ""), within=40, what="the reason")
        assert agent.health()["state"] == "DEGRADED"
        agent.stop(number)
        assert sorted(agent.lines()) == names
    agent.start()
    eventually(lambda: agent.health().get("state") == "DEGRADED", within=40, what="the third process")
    agent.images.chmod(0o755)
    eventually(lambda: not [*agent.images.iterdir()], within=40, what="the empty folder")
    eventually(lambda: agent.health()["state"] == "SERVING", within=40, what="health")
    (agent.images / "new.png").write_bytes(PICTURE)
    eventually(lambda: "new.png" in agent.lines(), what="the next picture")
    assert sorted(agent.lines()) == sorted([*names, "new.png"])
