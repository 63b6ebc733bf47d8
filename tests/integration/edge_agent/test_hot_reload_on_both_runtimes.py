"""The agent under a nucleus: a release is served, a better model takes its place, a bad one never serves."""

import itertools
import os
import re
import signal
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

Devices = Callable[..., Any]
Eventually = Callable[..., Any]
RUNTIMES = pytest.mark.parametrize("runtime", ["classic", "lite"])


def first_release(device: Any, **settings: Any) -> int:
    """Deploy agent and model 1.0.0 together. Return the agent's process id."""
    device.add_agent()
    device.add_desired()
    device.add_model("1.0.0")
    done = device.deploy_release("1.0.0", **settings)
    assert done.returncode == 0, done.stderr + device.log()
    device.serves("1.0.0")
    pid: int = device.component()["pid"]
    return pid


@RUNTIMES
def test_a_better_model_takes_its_place_under_load_with_no_frame_lost_or_doubled(
    device_of: Devices, runtime: str, eventually: Eventually
) -> None:
    device = device_of(runtime)
    pid = first_release(device)
    fed: list[str] = []
    stop = threading.Event()

    def feed() -> None:
        for number in itertools.count():
            if stop.is_set():
                return
            name = f"{number:05}.png"
            device.feed(name, "top" if number % 2 else "bottom")
            fed.append(name)
            time.sleep(0.01)

    feeder = threading.Thread(target=feed)
    feeder.start()
    try:
        for number, version in enumerate(("2.0.0", "3.0.0")):
            device.add_model(version, sharpness=2.0 + number)
            done = device.deploy_release(version)
            assert done.returncode == 0, done.stderr + device.log()
            device.serves(version)
            # A quick device is there before the next scan is: only one that it has read is under load.
            eventually(
                lambda version=version: version in {each["version"] for each in device.predictions()},
                what=f"a scan that {version} has read",
            )
    finally:
        stop.set()
        feeder.join()
    eventually(lambda: len(device.predictions()) >= len(fed), what="a prediction for every scan")
    predictions = device.predictions()
    assert sorted(each["frame"] for each in predictions) == fed
    assert {each["version"] for each in predictions} == {"1.0.0", "2.0.0", "3.0.0"}
    assert all(each["digest"] == device.digests[each["version"]] for each in predictions)
    assert all(each["output"]["label"] == ("bottom", "top")[int(each["frame"][:5]) % 2] for each in predictions)
    assert device.component()["pid"] == pid


@RUNTIMES
def test_a_bad_or_absent_model_never_serves_and_is_refused_with_its_reason(device_of: Devices, runtime: str) -> None:
    device = device_of(runtime)
    pid = first_release(device)
    device.add_model("2.0.0", sharpness=-1.0)
    done = device.deploy_release("2.0.0")
    if runtime == "classic":
        assert "FAILED_NO_STATE_CHANGE" in done.stdout
        assert "golden/top.png: is 'bottom'" in done.stderr
    else:
        assert done.returncode == 0
    device_log_says(device, r"confirmed model=halves version=2\.0\.0 .* verdict=REJECTED reason=golden")
    device.feed("after.png", "top")
    prediction = device.prediction_of("after.png")
    assert (prediction["version"], prediction["output"]["label"]) == ("1.0.0", "top")
    assert device.component()["pid"] == pid
    # A release whose artifact is not there: refused after the deadline on the subscribed channel, at once on the other.
    device.digests["9.9.9"] = "8" * 43
    document = device.document("9.9.9", artifact={"deadline": "1"})
    done = device.deploy("com.example.halves=1.0.0", configure={device.channel_component: {"desired": document}})
    assert (done.returncode == 0) is (runtime == "lite")
    device_log_says(device, r"version=9\.9\.9 .* verdict=REJECTED reason=artifact")
    # The way back: deploy the good one again. It is confirmed for the new release without being loaded.
    assert device.deploy_release("1.0.0").returncode == 0
    device.serves("1.0.0")
    assert device.log().count("msg=swapped model=") == 1


def device_log_says(device: Any, pattern: str, within: float = 20.0) -> None:
    ends = time.monotonic() + within
    while not re.search(pattern, device.log()):
        assert time.monotonic() < ends, f"{pattern}\n{device.log()}"
        time.sleep(0.05)


@RUNTIMES
def test_an_agent_with_no_model_is_idle_and_running_and_takes_its_first_model_without_a_restart(
    device_of: Devices, runtime: str
) -> None:
    device = device_of(runtime)
    device.add_agent()
    device.add_desired()
    done = device.deploy_release(None)
    assert done.returncode == 0, done.stderr + device.log()
    device_log_says(device, r"state state=IDLE")
    pid = device.component()["pid"]
    device.add_model("1.0.0")
    assert device.deploy_release("1.0.0").returncode == 0
    device.serves("1.0.0")
    assert device.component()["pid"] == pid


