"""The agent survives a frame that hangs, a busy line, a full disk, and a work folder that it cannot write."""

import json
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import psutil
from onnx import TensorProto, helper

Devices = Callable[..., Any]
Eventually = Callable[..., Any]


TELLING = """\
import pathlib, time
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import BinaryMessage, PublishMessage

nucleus = GreengrassCoreIPCClientV2()
said = b""
while True:
    now = pathlib.Path("SAID").read_bytes()
    if now and now != said:
        message = PublishMessage(binary_message=BinaryMessage(message=now))
        nucleus.publish_to_topic(topic="line/busy", publish_message=message)
        said = now
    time.sleep(0.1)
"""


def hang_on_white(model: Path) -> None:
    """Spoil a model so that it never comes back from an all-white image; its golden samples do not show it."""
    loaded = onnx.load(model / "halves.onnx")
    body = helper.make_graph(
        [helper.make_node("Identity", ["again"], ["go"]), helper.make_node("Identity", ["in"], ["out"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, []),
            helper.make_tensor_value_info("again", TensorProto.BOOL, []),
            helper.make_tensor_value_info("in", TensorProto.FLOAT, None),
        ],
        [
            helper.make_tensor_value_info("go", TensorProto.BOOL, []),
            helper.make_tensor_value_info("out", TensorProto.FLOAT, None),
        ],
    )
    graph = loaded.graph
    graph.node[-1].output[0] = "sums"
    graph.initializer.append(helper.make_tensor("most", TensorProto.FLOAT, [], [0.75]))
    graph.node.extend(
        [
            helper.make_node("ReduceMean", ["image"], ["mean"], keepdims=0),
            helper.make_node("Greater", ["mean", "most"], ["white"]),
            helper.make_node("Loop", ["", "white", "sums"], ["scores"], body=body),
        ]
    )
    onnx.save(loaded, model / "halves.onnx")


def first_release(device: Any, **settings: Any) -> int:
    device.add_agent()
    device.add_desired()
    device.add_model("1.0.0")
    done = device.deploy_release("1.0.0", **settings)
    assert done.returncode == 0, done.stderr + device.log()
    device.serves("1.0.0")
    pid: int = device.component()["pid"]
    return pid


def test_a_frame_that_hangs_in_the_model_is_reported_and_set_aside_and_the_agent_starts_anew(
    device_of: Devices, eventually: Eventually
) -> None:
    device = device_of("lite")
    device.add_agent()
    device.add_desired()
    device.add_model("1.0.0", spoil=hang_on_white)
    assert device.deploy_release("1.0.0", watchdog={"limit": "1"}).returncode == 0
    device.serves("1.0.0")
    pid = device.component()["pid"]
    images = device.work / "images"
    images.mkdir(exist_ok=True)
    (images / ".white.png").write_bytes(cv2.imencode(".png", np.full((8, 8), 255, np.uint8))[1].tobytes())
    (images / ".white.png").rename(images / "white.png")
    eventually(lambda: "hung: ending, so that the nucleus restarts the agent" in device.log(), what="the report")
    assert 'state state=ERRORED why="white.png of the source camera has been in the model' in device.log()
    eventually(lambda: device.component().get("pid") not in {pid, None}, what="the agent's new process")
    # The frame does not hang the next process too.
    assert (device.work / "images.unreadable" / "white.png").exists()
    device.feed("after.png", "top")
    assert device.prediction_of("after.png")["output"]["label"] == "top"


def test_a_deployment_waits_while_the_line_is_busy(device_of: Devices, eventually: Eventually) -> None:
    device = device_of("classic")
    first_release(device, busy={"file": "busy", "recheck": "1", "limit": "60"})
    (device.work / "busy").touch()
    device.add_model("2.0.0", sharpness=2.0)
    deploying = threading.Thread(target=lambda: device.deploy_release("2.0.0", busy={"file": "busy", "recheck": "1"}))
    deploying.start()
    try:
        eventually(lambda: device.log().count("update deferred") >= 2, what="the second deferral")
        assert "vetting model=halves version=2.0.0" not in device.log()
        (device.work / "busy").unlink()
        device.serves("2.0.0")
    finally:
        (device.work / "busy").unlink(missing_ok=True)
        deploying.join(60)


def test_a_deployment_waits_while_another_component_says_that_the_line_is_busy(
    device_of: Devices, eventually: Eventually
) -> None:
    device = device_of("classic")
    first_release(device, busy={"topic": "line/unheard"})
    degraded = 'state state=DEGRADED why="line/unheard is not heard: subscribe_to_topic is not allowed'
    eventually(lambda: degraded in device.log(), what="that there is no right to hear the topic")
    busy = {"topic": "line/busy", "recheck": "1", "limit": "60"}
    assert device.deploy_release("1.0.0", busy=busy).returncode == 0
    eventually(lambda: 'subscribed to="local line/busy"' in device.log(), what="the subscription")
    (device.folder / "said").touch()
    telling = device.add_asking(TELLING.replace("SAID", str(device.folder / "said")))
    assert device.deploy(telling).returncode == 0
    (device.folder / "said").write_text('{"busy": true}')
    eventually(lambda: 'msg="line busy" topic=line/busy' in device.log(), what="the word")
    device.add_model("2.0.0", sharpness=2.0)
    deploying = threading.Thread(target=lambda: device.deploy_release("2.0.0", busy=busy))
    deploying.start()
    try:
        # Said once only: the last word counts until the next.
        eventually(lambda: device.log().count("update deferred") >= 2, what="the second deferral")
        assert "vetting model=halves version=2.0.0" not in device.log()
        (device.folder / "said").write_text('{"busy": false}')
        device.serves("2.0.0")
    finally:
        (device.folder / "said").write_text('{"busy": false}')
        deploying.join(60)


def test_with_no_room_on_the_disk_no_frame_is_lost_or_doubled_and_the_health_says_so(
    device_of: Devices, eventually: Eventually
) -> None:
    device = device_of("lite")
    device.work.mkdir(parents=True)
    # Longer than the log will be, which the limit below must not stop too.
    earlier = 20_000 * '{"frame": "earlier"}\n'
    (device.work / "predictions.jsonl").write_text(earlier, encoding="utf-8")
    pid = first_release(device)
    device.feed("before.png", "top")
    device.prediction_of("before.png")
    # This file may not grow: what a write on a full disk runs into.
    process = psutil.Process(pid)
    soft, hard = process.rlimit(psutil.RLIMIT_FSIZE)
    process.rlimit(psutil.RLIMIT_FSIZE, ((device.work / "predictions.jsonl").stat().st_size + 10, hard))
    for number in range(5):
        device.feed(f"{number}.png", "top" if number % 2 else "bottom")
    eventually(lambda: 'state=DEGRADED why="' in device.log(), what="DEGRADED")
    assert "predictions.jsonl cannot be written (File too large)" in device.log()
    process.rlimit(psutil.RLIMIT_FSIZE, (soft, hard))
    for number in range(5):
        assert device.prediction_of(f"{number}.png")["output"]["label"] == ("bottom", "top")[number % 2]
    eventually(lambda: device.log().rstrip().count("state state=SERVING") >= 2, what="SERVING again")
    time.sleep(0.2)
    assert len(device.predictions()) == 20_006
    assert device.component()["pid"] == pid


def test_an_agent_whose_work_folder_cannot_be_written_vets_serves_and_says_so(
    device_of: Devices, eventually: Eventually
) -> None:
    device = device_of("lite")
    device.work.mkdir(parents=True)
    (device.work / "state").write_text("a file where the folder should be", encoding="utf-8")
    pid = first_release(device)
    device.add_model("2.0.0", sharpness=2.0)
    assert device.deploy_release("2.0.0").returncode == 0
    device.serves("2.0.0")
    device.feed("a.png", "bottom")
    assert device.prediction_of("a.png")["version"] == "2.0.0"
    eventually(lambda: "state cannot be written" in json.dumps(device.log()), what="the trouble in the log")
    assert "state state=DEGRADED" in device.log()
    assert device.component()["pid"] == pid


def test_a_model_that_finds_no_room_is_refused_for_the_disk_and_serves_once_there_is_room(
    device_of: Devices, eventually: Eventually
) -> None:
    """The last good one serves meanwhile, and no verdict stays on the model."""
    device = device_of("lite")
    pid = first_release(device)
    larger = os.urandom(3 << 20)
    device.add_model("2.0.0", sharpness=2.0, spoil=lambda model: (model / "notes.bin").write_bytes(larger))
    process = psutil.Process(pid)
    soft, hard = process.rlimit(psutil.RLIMIT_FSIZE)
    # No file of the agent may get larger: the copy runs into what a full disk says. Its log stays far below.
    process.rlimit(psutil.RLIMIT_FSIZE, (2 << 20, hard))
    assert device.deploy_release("2.0.0").returncode == 0
    eventually(lambda: "verdict=REJECTED reason=disk" in device.log(), what="the refusal")
    device.feed("meanwhile.png", "top")
    assert device.prediction_of("meanwhile.png")["version"] == "1.0.0"
    copies = device.work / "state" / "copies"
    assert not copies.exists() or list(copies.iterdir()) == []
    process.rlimit(psutil.RLIMIT_FSIZE, (soft, hard))
    assert device.deploy_release("2.0.0").returncode == 0
    device.serves("2.0.0")
    assert device.component()["pid"] == pid


def test_a_template_or_a_worker_that_is_killed_costs_the_agent_nothing(
    device_of: Devices, eventually: Eventually
) -> None:
    device = device_of("lite")
    pid = first_release(device)
    (template,) = [each for each in psutil.Process(pid).children() if each.name() == "edge-template"]
    template.kill()
    device.add_model("2.0.0", sharpness=2.0)
    assert device.deploy_release("2.0.0").returncode == 0
    device.serves("2.0.0")
    assert device.component()["pid"] == pid
    # Once its agent is gone, nothing of it is left.
    below = psutil.Process(pid).children()
    assert {each.name() for each in below} == {"edge-template"}
    psutil.Process(pid).kill()
    assert psutil.wait_procs(below, timeout=5)[1] == []
