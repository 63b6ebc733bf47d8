"""The startup step: who says that it runs, and what becomes of its process."""

from typing import Any

A, B = "com.example.a", "com.example.b"

STAY = "echo $SVCUID > svcuid; exec sleep 1000"


def test_startup_holds_its_deployment_until_the_component_says_running(device: Any, wait_until: Any) -> None:
    device.give(A, startup=STAY)
    deployment = device.ask_deployment(f"{A}=1.0.0")
    client = device.speak_as(A)
    device.until_state(A, "STARTING")
    assert device.status().deployments[-1].status == "IN_PROGRESS"
    client.update_state(state="RUNNING")
    assert device.ended(deployment).status == "SUCCEEDED"
    assert device.state(A) == "RUNNING"
    before = device.pid(A)
    client.update_state(state="ERRORED")
    if device.runtime == "classic":
        wait_until(lambda: device.state(A) == "STARTING" and device.pid(A) != before)
    else:
        client.get_configuration()
        assert (device.state(A), device.pid(A)) == ("RUNNING", before)


def test_a_startup_that_returns_runs_on_classic_and_fails_on_lite(device: Any) -> None:
    device.give(A, startup="exit 0")
    ended = device.deploy(f"{A}=1.0.0")
    if device.runtime == "classic":
        assert (ended.status, device.state(A)) == ("SUCCEEDED", "RUNNING")
    else:
        assert ended.status == "FAILED"
        assert "systemd" in ended.cause


def test_a_startup_that_is_too_slow_is_an_error(classic: Any) -> None:
    classic.give(A, startup={"Script": "exec sleep 1000", "Timeout": 0.3})
    ended = classic.deploy(f"{A}=1.0.0")
    assert ended.status == "FAILED"
    assert "within 0.3 s" in ended.cause


def test_a_dead_startup_that_ended_with_0_counts_as_running(classic: Any, wait_until: Any, alive: Any) -> None:
    classic.give(A, startup="echo $SVCUID > svcuid; while [ ! -e leave ]; do sleep 0.05; done; exit 0")
    classic.ask_deployment(f"{A}=1.0.0")
    classic.speak_as(A).update_state(state="RUNNING")
    classic.until_state(A, "RUNNING")
    pid = classic.pid(A)
    (classic.work(A) / "leave").touch()
    wait_until(lambda: not alive(pid))
    assert classic.state(A) == "RUNNING"


def test_a_startup_process_that_fails_later_is_started_again(classic: Any, wait_until: Any) -> None:
    classic.give(A, startup="rm -f leave; echo $SVCUID > svcuid; while [ ! -e leave ]; do sleep 0.05; done; exit 7")
    classic.ask_deployment(f"{A}=1.0.0")
    classic.speak_as(A).update_state(state="RUNNING")
    classic.until_state(A, "RUNNING")
    pid = classic.pid(A)
    (classic.work(A) / "leave").touch()
    wait_until(lambda: classic.state(A) == "STARTING" and classic.pid(A) != pid)
    assert "startup ended with 7" in classic.log()


def test_other_transitions_are_ignored_by_update_state(classic: Any) -> None:
    classic.give(A, run=STAY)
    classic.deploy(f"{A}=1.0.0")
    client, pid = classic.speak_as(A), classic.pid(A)
    client.update_state(state="RUNNING")
    assert (classic.state(A), classic.pid(A)) == ("RUNNING", pid)
    classic.give(B, run="echo $SVCUID > svcuid; exit 0")
    classic.deploy(f"{B}=1.0.0")
    classic.until_state(B, "FINISHED")
    for state in ("RUNNING", "ERRORED"):
        classic.speak_as(B).update_state(state=state)
        assert classic.state(B) == "FINISHED"
