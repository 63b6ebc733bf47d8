"""How components live: installed, started, restarted, broken, stopped, each under the rules of its runtime."""

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

A, B = "com.example.a", "com.example.b"
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


def test_a_hard_dependency_restarts_its_dependents_and_a_soft_one_does_not(classic: Any, wait_until: Any) -> None:
    hard, soft = "com.example.hard", "com.example.soft"
    classic.give(B)
    for name, kind in ((hard, "HARD"), (soft, "SOFT")):
        classic.give(name, dependencies={B: {"VersionRequirement": "^1.0.0", "DependencyType": kind}})
    assert classic.deploy(f"{hard}=1.0.0", f"{soft}=1.0.0").status == "SUCCEEDED"
    assert set(classic.status().components) == {B, hard, soft}
    before = {name: classic.pid(name) for name in (B, hard, soft)}
    subprocess.run(["kill", "-KILL", str(before[B])], check=True)
    wait_until(lambda: classic.state(hard) == "RUNNING" and classic.pid(hard) != before[hard])
    assert classic.pid(B) != before[B]
    assert classic.pid(soft) == before[soft]


def test_on_lite_a_hard_dependency_that_ends_stops_its_dependents(lite: Any) -> None:
    lite.give(B, run="sleep 0.6")
    lite.give(A, dependencies={B: {"VersionRequirement": "^1.0.0", "DependencyType": "HARD"}})
    lite.deploy(f"{A}=1.0.0")
    lite.until_state(B, "FINISHED")
    lite.until_state(A, "FINISHED")
    assert lite.status().components[A].pid is None


def test_a_component_that_ignores_sigterm_is_killed_with_its_children(
    classic: Any, wait_until: Any, alive: Any
) -> None:
    classic.give(A, run="trap '' TERM; sleep 1000 & echo $! > child; while :; do sleep 1; done")
    classic.deploy(f"{A}=1.0.0")
    child = int(wait_until(lambda: _text(classic.work(A) / "child")))
    pid = classic.pid(A)
    assert classic.stop() == 0
    wait_until(lambda: not alive(pid) and not alive(child), 2)


def test_components_do_not_outlive_a_nucleus_that_is_killed(device: Any, wait_until: Any, alive: Any) -> None:
    device.give(A, run="sleep 1000 & echo $! > child; wait")
    device.deploy(f"{A}=1.0.0")
    child = int(wait_until(lambda: _text(device.work(A) / "child")))
    pid = device.pid(A)
    device.kill()
    wait_until(lambda: not alive(pid) and not alive(child), 5)


def test_a_nucleus_that_is_started_again_goes_on(device: Any, wait_until: Any) -> None:
    device.give(A, configuration={"n": 1}, install="echo install >> steps", run="rm -f svcuid; " + STAY)
    device.deploy(f"{A}=1.0.0", update={A: {"MERGE": {"n": 2}}})
    device.kill()
    (device.root / "nucleus.json").unlink()
    device.start()
    device.until_state(A, "RUNNING")
    assert device.speak_as(A).get_configuration().value == {"n": 2}
    # Classic installs at each launch; lite once.
    installs = 2 if device.runtime == "classic" else 1
    assert (device.work(A) / "steps").read_text().split() == ["install"] * installs
    assert device.deploy(remove=(A,)).status == "SUCCEEDED"
    assert device.status().components == {}


def test_sigint_ends_a_nucleus_as_well(classic: Any) -> None:
    classic.process.send_signal(signal.SIGINT)
    assert classic.process.wait(10) == 0
    assert classic.status_or_none() is None


def _nucleus(config: Path) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "greengrass_emulator.nucleus", "--config", str(config)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_a_root_folder_has_one_nucleus(classic: Any) -> None:
    second = _nucleus(classic.config)
    assert (second.returncode, "another nucleus" in second.stderr) == (1, True)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "cannot be read"),
        ("a: [", "is no YAML"),
        ("[]", "no mapping"),
        ("system: {rootpath: r}", "thingName"),
        (
            "system: {rootpath: r, thingName: t}\n"
            "services: {aws.greengrass.Nucleus: {configuration: {iotDataEndpoint: localhost}}}",
            "greengrassDataPlaneEndpoint",
        ),
        (
            "system: {rootpath: r, thingName: t}\n"
            "services: {aws.greengrass.Nucleus: {configuration: {mqtt: {port: 99999}}}}",
            "port",
        ),
    ],
)
def test_a_config_that_cannot_be_meant_is_one_clear_error(tmp_path: Path, text: str | None, said: str) -> None:
    config = tmp_path / "config.yaml"
    if text is not None:
        config.write_text(text)
    ended = _nucleus(config)
    assert ended.returncode == 2
    assert said in ended.stderr
    assert str(config) in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_root_too_deep_for_a_socket_gets_a_short_one_that_is_cleaned_up(tmp_path: Path, make_device: Any) -> None:
    folder = tmp_path / ("deep-" * 20) / ("down-" * 10)
    folder.mkdir(parents=True)
    config = folder / "config.yaml"
    user = f"{os.geteuid()}:{os.getegid()}"
    config.write_text(
        f"system: {{rootpath: {folder / 'root'}, thingName: thing-1}}\n"
        f"services: {{aws.greengrass.Nucleus: {{configuration: {{runWithDefault: {{posixUser: '{user}'}}}}}}}}"
    )
    device = make_device("classic", config)
    socket = Path(device.status().socket)
    assert len(str(socket)) < 108
    device.give(A)
    assert device.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    device.speak_as(A).get_configuration()
    device.stop()
    assert not socket.parent.exists()


def _lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def test_a_bootstrap_runs_for_a_new_version_and_for_a_new_text_of_its_own(device: Any) -> None:
    steps = device.work(A) / "steps"

    def give(version: str, bootstrap: str) -> None:
        device.give(A, version, bootstrap=bootstrap, install="echo install >> steps", run=STAY)
        assert device.deploy(f"{A}={version}").status == "SUCCEEDED"

    give("1.0.0", "echo bootstrap >> steps")
    assert _lines(steps) == ["bootstrap", "install"]
    # 100 and 101 ask for a start of the nucleus and of the machine: they are no failures.
    give("2.0.0", "echo again >> steps; exit 100")
    give("2.0.0", "echo other >> steps; exit 101")
    assert _lines(steps)[2:] == ["again", "install", "other", "install"]
    device.kill()
    (device.root / "nucleus.json").unlink()
    device.start()
    device.until_state(A, "RUNNING")
    assert _lines(steps).count("other") == 1
    device.give(A, "3.0.0", bootstrap="exit 1", run=STAY)
    assert "bootstrap ended with 1" in device.deploy(f"{A}=3.0.0").cause


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


def test_on_lite_a_new_version_of_a_hard_dependency_restarts_and_of_a_soft_one_does_not(
    lite: Any, wait_until: Any
) -> None:
    for kind in ("HARD", "SOFT"):
        lite.give(f"{A}.{kind}", dependencies={B: {"VersionRequirement": ">=1.0.0", "DependencyType": kind}})
    lite.give(B, "1.0.0")
    lite.deploy(f"{B}=1.0.0", f"{A}.HARD=1.0.0", f"{A}.SOFT=1.0.0")
    hard, soft = lite.pid(f"{A}.HARD"), lite.pid(f"{A}.SOFT")
    lite.give(B, "2.0.0")
    assert lite.deploy(f"{B}=2.0.0").status == "SUCCEEDED"
    wait_until(lambda: lite.pid(f"{A}.HARD") != hard)
    assert lite.pid(f"{A}.SOFT") == soft