def test_a_document_ahead_of_its_artifact_is_waited_for_on_the_subscribed_channel(device_of: Devices) -> None:
    """Lite configures and downloads component by component, in any order."""
    device = device_of("lite")
    first_release(device)
    device.add_model("2.0.0", sharpness=2.0)
    document = device.document("2.0.0", artifact={"deadline": "60"})
    assert (
        device.deploy(
            "com.example.halves=1.0.0", configure={device.channel_component: {"desired": document}}
        ).returncode
        == 0
    )
    device_log_says(device, rf"applying release={device.release} channel=subscribed")
    device.feed("before.png", "top")
    assert device.prediction_of("before.png")["version"] == "1.0.0"
    assert device.deploy("com.example.halves=2.0.0").returncode == 0
    device.serves("2.0.0")
    device.feed("after.png", "top")
    assert device.prediction_of("after.png")["version"] == "2.0.0"


def test_on_classic_an_agent_that_never_confirmed_anything_ends_so_that_its_deployment_fails(
    device_of: Devices,
) -> None:
    device = device_of("classic")
    device.add_agent()
    device.add_desired()
    device.add_model("1.0.0", sharpness=-1.0)
    done = device.deploy_release("1.0.0")
    assert "FAILED_ROLLBACK_COMPLETE" in done.stdout, done.stdout + device.log()
    assert "nothing can serve: ending, so that the nucleus rolls back" in device.log()


def test_after_a_restart_a_cached_model_serves_where_the_desired_one_fails(
    device_of: Devices, eventually: Eventually
) -> None:
    """Lite keeps a broken deployment; the agent's own copy of the last confirmed model outlives the artifact."""
    device = device_of("lite")
    pid = first_release(device)
    device.add_model("2.0.0", sharpness=-1.0)
    assert device.deploy_release("2.0.0").returncode == 0
    device_log_says(device, r"version=2\.0\.0 .* verdict=REJECTED")
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: device.component().get("pid") not in {pid, None}, what="the restarted agent")
    device_log_says(device, r'"cached version serves" model=halves version=1\.0\.0')
    device_log_says(device, r"state state=DEGRADED why=\"halves 2\.0\.0 was refused \(golden\)")
    device.feed("after.png", "top")
    assert device.prediction_of("after.png")["version"] == "1.0.0"


def test_an_agent_that_restarts_serves_again_without_vetting(device_of: Devices, eventually: Eventually) -> None:
    device = device_of("classic")
    pid = first_release(device)
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: device.component().get("pid") not in {pid, None}, what="the restarted agent")
    eventually(lambda: device.log().count("verdict=CONFIRMED") == 2, what="the second confirmation")
    assert device.log().count("msg=vetting model=") == 1
    device.feed("after.png", "top")
    assert device.prediction_of("after.png")["version"] == "1.0.0"


def test_settings_are_changed_live_and_wrong_ones_are_refused_on_the_validated_channel(
    device_of: Devices, eventually: Eventually
) -> None:
    device = device_of("classic")
    pid = first_release(device)
    sinks = {"file": {"type": "json-lines", "path": "second.jsonl"}}
    assert device.deploy_release("1.0.0", sinks=sinks).returncode == 0
    eventually(lambda: device.log().count("source opened") == 2, what="the source for the new sinks")
    device.feed("a.png", "top")
    eventually((device.work / "second.jsonl").exists, what="the new sink's file")
    done = device.deploy_release("1.0.0", health={"interval": "often"})
    assert "FAILED_NO_STATE_CHANGE" in done.stdout
    assert "settings.health.interval" in done.stderr
    assert device.component()["pid"] == pid


def test_neither_wrong_settings_on_the_subscribed_channel_nor_unreadable_images_stop_anything(
    device_of: Devices, eventually: Eventually
) -> None:
    device = device_of("lite")
    first_release(device)
    assert device.deploy_release("1.0.0", health={"interval": "often"}).returncode == 0
    device_log_says(device, r"state state=DEGRADED why=\"settings\.health\.interval of the desired state")
    images = device.work / "images"
    (images / "text.png").write_text("no image", "utf-8")
    (images / "empty.png").touch()
    device.feed("good.png", "top")
    assert device.prediction_of("good.png")["output"]["label"] == "top"
    aside = device.work / "images.unreadable"
    eventually(lambda: sorted(path.name for path in aside.iterdir()) == ["empty.png", "text.png"], what="both aside")
    assert "frame=text.png" in device.log()
    assert [each["frame"] for each in device.predictions()] == ["good.png"]


def test_ended_by_the_nucleus_it_finishes_what_is_in_flight(device_of: Devices) -> None:
    """SIGTERM: what is in flight is finished, and the exit code is not 0, which both nuclei take for running on."""
    device = device_of("classic")
    first_release(device)
    for number in range(50):
        device.feed(f"{number:02}.png", "top")
    device.stop()
    predicted = [each["frame"] for each in device.predictions()]
    waiting = [path.name for path in (device.work / "images").iterdir() if not path.name.startswith(".")]
    assert sorted(predicted + waiting) == [f"{number:02}.png" for number in range(50)]
    assert "ended code=143" in device.log()
