"""Whoever kills control kills template and workers with it: nothing of a component is left."""

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import onnx
import psutil
import pytest
from onnx import TensorProto, helper

from ..edge_agent.halves import write_model


def endless(folder: Path) -> Path:
    """Write a model that never answers."""
    model = onnx.load(write_model(folder) / "halves.onnx")
    body = helper.make_graph(
        [helper.make_node("Identity", ["before"], ["after"]), helper.make_node("Identity", ["in"], ["out"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("before", TensorProto.BOOL, []),
            helper.make_tensor_value_info("in", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("after", TensorProto.BOOL, []),
            helper.make_tensor_value_info("out", TensorProto.FLOAT, None),
        ],
    )
    model.graph.node[-1].output[0] = "sums"
    model.graph.initializer.append(helper.make_tensor("true", TensorProto.BOOL, [], [True]))
    model.graph.node.append(helper.make_node("Loop", ["", "true", "sums"], ["scores"], body=body))
    onnx.save(model, folder / "halves.onnx")
    manifest = folder / "model.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("timeout: 30", "timeout: 300"), "utf-8")
    return folder


Vetting = Callable[[Path], tuple["subprocess.Popen[bytes]", list[psutil.Process]]]


@pytest.fixture(name="vetting")
def vetting_fixture() -> Iterator[Vetting]:
    started: list[subprocess.Popen[bytes]] = []

    def start(folder: Path) -> tuple[subprocess.Popen[bytes], list[psutil.Process]]:
        words = [sys.executable, "-m", "edge_agent", "check", str(endless(folder))]
        started.append(subprocess.Popen(words, stdout=subprocess.DEVNULL))
        return started[0], processes_of(started[0])

    yield start
    for check in started:
        check.kill()
        check.wait()


def processes_of(check: "subprocess.Popen[bytes]") -> list[psutil.Process]:
    """Return template and worker, once the worker vets."""
    ends = time.monotonic() + 90
    while not any(each.name() == "edge-worker" and in_its_loop(each) for each in psutil.Process(check.pid).children()):
        assert time.monotonic() < ends
        assert check.poll() is None
        time.sleep(0.02)
    below = psutil.Process(check.pid).children()
    assert {each.name() for each in below} == {"edge-template", "edge-worker"}
    return below


def in_its_loop(worker: psutil.Process) -> bool:
    """Whether it is beyond what it does before: an earlier one ends when it cannot report any more."""
    spent = worker.cpu_times()
    return bool(spent.user + spent.system > 0.7)


def test_a_killed_control_takes_template_and_worker_along(vetting: Vetting, tmp_path: Path) -> None:
    check, below = vetting(tmp_path / "endless")
    check.kill()
    check.wait()
    gone, alive = psutil.wait_procs(below, timeout=5)
    assert alive == []
    assert len(gone) == 2


def test_a_killed_worker_is_a_refusal_and_a_killed_template_is_none(vetting: Vetting, tmp_path: Path) -> None:
    check, below = vetting(tmp_path / "endless")
    template, worker = sorted(below, key=lambda each: each.name())
    template.kill()
    worker.kill()
    assert check.wait(20) == 5
    assert psutil.wait_procs(below, timeout=5)[1] == []


def test_control_ends_both_when_it_is_interrupted(vetting: Vetting, tmp_path: Path) -> None:
    check, below = vetting(tmp_path / "endless")
    check.send_signal(signal.SIGINT)
    check.wait(20)
    assert psutil.wait_procs(below, timeout=5)[1] == []
