"""Lite's daemons are restarted one by one and tell nobody what they forget: the agent misses nothing, and lives on."""

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import provision_device
from greengrass_emulator.devices.device_faults import restart_daemon

from .ear import ACCOUNT, Ear

Devices = Callable[..., Any]
Eventually = Callable[..., Any]

TELLING = """\
import itertools, json, time
from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import BinaryMessage, PublishMessage

nucleus = GreengrassCoreIPCClientV2()
for number in itertools.count():
    message = json.dumps({"busy": bool(number % 2)}).encode()
    nucleus.publish_to_topic(
        topic="line/busy", publish_message=PublishMessage(binary_message=BinaryMessage(message=message))
    )
    time.sleep(0.1)
"""


def first_release(device: Any, bounds: str, **settings: Any) -> int:
    device.add_agent(bounds=bounds)
    device.add_desired()
    device.add_model("1.0.0")
    done = device.deploy_release("1.0.0", **settings)
    assert done.returncode == 0, done.stderr + device.log()
    device.serves("1.0.0")
    pid: int = device.component()["pid"]
    return pid


def test_a_release_that_no_event_tells_of_is_found_by_looking(device_of: Devices) -> None:
    device = device_of("lite")
    often = {"reconcile": {"interval": "1"}}
    pid = first_release(device, "renewal=600.0", **often)
    restart_daemon(device.root, "ggconfigd")
    device.add_model("2.0.0", sharpness=2.0)
    assert device.deploy_release("2.0.0", **often).returncode == 0
    device.serves("2.0.0", within=60)
    assert device.component()["pid"] == pid


def test_a_subscription_to_configuration_is_renewed(device_of: Devices, eventually: Eventually) -> None:
    device = device_of("lite")
    seldom = {"reconcile": {"interval": "86400"}}
    pid = first_release(device, "renewal=2.0", **seldom)
    restart_daemon(device.root, "ggconfigd")
    renewed = device.log().count('subscribed to="desired configuration"')
    eventually(
        lambda: device.log().count('subscribed to="desired configuration"') > renewed + 1,
        within=60,
        what="the renewed stream",
    )
    device.add_model("2.0.0", sharpness=2.0)
    assert device.deploy_release("2.0.0", **seldom).returncode == 0
    device.serves("2.0.0", within=60)
    assert device.component()["pid"] == pid


def test_local_topics_are_heard_again(device_of: Devices, eventually: Eventually) -> None:
    device = device_of("lite")
    pid = first_release(device, "renewal=4.0, echo=3.0", busy={"topic": "line/busy"})
    assert device.deploy(device.add_asking(TELLING)).returncode == 0

    def heard() -> int:
        count: int = device.log().count('msg="line free"')
        return count

    eventually(lambda: heard() > 10, within=60, what="what is said")
    assert "subscribing anew" not in device.log(), "what is heard is left as it is"
    restart_daemon(device.root, "ggpubsubd")
    eventually(lambda: "the local echo did not come back" in device.log(), within=60, what="the silence")
    before = heard()
    eventually(lambda: heard() > before + 5, within=60, what="what is said, again")
    assert device.component()["pid"] == pid


def test_commands_are_heard_again(
    device_of: Devices, greengrass_cloud: Cloud, tmp_path: Path, eventually: Eventually
) -> None:
    thing = f"t{uuid.uuid4().hex[:8]}"
    ear = Ear(greengrass_cloud, tmp_path, thing)
    try:
        folder = provision_device(greengrass_cloud, tmp_path / thing, account=ACCOUNT, thing=thing)
        device = device_of("lite", folder)
        pid = first_release(device, "renewal=6.0, echo=3.0")
        said = len(eventually(lambda: ear.on("/echo"), within=60, what="the first echo"))
        eventually(
            lambda: len(ear.on("/echo")) > said, within=60, what="the next, which is said once the first was heard"
        )
        # Well after it: a connection that is lost right after an echo stops it.
        time.sleep(3.5)
        restart_daemon(device.root, "iotcored")
        eventually(lambda: "the cloud's echo did not come back" in device.log(), within=60, what="the silence")
        ear.command("report", request="r-1")
        reply = eventually(lambda: ear.replies("report"), within=60, what="the reply")[0]
        assert reply.request == "r-1"
        # The old stream has ended: what comes on the new one comes once.
        ear.command("report", request="r-2")
        eventually(lambda: len(ear.replies("report")) > 1, within=60, what="the second reply")
        time.sleep(0.5)
        assert [each.request for each in ear.replies("report")] == ["r-1", "r-2"]
        assert device.component()["pid"] == pid
    finally:
        ear.close()


def test_a_token_that_is_refused_is_replaced_and_no_frame_in_flight_is_lost(
    device_of: Devices, eventually: Eventually
) -> None:
    device = device_of("lite")
    pid = first_release(device, "")
    names: list[str] = []
    stop = threading.Event()

    def feed() -> None:
        while not stop.wait(0.01):
            names.append(f"f{len(names)}.png")
            device.feed(names[-1], "top")

    feeding = threading.Thread(target=feed)
    feeding.start()
    try:
        eventually(lambda: len(device.predictions()) > 20, within=60, what="frames")
        restart_daemon(device.root, "ggipcd")
        eventually(lambda: "did not know our token any more" in device.log(), within=60, what="another token")
        device.add_model("2.0.0", sharpness=2.0)
        assert device.deploy_release("2.0.0").returncode == 0
        device.serves("2.0.0", within=60)
    finally:
        stop.set()
        feeding.join(10)
    eventually(lambda: len(device.predictions()) >= len(names), within=60, what="the last frames")
    assert Counter(each["frame"] for each in device.predictions()) == Counter(names)
    assert device.component()["pid"] == pid
