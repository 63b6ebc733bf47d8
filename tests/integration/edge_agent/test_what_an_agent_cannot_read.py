"""The agent cannot read the form of a desired state, or a newer version was not brought up: it serves on."""

import os
import shutil
import signal
from collections.abc import Callable
from typing import Any

import pytest

from shared_schema.desired_state import seal_of

Devices = Callable[..., Any]
Eventually = Callable[..., Any]


def of_form_3(document: dict[str, Any]) -> dict[str, Any]:
    """Return a sealed document of an unknown form, as a newer `deploy` might write it."""
    changed = {**document, "form": "3", "models": {"halves": {"of": "another shape", "parts": ["1", "2"]}}}
    return {**changed, "seal": seal_of(changed)}


def first_release(device: Any) -> int:
    device.add_agent()
    device.add_desired()
    device.add_model("1.0.0")
    done = device.deploy_release("1.0.0")
    assert done.returncode == 0, done.stderr + device.log()
    device.serves("1.0.0")
    pid: int = device.component()["pid"]
    return pid


def deploy_form_3(device: Any) -> int:
    document = of_form_3(device.document("1.0.0"))
    code: int = device.deploy(
        f"{device.channel_component.removesuffix('.desired')}=1.0.0",
        configure={device.channel_component: {"desired": document}},
    ).returncode
    return code


def test_it_serves_on_and_after_a_restart_from_its_model_cache(device_of: Devices, eventually: Eventually) -> None:
    device = device_of("lite")
    pid = first_release(device)
    assert deploy_form_3(device) == 0
    degraded = 'state state=DEGRADED why="the desired state of release'
    eventually(lambda: degraded in device.log(), what="the reason")
    device.feed("on.png", "top")
    assert device.prediction_of("on.png")["version"] == "1.0.0"
    assert device.component()["pid"] == pid

    # Lite deletes old artifacts after a deployment.
    shutil.rmtree(device.root / "packages" / "artifacts-unarchived" / "com.example.halves")
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: device.component().get("pid") not in {pid, None}, what="the agent's new process")
    device.feed("again.png", "bottom")
    assert device.prediction_of("again.png")["output"]["label"] == "bottom"
    assert device.prediction_of("again.png")["version"] == "1.0.0"
    eventually(lambda: device.log().count(degraded) == 2, what="the reason again")
    eventually(lambda: device.log().count("msg=running") == 2, what="RUNNING")

    device.add_model("2.0.0", sharpness=2.0)
    assert device.deploy_release("2.0.0").returncode == 0
    device.serves("2.0.0")
    eventually(lambda: device.log().rstrip().rpartition("state state=")[2].startswith("SERVING"), what="SERVING")


def test_on_classic_it_is_refused_before_it_is_committed(device_of: Devices) -> None:
    device = device_of("classic")
    pid = first_release(device)
    assert deploy_form_3(device) != 0
    assert "has form 3, and this agent reads 2" in device.log()
    device.feed("on.png", "top")
    assert device.prediction_of("on.png")["version"] == "1.0.0"
    assert device.component()["pid"] == pid


@pytest.mark.parametrize("note", ['{"version": "1.2.0", "words": "no space left"}', "no note at all"])
def test_a_version_that_was_not_brought_up_is_told_while_its_note_is_there(
    device_of: Devices, eventually: Eventually, note: str
) -> None:
    device = device_of("lite")
    first_release(device)
    beside = device.work / "state" / ".install.json"
    beside.write_text(note, encoding="utf-8")
    beside.rename(device.work / "state" / "install.json")
    told = "agent 1.2.0 could not be brought up: no space left" if "1.2.0" in note else "could not be brought up; see"
    eventually(lambda: told in device.log() and "state state=DEGRADED" in device.log(), what="the trouble")
    (device.work / "state" / "install.json").unlink()
    eventually(lambda: device.log().rstrip().rpartition("state state=")[2].startswith("SERVING"), what="SERVING")
