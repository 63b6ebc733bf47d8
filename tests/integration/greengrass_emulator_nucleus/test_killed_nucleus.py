"""kill -9 at every step of a deployment: the next nucleus goes on, and nothing is half applied."""

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from awsiot.greengrasscoreipc.model import UnauthorizedError

A, B = "com.example.a", "com.example.b"
STAY = "echo $SVCUID > svcuid; exec sleep 1000"
# A later try finds what the first was stopped at.
ONCE = "if [ ! -e once ]; then touch once; exec sleep 1000; fi; "


def _killed(device: Any) -> None:
    device.kill()
    (device.root / "nucleus.json").unlink()
    for svcuid in device.root.glob("work/*/svcuid"):
        svcuid.unlink()


def _running(device: Any) -> dict[str, tuple[str, str]]:
    return {name: (each.version, each.state) for name, each in device.status().components.items()}


def _first(device: Any) -> None:
    device.give(A, configuration={"accessControl": {}, "n": 1})
    assert device.deploy(f"{A}=1.0.0").status == "SUCCEEDED"


def _second(device: Any, **steps: Any) -> str:
    device.give(A, "2.0.0", configuration={"accessControl": {}, "n": 2}, **steps)
    return str(device.ask_deployment(f"{A}=2.0.0", update={A: {"MERGE": {"n": 3, "deep": {"m": 4}}}}))


def _says_running_and_has_ended(device: Any, deployment: str) -> bool:
    # As a component does at each of its starts: the nucleus has it start on its own way up, and with the deployment.
    with suppress(UnauthorizedError):
        device.speak_as(A).update_state(state="RUNNING")
    return any(each.id == deployment and each.status == "SUCCEEDED" for each in device.status().deployments)


@pytest.mark.parametrize("step", ["install", "startup"])
def test_a_nucleus_killed_while_a_component_is_changed_goes_on_afterwards(
    classic: Any, step: str, wait_until: Any
) -> None:
    _first(classic)
    steps = {"install": ONCE + "exit 0", "run": STAY} if step == "install" else {"startup": ONCE + STAY}
    deployment = _second(classic, **steps)
    wait_until((classic.work(A) / "once").exists)
    _killed(classic)
    classic.start()
    if step == "startup":
        wait_until(lambda: _says_running_and_has_ended(classic, deployment), 40)
    assert classic.ended(deployment).status == "SUCCEEDED"
    assert _running(classic) == {A: ("2.0.0", "RUNNING")}
    assert classic.speak_as(A).get_configuration().value == {"accessControl": {}, "n": 3, "deep": {"m": 4}}
    assert json.loads((classic.root / "config" / "state.json").read_text())["unfinished"] is None


def test_a_nucleus_killed_before_the_merge_has_changed_nothing_and_goes_on(
    classic: Any, events: Any, wait_until: Any
) -> None:
    _first(classic)
    told = events()
    classic.speak_as(A).subscribe_to_component_updates(**told.handlers())
    deployment = _second(classic)
    assert told.next().pre_update_event.deployment_id == deployment
    kept = json.loads((classic.root / "config" / "state.json").read_text())
    assert (kept["configuration"][A]["n"], kept["versions"]) == (1, {A: "1.0.0"})
    _killed(classic)
    classic.start()
    assert classic.ended(deployment).status == "SUCCEEDED"
    assert _running(classic)[A][0] == "2.0.0"


def test_a_nucleus_killed_in_the_middle_of_a_merge_begins_from_what_was_before(classic: Any, wait_until: Any) -> None:
    # A deployment that can only fail: what is left must be the first one's, whenever the nucleus was killed.
    _first(classic)
    deployment = _second(classic, startup=ONCE + "exit 3")
    wait_until((classic.work(A) / "once").exists)
    kept = json.loads((classic.root / "config" / "state.json").read_text())
    assert kept["unfinished"]["before"][A]["n"] == 1
    _killed(classic)
    classic.start()
    ended = classic.ended(deployment)
    assert ended.detailed == "FAILED_ROLLBACK_COMPLETE"
    assert _running(classic) == {A: ("1.0.0", "RUNNING")}
    assert classic.speak_as(A).get_configuration().value == {"accessControl": {}, "n": 1}


def test_a_nucleus_killed_during_a_rollback_ends_up_where_it_was(classic: Any, wait_until: Any) -> None:
    # The way back waits for version 1, which takes its time to stop being version 2.
    _first(classic)
    deployment = _second(classic, run="exit 3", recover="touch recovering")
    wait_until(lambda: "rolled back" in classic.log())
    _killed(classic)
    classic.start()
    assert classic.ended(deployment).status == "FAILED"
    assert _running(classic) == {A: ("1.0.0", "RUNNING")}
    assert classic.speak_as(A).get_configuration().value == {"accessControl": {}, "n": 1}


def test_a_nucleus_killed_at_any_moment_has_the_old_or_the_new_deployment(classic: Any) -> None:
    """Kills without looking: after each, the versions and the configuration belong together."""
    _first(classic)
    for number in range(2, 5):
        version = f"{number}.0.0"
        entries = {f"{each}.txt": version for each in range(40)}
        classic.give_zip(A, version, "files.zip", entries)
        classic.give(
            A,
            version,
            configuration={"n": 0},
            artifacts=[{"Uri": "s3://b/files.zip", "Unarchive": "ZIP"}],
            run=f"cat {{artifacts:decompressedPath}}/files/*.txt > read; {STAY}",
        )
        deployment = classic.ask_deployment(f"{A}={version}", update={A: {"MERGE": {"n": number, "m": {"x": number}}}})
        _let_pass(number * 0.04)
        _killed(classic)
        classic.start()
        ended = [each for each in classic.status().deployments if each.id == deployment]
        if ended:
            assert classic.ended(deployment).status == "SUCCEEDED"
        classic.until_state(A, "RUNNING")
        value = classic.speak_as(A).get_configuration().value
        runs = classic.status().components[A].version
        assert value["n"] == int(runs.partition(".")[0])
        if runs != "1.0.0":
            assert value["m"] == {"x": value["n"]}
            assert (classic.work(A) / "read").read_text() == runs * 40
            _closed_to_others(classic.root / "packages/artifacts" / A / runs / "files.zip")


def _let_pass(seconds: float) -> None:
    import time

    time.sleep(seconds)


def _closed_to_others(file: Path) -> None:
    assert file.stat().st_mode & 0o227 == 0, oct(file.stat().st_mode)


def test_what_a_killed_nucleus_was_unpacking_is_taken_away(classic: Any) -> None:
    left = classic.root / "packages" / ".unpacking" / "half"
    classic.kill()
    (classic.root / "nucleus.json").unlink()
    left.mkdir(parents=True)
    (left / "file").write_text("half a f")
    classic.start()
    assert not left.exists()


def test_an_unreadable_state_is_logged_and_begun_anew(classic: Any) -> None:
    _first(classic)
    _killed(classic)
    (classic.root / "config" / "state.json").write_text('{"versions": {"com.ex')
    classic.start()
    assert classic.status().components == {}
    said, *below = classic.log().partition(" level=ERROR ")[2].splitlines()
    assert said.startswith("logger=greengrass_emulator.nucleus.state msg=\"the nucleus's state cannot be read")
    assert said.endswith(f"file={classic.root / 'config' / 'state.json'}"), "values behind, the traceback below"
    assert below[0] == "Traceback (most recent call last):"
    assert classic.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
