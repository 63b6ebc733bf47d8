"""What is there after a deployment that removed something, or failed."""

from typing import Any

A, B = "com.example.a", "com.example.b"

STAY = "echo $SVCUID > svcuid; exec sleep 1000"


def test_removing_a_component_stops_it_and_forgets_its_configuration(device: Any, alive: Any) -> None:
    device.give(A, dependencies={B: {"VersionRequirement": "1.0.0", "DependencyType": "SOFT"}})
    device.give(B)
    device.deploy(f"{A}=1.0.0", update={A: {"MERGE": {"n": 1}}})
    pids = [device.pid(A), device.pid(B)]
    assert device.deploy(remove=(A,)).status == "SUCCEEDED"
    # B came only as a dependency of A, and goes with it.
    assert device.status().components == {}
    assert not any(alive(pid) for pid in pids)
    (device.work(A) / "svcuid").unlink()
    device.give(A)
    device.deploy(f"{A}=1.0.0")
    assert device.speak_as(A).get_configuration().value == {}


def test_a_rollback_that_fails_is_reported(classic: Any) -> None:
    # The first version works once only.
    classic.give(A, run="[ ! -e once ] || exit 4; touch once; " + STAY)
    classic.deploy(f"{A}=1.0.0")
    classic.give(A, "2.0.0", run="exit 3")
    ended = classic.deploy(f"{A}=2.0.0")
    assert ended.detailed == "FAILED_UNABLE_TO_ROLLBACK"
    assert "run ended with 3" in ended.cause
    assert "run ended with 4" in ended.cause


def test_lite_goes_component_by_component_and_leaves_what_it_has_done(lite: Any) -> None:
    lite.give(A, configuration={"n": 1})
    lite.deploy(f"{A}=1.0.0")
    # B sorts behind A in what is asked for, and its artifact is nowhere.
    lite.give(B, artifacts=[{"Uri": "s3://b/absent.zip"}])
    ended = lite.deploy(f"{A}=1.0.0", f"{B}=1.0.0", update={A: {"MERGE": {"n": 2}}})
    assert (ended.status, "no cloud to get" in ended.cause) == ("FAILED", True)
    assert lite.speak_as(A).get_configuration().value == {"n": 2}
