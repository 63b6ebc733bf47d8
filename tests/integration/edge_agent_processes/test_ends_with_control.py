"""Whoever kills control kills template and workers with it: nothing of a component is left."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import onnx
import psutil
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
    return folder


def vetting(folder: Path) -> tuple[subprocess.Popen[bytes], list[psutil.Process]]:
    """Start a vetting that never ends; return it with its template and its worker."""
    check = subprocess.Popen(
        [sys.executable, "-m", "edge_agent", "check", str(endless(folder))], stdout=subprocess.DEVNULL
    )
    ends = time.monotonic() + 30
    while not any(each.name() == "edge-worker" and in_its_loop(each) for each in psutil.Process(check.pid).children()):
        assert time.monotonic() < ends
        assert check.poll() is None
        time.sleep(0.02)
    below = psutil.Process(check.pid).children()
    assert {each.name() for each in below} == {"edge-template", "edge-worker"}
    return check, below


def in_its_loop(worker: psutil.Process) -> bool:
    """Whether it is beyond what it does before: an earlier one ends when it cannot report any more."""
    spent = worker.cpu_times()
    return bool(spent.user + spent.system > 1.0)


def test_a_killed_control_takes_template_and_worker_along(tmp_path: Path) -> None:
    check, below = vetting(tmp_path / "endless")
    check.kill()
    check.wait()
    gone, alive = psutil.wait_procs(below, timeout=5)
    assert alive == []
    assert len(gone) == 2


def test_a_killed_worker_is_a_refusal_and_a_killed_template_is_none(tmp_path: Path) -> None:
    check, below = vetting(tmp_path / "endless")
    template, worker = sorted(below, key=lambda each: each.name())
    template.kill()
    worker.kill()
    assert check.wait(20) == 5
    assert psutil.wait_procs(below, timeout=5)[1] == []


def test_control_ends_both_when_it_is_interrupted(tmp_path: Path) -> None:
    check, below = vetting(tmp_path / "endless")
    check.send_signal(signal.SIGINT)
    check.wait(20)
    assert psutil.wait_procs(below, timeout=5)[1] == []
