"""The agent itself as it is published, on both nuclei: a new version takes over under load, a bad one never does."""

import itertools
import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

Devices = Callable[..., Any]
Eventually = Callable[..., Any]


def _confirmed_by(device: Any) -> list[str]:
    said: dict[str, Any] = json.loads((device.work / "state/memory.json").read_text("utf-8"))
    found: list[str] = said["confirmed_by"]
    return found


@pytest.mark.parametrize("runtime", ["classic", "lite"])
def test_a_new_agent_takes_over_with_no_frame_lost_or_doubled_and_a_bad_one_gives_it_back(
    device_of: Devices, runtime: str, eventually: Eventually
) -> None:
    device = device_of(runtime)
    device.add_built_agent("1.0.0")
    device.add_desired()
    device.add_model("1.0.0")
    done = device.deploy_release("1.0.0")
    assert done.returncode == 0, done.stderr + device.log()
    device.serves("1.0.0")
    fed: list[str] = []
    stop = threading.Event()

    def feed() -> None:
        for number in itertools.count():
            if stop.is_set():
                return
            name = f"{number:05}.png"
            device.feed(name, "top")
            fed.append(name)
            time.sleep(0.05)

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        done = device.deploy(device.add_built_agent("1.1.0"))
        assert done.returncode == 0, done.stderr + device.log()
        eventually(lambda: _confirmed_by(device) == ["1.0.0", "1.1.0"], what="the new agent's confirmation")
        done = device.deploy(device.add_built_agent("1.2.0", "import sys; sys.exit(3)"))
        if runtime == "classic":
            assert "FAILED_ROLLBACK_COMPLETE" in done.stdout + done.stderr
        else:
            eventually(lambda: 'msg="given back" version=1.2.0 earlier=1.1.0' in device.log(), what="the way back")
        eventually(lambda: device.log().count("msg=starting version=1.1.0 ") == 2, what="the agent that came back")
        if runtime == "lite":
            said = 'msg=state state=DEGRADED why="agent 1.2.0 could not be brought up: it ended with 3 '
            eventually(lambda: said in device.log(), what="why the new one does not serve")
    finally:
        stop.set()
        feeder.join()
    eventually(lambda: len(device.predictions()) >= len(fed), what="a prediction for every scan")
    assert sorted(each["frame"] for each in device.predictions()) == fed
    assert "1.2.0" not in _confirmed_by(device)
    assert (device.work / "versions/current").readlink().name == "1.1.0"
