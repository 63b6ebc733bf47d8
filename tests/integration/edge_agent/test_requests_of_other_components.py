"""Another component of the device asks on a local topic, by real IPC, and is answered; on both runtimes."""

import base64
import json
from collections.abc import Callable
from typing import Any

import cv2
import pytest

Devices = Callable[..., Any]
Eventually = Callable[..., Any]

ASKING = """\
import base64, json, pathlib, time
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import BinaryMessage, PublishMessage

answers = pathlib.Path("ANSWERS")
images = json.loads(pathlib.Path("IMAGES").read_text())
nucleus = GreengrassCoreIPCClientV2()

def heard(event):
    with answers.open("ab") as stream:
        stream.write(event.binary_message.message + b"\\n")

nucleus.subscribe_to_topic(topic="asks/reply", on_stream_event=heard)

def ask(payload):
    message = PublishMessage(binary_message=BinaryMessage(message=payload))
    nucleus.publish_to_topic(topic="asks", publish_message=message)

frames = [{"name": name, "data": data} for name, data in images.items()]
while not answers.exists():
    # Until the agent listens.
    ask(json.dumps({"request": "hello", "frames": frames[:1]}).encode())
    time.sleep(0.5)
ask(json.dumps({"request": "three", "frames": [*frames, {"name": "bad", "text": "no image"}]}).encode())
ask(base64.b64decode(images["bottom"]))
ask(b"{")
ask(json.dumps({"request": "r\\ud800", "frames": frames[:1]}).encode())
time.sleep(60)
"""


@pytest.mark.parametrize("runtime", ["classic", "lite"])
def test_another_component_asks_and_is_answered(
    device_of: Devices, runtime: str, write_model: Callable[..., Any], eventually: Eventually
) -> None:
    device = device_of(runtime)
    for add in (device.add_agent, device.add_desired):
        add()
    device.add_model("1.0.0")
    sources = {"line": {"type": "topic", "topic": "asks"}, "camera": {"type": "folder", "path": "images"}}
    done = device.deploy_release("1.0.0", sources=sources)
    assert done.returncode == 0, done.stderr + device.log()
    answers, images = device.folder / "answers.jsonl", device.folder / "asked.json"
    golden = write_model(device.folder / "golden") / "golden"
    encoded = {label: _base64(golden / f"{label}.png") for label in ("top", "bottom")}
    images.write_text(json.dumps(encoded), encoding="utf-8")
    asking = device.add_asking(ASKING.replace("ANSWERS", str(answers)).replace("IMAGES", str(images)))
    done = device.deploy(asking)
    assert done.returncode == 0, done.stderr

    def answered() -> list[dict[str, Any]]:
        lines = answers.read_text("utf-8").splitlines() if answers.exists() else []
        found = [json.loads(line) for line in lines]
        others = [each for each in found if each.get("request") != "hello"]
        return others if len(others) >= 4 else []

    three, odd, alone, refused = sorted(eventually(answered, what="the answers"), key=_order)
    assert [each["output"]["label"] for each in three["predictions"]] == ["top", "bottom"]
    assert {each["version"] for each in three["predictions"]} == {"1.0.0"}
    assert [each["frame"] for each in three["errors"]] == ["bad"]
    assert [each["output"]["label"] for each in alone["predictions"]] == ["bottom"]
    assert "Invalid JSON" in refused["errors"][0]["error"]
    # A lone surrogate is no text that anybody could be answered with, but as the escape that it came as.
    assert odd["request"] == "r\ud800"
    assert "Invalid JSON" in odd["errors"][0]["error"]
    # The other source of the same model goes on beside it.
    device.feed("a.png", "top")
    assert device.prediction_of("a.png")["output"]["label"] == "top"


def _order(answer: dict[str, Any]) -> int:
    names = {"three": 0, "r\ud800": 1}
    return names.get(answer.get("request", ""), 2 if answer["predictions"] else 3)


def _base64(path: Any) -> str:
    assert cv2.imread(str(path)) is not None
    return base64.b64encode(path.read_bytes()).decode()
