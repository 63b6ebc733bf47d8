"""Components as other users than their nucleus's. Where the tests are not root they are the same, as on a device."""

import grp
import os
import pwd
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from awsiot.greengrasscoreipc.model import RunWithInfo, SystemResourceLimits

A, B = "com.example.a", "com.example.b"
STAY = "echo $SVCUID > svcuid; exec sleep 1000"
IS_ROOT = os.geteuid() == 0
ME = f"{pwd.getpwuid(os.geteuid()).pw_name}:{grp.getgrgid(os.getegid()).gr_name}"
NOBODY, DAEMON = ("nobody:nogroup", "daemon:daemon") if IS_ROOT else (ME, ME)
WHO = 'echo "$(id -un):$(id -gn)"'


def passes_environment_on() -> bool:
    if shutil.which("sudo") is None:
        return False
    kept = subprocess.run(
        ["sudo", "-n", "-E", "printenv", "OWN"], env={**os.environ, "OWN": "kept"}, capture_output=True, check=False
    )
    return kept.stdout.strip() == b"kept"


@pytest.fixture
def device_for(make_device: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """A device in a folder that other users may go through, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="users-"))
    folder.chmod(0o755)

    def make(runtime: str, user: str | None, program: list[str] | None = None) -> Any:
        config = folder / "config.yaml"
        run_with = {"runWithDefault": {"posixUser": user}} if user else {}
        services = {"aws.greengrass.Nucleus": {"configuration": run_with}}
        system = {"rootpath": str(folder / "root"), "thingName": "thing-1"}
        config.write_text(yaml.safe_dump({"system": system, "services": services}))
        return make_device(runtime, config, program=program)

    yield make
    shutil.rmtree(folder)


@pytest.mark.parametrize("runtime", ["classic", "lite"])
def test_components_are_the_devices_user_and_own_their_folder_and_files(
    device_for: Callable[..., Any], runtime: str, wait_until: Callable[..., Any], alive: Callable[[int], bool]
) -> None:
    device = device_for(runtime, NOBODY)
    device.give_zip(A, "1.0.0", "files.zip", {"in/it.txt": "hello"})
    device.give(
        A,
        artifacts=[{"Uri": "s3://b/files.zip", "Unarchive": "ZIP"}],
        run=f"{WHO} > who; cat {{artifacts:decompressedPath}}/files/in/it.txt > read;"
        f" test -w {{kernel:rootPath}}/ipc.socket; echo $? > socket; {STAY}",
    )
    assert device.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    device.token(A)
    work = device.work(A)
    assert (work / "who").read_text().strip() == NOBODY
    assert ((work / "read").read_text(), (work / "socket").read_text().strip()) == ("hello", "0")
    assert f"{work.owner()}:{work.group()}" == NOBODY
    pid = device.pid(A)
    device.deploy(remove=(A,))
    wait_until(lambda: not alive(pid))


@pytest.mark.skipif(not IS_ROOT, reason="only root runs components as others without asking")
@pytest.mark.parametrize("way", ["by sudo", "without sudo", "lite"])
def test_what_changes_how_a_program_is_loaded_reaches_no_other_users_step_on_classic(
    device_for: Callable[..., Any], tmp_path: Path, way: str
) -> None:
    if way == "by sudo" and not passes_environment_on():
        pytest.skip("there is no sudo here, or one that passes no environment on, as sudo-rs")
    program = None
    if way == "without sudo":
        (tmp_path / "setpriv").symlink_to(shutil.which("setpriv") or "")
        nucleus = shlex.join([sys.executable, "-m", "greengrass_emulator.nucleus"])
        program = ["sh", "-c", f'shift; PATH={tmp_path} exec {nucleus} "$@"', "sh"]
    device = device_for("lite" if way == "lite" else "classic", NOBODY, program)
    setenv = {"PYTHONPATH": "/app", "LD_MINE": "1", "PERL5LIB": "/p", "JAVA_TOOL_OPTIONS": "-X", "OWN": "kept"}
    script = f'echo "$PYTHONPATH,$LD_MINE,$PERL5LIB,$JAVA_TOOL_OPTIONS,$OWN,$HOME" > env; echo $PATH > path; {STAY}'
    device.give(A, run=script, Setenv={**setenv, "PATH": f"/own:{os.environ['PATH']}"})
    assert device.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    device.token(A)
    home = pwd.getpwnam("nobody").pw_dir
    found = [(device.work(A) / name).read_text().strip() for name in ("env", "path")]
    if way == "lite":
        assert found[0] == f"/app,1,/p,-X,kept,{home}"
        assert found[1].startswith("/own:")
    else:
        assert found[0] == f",,,,kept,{home}"
        # The device's own Python stands for that of /usr/bin, which sudo's PATH has.
        assert found[1].startswith(f"{device.root}/python/bin:/usr/local/sbin:")
    # It is the component's own process that the status names, not the sudo before it.
    assert Path(f"/proc/{device.pid(A)}").stat().st_uid == pwd.getpwnam("nobody").pw_uid


def test_a_privileged_step_is_root(device_for: Callable[..., Any], tmp_path: Path) -> None:
    device = device_for("classic", NOBODY)
    secret = device.root.parent / "secret"
    secret.write_text("for root only")
    secret.chmod(0)
    device.give(
        A,
        install={"Script": f"{WHO} > installed; cat {secret} > read", "RequiresPrivilege": True},
        run=f"{WHO} > ran; cat {secret} > tried; {STAY}",
    )
    ended = device.deploy(f"{A}=1.0.0")
    if not IS_ROOT and subprocess.run(["sudo", "-n", "true"], check=False, capture_output=True).returncode != 0:
        assert "install ended with" in ended.cause
        return
    assert ended.status == "SUCCEEDED"
    device.token(A)
    said = {name: (device.work(A) / name).read_text().strip() for name in ("installed", "read", "ran", "tried")}
    assert said == {"installed": "root:root", "read": "for root only", "ran": NOBODY, "tried": ""}


def test_a_deployment_names_the_user_and_another_one_reinstalls(device_for: Callable[..., Any]) -> None:
    device = device_for("classic", NOBODY)
    device.give(A, install=f"{WHO} >> installed", run=STAY)

    def installed() -> list[str]:
        return (device.work(A) / "installed").read_text().split()

    named = {A: RunWithInfo(posix_user=DAEMON)}
    assert device.deploy(f"{A}=1.0.0", run_with=named).status == "SUCCEEDED"
    assert installed() == [DAEMON]
    # One that says nothing of it leaves it so, over a restart too.
    assert device.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    assert installed() == [DAEMON]
    device.stop()
    device.start().until_state(A, "RUNNING")
    assert installed() == [DAEMON] * 2
    assert device.deploy(f"{A}=1.0.0", run_with={A: RunWithInfo(posix_user=NOBODY)}).status == "SUCCEEDED"
    assert installed() == [DAEMON] * 2 + ([NOBODY] if IS_ROOT else [])


def test_one_users_files_are_closed_to_anothers_component(device_for: Callable[..., Any]) -> None:
    device = device_for("classic", NOBODY)
    device.give_zip(A, "1.0.0", "files.zip", {"it.txt": "mine"})
    device.give(A, artifacts=[{"Uri": "s3://b/files.zip", "Unarchive": "ZIP"}])
    path = f"{{kernel:rootPath}}/packages/artifacts-unarchived/{A}/1.0.0/files/it.txt"
    device.give(B, run=f"cat {path} > read; echo $? > code; {STAY}", dependencies={A: {"VersionRequirement": "*"}})
    assert device.deploy(f"{B}=1.0.0", run_with={B: RunWithInfo(posix_user=DAEMON)}).status == "SUCCEEDED"
    device.token(B)
    assert ((device.work(B) / "read").read_text() == "mine") == (not IS_ROOT)


@pytest.mark.parametrize("failed", ["nobody-of-this-name", "4711"])
def test_a_user_that_is_not_there_fails_the_deployment_and_the_old_one_is_back(
    device_for: Callable[..., Any], failed: str
) -> None:
    device = device_for("classic", NOBODY)
    device.give(A, run=f"{WHO} > who; {STAY}")
    assert device.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    ended = device.deploy(f"{A}=1.0.0", run_with={A: RunWithInfo(posix_user=failed)})
    assert ended.detailed == "FAILED_ROLLBACK_COMPLETE"
    assert f"{failed} is not on this device" in ended.cause
    assert (device.work(A) / "who").read_text().strip() == NOBODY


@pytest.mark.parametrize("runtime", ["classic", "lite"])
def test_a_device_without_a_configured_user_runs_nothing_as_root(device_for: Callable[..., Any], runtime: str) -> None:
    device = device_for(runtime, None)
    device.give(A, run=f"{WHO} > who; {STAY}")
    ended = device.deploy(f"{A}=1.0.0")
    if IS_ROOT or runtime == "lite":
        assert "Ensure that runWithDefault is set" in ended.cause
    else:
        assert (device.work(A) / "who").read_text().strip() == ME


def test_lite_takes_no_user_from_a_deployment(device_for: Callable[..., Any]) -> None:
    device = device_for("lite", NOBODY)
    device.give(A, run=f"{WHO} > who; {STAY}")
    assert device.deploy(f"{A}=1.0.0", run_with={A: RunWithInfo(posix_user=DAEMON)}).status == "SUCCEEDED"
    device.token(A)
    assert (device.work(A) / "who").read_text().strip() == NOBODY


def test_lite_gives_files_to_their_user_before_anything_runs(device_for: Callable[..., Any]) -> None:
    device = device_for("lite", NOBODY)
    device.give_zip(A, "1.0.0", "files.zip", {"it.txt": "mine"})
    device.give(A, artifacts=[{"Uri": "s3://b/files.zip", "Unarchive": "ZIP"}])
    device.give(B, artifacts=[{"Uri": "s3://b/nowhere.zip"}])
    assert device.deploy(f"{A}=1.0.0", f"{B}=1.0.0").status == "FAILED"
    file = device.root / "packages/artifacts-unarchived" / A / "1.0.0/files/it.txt"
    assert f"{file.owner()}:{file.group()}" == NOBODY
    assert device.state(A) == ""


def test_limits_of_resources_are_logged_as_not_applied(classic: Any) -> None:
    classic.give(A)
    limits = RunWithInfo(system_resource_limits=SystemResourceLimits(memory=100_000, cpus=0.5))
    assert classic.deploy(f"{A}=1.0.0", run_with={A: limits}).status == "SUCCEEDED"
    assert "systemResourceLimits are not applied" in classic.log()
