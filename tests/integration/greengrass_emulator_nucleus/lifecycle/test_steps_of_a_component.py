"""A component's steps: their order, their environment, their failures, and what they leave behind."""

from pathlib import Path
from typing import Any

A = "com.example.a"

STAY = "echo $SVCUID > svcuid; exec sleep 1000"


def _text(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def test_a_run_that_ends_with_0_is_finished_and_its_deployment_a_success(device: Any) -> None:
    device.give(A, run="exit 0")
    assert device.deploy(f"{A}=1.0.0").detailed == "SUCCESSFUL"
    device.until_state(A, "FINISHED")


def test_a_step_finds_its_environment_and_its_work_folder(device: Any) -> None:
    slash = "/" if device.runtime == "lite" else ""
    device.give(
        A,
        configuration={"path": {"to": "x", "n": 5}},
        run={
            "Script": "echo '{artifacts:decompressedPath}' '{configuration:/path/to}' '{configuration:/path}' > filled;"
            "env > environment; " + STAY,
            "Setenv": {"WORK": "{work:path}", "ROOT": "{kernel:rootPath}", "THING": "{iot:thingName}"},
        },
    )
    device.deploy(f"{A}=1.0.0")
    token = device.token(A)
    lines = dict(
        line.split("=", 1) for line in (device.work(A) / "environment").read_text().splitlines() if "=" in line
    )
    root = device.root.resolve()
    expected = {
        "SVCUID": token,
        "AWS_GG_NUCLEUS_DOMAIN_SOCKET_FILEPATH_FOR_COMPONENT": device.status().socket,
        "AWS_IOT_THING_NAME": "thing-1",
        "AWS_REGION": "eu-west-1",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "WORK": f"{root}/work/{A}{slash}",
        "ROOT": str(root),
        "THING": "thing-1",
        "PWD": f"{root}/work/{A}",
    }
    assert {key: lines.get(key) for key in expected} == expected
    assert "GGC_VERSION" in lines
    filled = (device.work(A) / "filled").read_text()
    assert filled == f'{root}/packages/artifacts-unarchived/{A}/1.0.0{slash} x {{"to":"x","n":5}}\n'


def test_an_unknown_variable_stays_on_classic_and_cuts_the_script_on_lite(device: Any) -> None:
    device.give(A, run="echo one > said; echo two${HOME}{nothing:here} >> said; echo three >> said")
    device.deploy(f"{A}=1.0.0")
    device.until_state(A, "FINISHED")
    said = (device.work(A) / "said").read_text().splitlines()
    if device.runtime == "lite":
        assert said == ["one"]
    else:
        assert said[1].endswith("{nothing:here}")
        assert said[2] == "three"


def test_three_errors_break_a_component_and_roll_its_deployment_back_on_classic_only(device: Any) -> None:
    device.give(A, "1.0.0", configuration={"n": 1})
    device.deploy(f"{A}=1.0.0")
    device.give(A, "2.0.0", configuration={"n": 2}, run="echo x >> tries; exit 3")
    ended = device.deploy(f"{A}=2.0.0", update={A: {"MERGE": {"n": 3}}})
    assert ended.status == "FAILED"
    assert "run ended with 3" in ended.cause
    assert (device.work(A) / "tries").read_text() == "x\n" * 3
    if device.runtime == "classic":
        assert ended.detailed == "FAILED_ROLLBACK_COMPLETE"
        assert (device.state(A), device.status().components[A].version) == ("RUNNING", "1.0.0")
        assert device.speak_as(A).get_configuration(key_path=["n"]).value == {"n": 1}
    else:
        assert (device.state(A), device.status().components[A].version) == ("BROKEN", "2.0.0")


def test_without_rollback_what_is_broken_stays(classic: Any) -> None:
    classic.give(A, "1.0.0")
    classic.deploy(f"{A}=1.0.0")
    classic.give(A, "2.0.0", run="exit 3")
    assert classic.deploy(f"{A}=2.0.0", policy="DO_NOTHING").detailed == "FAILED_ROLLBACK_NOT_REQUESTED"
    assert (classic.state(A), classic.status().components[A].version) == ("BROKEN", "2.0.0")


def test_install_runs_before_run_and_shutdown_after_it(classic: Any) -> None:
    classic.give(
        A,
        install="echo install >> steps",
        run="echo run >> steps; exec sleep 1000",
        shutdown="echo shutdown >> steps",
        recover="echo recover >> steps",
    )
    assert classic.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    steps = classic.work(A) / "steps"
    classic.deploy(remove=(A,))
    assert steps.read_text().split() == ["install", "run", "shutdown"]


def test_recover_runs_after_an_error(classic: Any) -> None:
    classic.give(A, run="exit 1", recover="echo recover >> steps")
    classic.deploy(f"{A}=1.0.0")
    assert (classic.work(A) / "steps").read_text().split() == ["recover"] * 3


def test_a_failed_install_is_never_run(device: Any) -> None:
    device.give(A, install="exit 5", run="touch ran; exec sleep 1000")
    ended = device.deploy(f"{A}=1.0.0")
    assert "install ended with 5" in ended.cause
    assert not (device.work(A) / "ran").exists()


def test_lite_refuses_a_component_without_a_step_and_classic_calls_it_finished(device: Any) -> None:
    device.give(A, Setenv={"X": "1"})
    ended = device.deploy(f"{A}=1.0.0")
    if device.runtime == "classic":
        assert (ended.status, device.state(A)) == ("SUCCEEDED", "FINISHED")
    else:
        assert (ended.status, "no lifecycle step" in ended.cause) == ("FAILED", True)


def test_a_component_that_ignores_sigterm_is_killed_with_its_children(
    classic: Any, wait_until: Any, alive: Any
) -> None:
    classic.give(A, run="trap '' TERM; sleep 1000 & echo $! > child; while :; do sleep 1; done")
    classic.deploy(f"{A}=1.0.0")
    child = int(wait_until(lambda: _text(classic.work(A) / "child")))
    pid = classic.pid(A)
    assert classic.stop() == 0
    wait_until(lambda: not alive(pid) and not alive(child), 2)


def _lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def test_a_bootstrap_runs_for_a_new_version_and_for_a_new_text_of_its_own(classic: Any) -> None:
    steps = classic.work(A) / "steps"

    def give(version: str, bootstrap: str) -> None:
        classic.give(A, version, bootstrap=bootstrap, install="echo install >> steps", run=STAY)
        assert classic.deploy(f"{A}={version}").status == "SUCCEEDED"

    give("1.0.0", "echo bootstrap >> steps")
    assert _lines(steps) == ["bootstrap", "install"]
    # 100 and 101 ask for a start of the nucleus and of the machine: they are no failures.
    give("2.0.0", "echo again >> steps; exit 100")
    give("2.0.0", "echo other >> steps; exit 101")
    assert _lines(steps)[2:] == ["again", "install", "other", "install"]
    classic.kill()
    (classic.root / "nucleus.json").unlink()
    classic.start()
    classic.until_state(A, "RUNNING")
    assert _lines(steps).count("other") == 1
    classic.give(A, "3.0.0", bootstrap="exit 1", run=STAY)
    assert "bootstrap ended with 1" in classic.deploy(f"{A}=3.0.0").cause


def test_uninstall_runs_on_classic_when_a_component_is_removed_and_only_then(device: Any) -> None:
    device.give(A, run=STAY, uninstall="echo uninstall >> steps")
    device.deploy(f"{A}=1.0.0")
    assert device.stop() == 0
    assert _lines(device.work(A) / "steps") == []
    device.start()
    device.deploy(remove=(A,))
    assert _lines(device.work(A) / "steps") == (["uninstall"] if device.runtime == "classic" else [])


def test_skipif_skips_a_step_on_classic_only(device: Any) -> None:
    device.give(
        A,
        install={"Script": "echo path >> steps", "Skipif": "onpath sh"},
        run={"Script": "echo run >> steps; " + STAY, "Skipif": "exists /no/such/file"},
    )
    assert device.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    assert _lines(device.work(A) / "steps") == (["run"] if device.runtime == "classic" else ["path", "run"])


def test_a_step_that_never_ends_is_ended_with_all_that_it_started(classic: Any, alive: Any, wait_until: Any) -> None:
    classic.give(A, install={"Script": "sleep 1000 & echo $! > child; wait", "Timeout": 0.5}, run=STAY)
    ended = classic.deploy(f"{A}=1.0.0")
    assert "install was not done within 0.5 s" in ended.cause
    child = int((classic.work(A) / "child").read_text())
    wait_until(lambda: not alive(child))


def test_a_run_that_leaves_a_child_behind_is_finished_and_the_child_ended(
    device: Any, alive: Any, wait_until: Any
) -> None:
    device.give(A, run="sleep 1000 & echo $! > child; exit 0")
    assert device.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    device.until_state(A, "FINISHED")
    child = int((device.work(A) / "child").read_text())
    wait_until(lambda: not alive(child))


def test_a_component_that_says_very_much_is_not_held_up(device: Any) -> None:
    device.give(A, run="head -c 12000000 /dev/zero | tr '\\0' x; echo said > said; " + STAY)
    assert device.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    device.token(A)
    assert _lines(device.work(A) / "said") == ["said"]
    assert len(device.log(A)) == 12_000_000
