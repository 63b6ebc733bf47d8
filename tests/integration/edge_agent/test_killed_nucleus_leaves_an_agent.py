"""The nucleus is killed and leaves its agent running: the next one's takes the folder over, and no frame is lost."""

import os
import signal
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

Devices = Callable[..., Any]
Eventually = Callable[..., Any]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
def feeding() -> Callable[[Any], Any]:
    """Feed a device, a frame each 20 ms, until told to stop; the names that it was fed."""

    def feed(device: Any) -> Any:
        names: list[str] = []
        stop = threading.Event()

        def work() -> None:
            while not stop.wait(0.02):
                names.append(f"f{len(names)}.png")
                device.feed(names[-1], "top" if len(names) % 2 else "bottom")

        thread = threading.Thread(target=work)
        thread.start()

        def end() -> list[str]:
            stop.set()
            thread.join(10)
            return names

        return end

    return feed


def test_two_agents_on_one_folder_predict_every_frame_once_and_the_old_one_gives_way(
    device_of: Devices, eventually: Eventually, feeding: Callable[[Any], Any]
) -> None:
    device = device_of("classic")
    device.add_agent(bounds="alone=2.0")
    device.add_desired()
    device.add_model("1.0.0")
    assert device.deploy_release("1.0.0").returncode == 0, device.log()
    device.serves("1.0.0")
    old = device.component()["pid"]
    end = feeding(device)
    try:
        device.kill()
        eventually(lambda: "nucleus away: inferring on" in device.log(), within=60, what="the loss in the log")
        before = len(device.predictions())
        eventually(lambda: len(device.predictions()) > before + 20, within=60, what="frames without a nucleus")
        assert is_alive(old), "nobody asks: it stays"
        device.start()
        eventually(lambda: "another agent holds the work folder" in device.log(), within=60, what="the second agent")
        eventually(lambda: "giving way: another agent asks" in device.log(), within=60, what="the first one's end")
        eventually(
            lambda: not is_alive(old) and device.log().count("msg=running") == 2,
            within=60,
            what="RUNNING of the second",
        )
        device.add_model("2.0.0", sharpness=2.0)
        assert device.deploy_release("2.0.0").returncode == 0, device.log()
        device.serves("2.0.0", within=60)
        swapped = len(device.predictions())
        eventually(lambda: len(device.predictions()) > swapped + 20, within=60, what="frames with the new model")
    finally:
        names = end()
    eventually(lambda: len(device.predictions()) >= len(names), within=60, what="the last frames")
    said = device.predictions()
    assert Counter(each["frame"] for each in said) == Counter(names)
    versions = [each["version"] for each in said]
    assert versions == sorted(versions), "the model of before predicted after the other"
    assert set(versions[swapped:]) == {"2.0.0"}


def test_who_gets_no_folder_reads_no_source_and_ends_with_1(device_of: Devices, eventually: Eventually) -> None:
    device = device_of("classic")
    device.add_agent(bounds="alone=600.0, folder=1.0")
    device.add_desired()
    device.add_model("1.0.0")
    assert device.deploy_release("1.0.0").returncode == 0, device.log()
    device.serves("1.0.0")
    old = device.component()["pid"]
    device.kill()
    device.start()
    eventually(lambda: "the work folder was not given up" in device.log(), within=60, what="the end of the second")
    device.feed("a.png", "top")
    device.prediction_of("a.png")
    assert is_alive(old)
    assert device.log().count("subscribed to=updates") == 1
    os.kill(old, signal.SIGTERM)
    eventually(lambda: device.log().count("msg=running") == 2, within=60, what="the next try of the nucleus")
