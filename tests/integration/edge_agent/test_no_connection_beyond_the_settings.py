"""An agent makes no look-up and no connection beyond what its settings name; onnxruntime 1.32 would send telemetry."""

import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
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
TRACED = ("-f", "-qq", "-e", "trace=%network,openat")
LOOK_UP = re.compile(r'"/etc/(?:resolv\.conf|hosts)"|"/(?:var/)?run/nscd/socket"')


def _why_not() -> str | None:
    if shutil.which("strace") is None:
        return "`apt-get install strace` has this test run"
    tried = subprocess.run(["strace", "-qq", "-o", "/dev/null", "true"], capture_output=True, text=True, check=False)
    return f"strace may not trace here: {tried.stderr.strip()[:200]}" if tried.returncode else None


pytestmark = pytest.mark.skipif((why := _why_not()) is not None, reason=why or "")


def networking(trace: Path) -> list[str]:
    """The trace's lines that reach, or prepare to reach, another machine or a name service."""
    lines = trace.read_text("utf-8", errors="replace").splitlines()
    return [line for line in lines if "AF_INET" in line or LOOK_UP.search(line)]


def connections(trace: Path) -> set[str]:
    """The local sockets that were connected to."""
    return set(re.findall(r'connect\(\d+, \{sa_family=AF_UNIX, sun_path="([^"]*)"', trace.read_text(errors="replace")))


def plain(home: Path) -> dict[str, str]:
    """This process's environment as a device's is: nothing in it turns telemetry off."""
    return {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"} | {"HOME": str(home)}


def test_without_a_nucleus_there_is_none(tmp_path: Path, write_model: WriteModel, eventually: Eventually) -> None:
    write_model(tmp_path / "model")
    (tmp_path / "line.yaml").write_text(CONFIG, "utf-8")
    (tmp_path / "home").mkdir()
    work, trace = tmp_path / "edge-agent-work", tmp_path / "trace"
    (work / "images").mkdir(parents=True)
    cv2.imwrite(str(work / "images" / "a.png"), half("top"))
    agent = [sys.executable, "-m", "edge_agent", "run", "--config", str(tmp_path / "line.yaml")]
    command = ["strace", *TRACED, "-o", str(trace), *agent]
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(command, stderr=log, env=plain(tmp_path / "home")) as run,
    ):
        try:
            eventually((work / "predictions.jsonl").is_file, within=60, what="a prediction")
            os.kill(int((work / "agent.pid").read_text("ascii")), signal.SIGTERM)
            assert run.wait(30) == 143
        finally:
            run.kill()
    assert "openat(" in trace.read_text(errors="replace")
    assert networking(trace) == []
    assert connections(trace) == set()
    assert list((tmp_path / "home").rglob("*")) == [], "onnxruntime's device id is in its user's home"


def test_check_makes_none(tmp_path: Path, write_model: WriteModel) -> None:
    write_model(tmp_path / "model")
    (tmp_path / "home").mkdir()
    trace = tmp_path / "trace"
    command = [
        "strace",
        *TRACED,
        "-o",
        str(trace),
        sys.executable,
        "-m",
        "edge_agent",
        "check",
        str(tmp_path / "model"),
    ]
    ran = subprocess.run(
        command, env=plain(tmp_path / "home"), capture_output=True, text=True, timeout=120, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert networking(trace) == []
    assert list((tmp_path / "home").rglob("*")) == []


@pytest.mark.parametrize("runtime", ["lite", "classic"])
def test_under_a_nucleus_the_only_connection_is_to_its_socket(
    device_of: Callable[..., Any], tmp_path: Path, runtime: str
) -> None:
    device, trace = device_of(runtime), tmp_path / "trace"
    traced = f"exec strace {' '.join(TRACED)} -o {trace} -- sh -c '\"$@\"' sh"
    device.add_agent(before=f"unset ORT_DISABLE_TELEMETRY; export HOME={tmp_path}; {traced}")
    device.add_desired()
    device.add_model("1.0.0")
    done = device.deploy_release("1.0.0")
    assert done.returncode == 0, done.stderr + device.log()
    device.serves("1.0.0")
    device.feed("a.png", "top")
    assert device.prediction_of("a.png")["output"]["label"] == "top"
    device.stop()
    assert networking(trace) == []
    assert not (tmp_path / ".cache").exists()
    (socket,) = connections(trace)
    assert Path(socket).is_relative_to(device.root)
