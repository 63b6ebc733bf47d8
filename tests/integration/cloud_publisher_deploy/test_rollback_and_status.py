"""`rollback` and `status` through the command line, with devices that play their part over MQTT."""

import json
from collections.abc import Callable
from typing import Any

import pytest

Run = Callable[..., Any]
WAITING = ("--wait", "--timeout", "60", "--interval", "0.3")


@pytest.fixture
def release_model(run: Run, release: Any) -> Callable[..., Any]:
    """Publishes and deploys a version of the model, and waits."""

    def bring(version: str) -> Any:
        release.write(model=version)
        assert run("publish").code == 0
        return run("deploy", *WAITING)

    return bring


def model_of(deployed: dict[str, Any], agent: str) -> dict[str, Any]:
    document: dict[str, Any] = deployed["components"][agent]["configurationUpdate"]["merge"]["desired"]
    return document


def test_rollback_puts_the_last_confirmed_deployment_back_under_a_new_release(
    run: Run, release: Any, release_model: Any, device: Any, deployed: Any, revisions: Any
) -> None:
    one = device()
    assert release_model("1.0.0").code == 0
    good = model_of(deployed(), release.agent)
    one.refuses = "2.0.0"
    assert release_model("2.0.0").code == 5
    bad = model_of(deployed(), release.agent)

    done = run("rollback", *WAITING, "--json")
    assert done.code == 0, done.err
    back = model_of(deployed(), release.agent)
    assert back["models"] == good["models"]
    assert int(back["release"]) > int(bad["release"])
    assert deployed()["components"][release.model]["componentVersion"] == "1.0.0"
    assert deployed()["tags"] == {"mlops:outcome": "confirmed", "mlops:restores": revisions()[-1]}


def test_rollback_after_rollback_goes_one_further_back(
    run: Run, release: Any, release_model: Any, device: Any, deployed: Any
) -> None:
    device()
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        assert release_model(version).code == 0
    for version in ("2.0.0", "1.0.0"):
        assert run("rollback", *WAITING).code == 0
        assert model_of(deployed(), release.agent)["models"]["digits"].split(":")[1] == version


def test_rollback_to_a_named_deployment(
    run: Run, release: Any, release_model: Any, device: Any, deployed: Any, revisions: Any
) -> None:
    device()
    for version in ("1.0.0", "2.0.0", "3.0.0"):
        assert release_model(version).code == 0
    assert run("rollback", "--to", revisions()[-1], *WAITING).code == 0
    assert model_of(deployed(), release.agent)["models"]["digits"].split(":")[1] == "1.0.0"
    again = run("rollback", "--to", revisions()[-1], *WAITING)
    assert again.code == 0
    assert "nothing to do" in again.out


def test_rollback_without_a_confirmed_one_asks_for_a_name(run: Run, release_model: Any, device: Any) -> None:
    device().part = "refuses"
    assert release_model("1.0.0").code == 5
    done = run("rollback")
    assert done.code == 1
    assert "--to DEPLOYMENT" in done.err


def test_rollback_of_a_target_that_has_no_deployment(run: Run) -> None:
    done = run("rollback")
    assert done.code == 1
    assert "has no deployment" in done.err


def test_rollback_to_a_deployment_of_another_target_is_wrong_use(run: Run, release_model: Any, device: Any) -> None:
    device()
    assert release_model("1.0.0").code == 0
    done = run("rollback", "--to", "00000000-0000-4000-8000-000000000000")
    assert done.code == 2
    assert "there is no such deployment" in done.err


def test_status_of_a_fleet_that_is_as_released(run: Run, release: Any, release_model: Any, device: Any) -> None:
    one = device()
    assert release_model("1.0.0").code == 0
    done = run("status", "--json")
    assert done.code == 0, done.err
    (seen,) = done.json["devices"]
    assert seen["thing"] == one.thing
    assert seen["as-released"] is True
    assert seen["deployment"]["status"] == "SUCCEEDED"
    assert seen["components"][release.model] == {"version": "1.0.0", "state": "RUNNING"}
    assert seen["agent"]["models"]["digits"]["said"].split(":")[3] == "CONFIRMED"
    assert seen["core-device"]["reported"]
    shown = run("status")
    assert shown.code == 0
    assert "CONFIRMED 1.0.0" in shown.out
    assert "1 of 1 core devices are as released" in shown.out


def test_status_of_a_fleet_that_is_not_as_released_names_the_devices(run: Run, release_model: Any, device: Any) -> None:
    one, two = device("one"), device("two")
    two.refuses = "2.0.0"
    assert release_model("1.0.0").code == 0
    assert release_model("2.0.0").code == 5
    done = run("status")
    assert done.code == 4
    assert f"{two.thing}: digits 2.0.0: golden" in done.err
    assert one.thing not in done.err
    document = run("status", "--json")
    assert document.code == 4
    assert {each["thing"]: each["as-released"] for each in document.json["devices"]} == {
        one.thing: True,
        two.thing: False,
    }


def test_status_of_a_device_that_fell_back_to_another_model(
    run: Run, release: Any, release_model: Any, device: Any, deployed: Any
) -> None:
    one = device()
    assert release_model("1.0.0").code == 0
    state = model_of(deployed(), release.agent)
    _, version, digest = state["models"]["digits"].split(":")
    one.says(state["release"], digest, version, "CONFIRMED", serves="A" * 43)
    assert run("status").code == 4


def test_status_writes_nothing(run: Run, release: Any, device: Any, deployed: Any) -> None:
    release.write()
    assert run("publish").code == 0
    device()
    assert json.loads(run("deploy", "--json").out)["outcome"] is None
    run("status")
    assert "mlops:outcome" not in (deployed().get("tags") or {})


def test_status_of_a_target_without_a_deployment(run: Run, device: Any) -> None:
    device()
    done = run("status")
    assert done.code == 4
    assert "has no deployment" in done.err
