"""A nucleus that is not root, as a process. Where the tests are root it is nobody, and else whoever runs them."""

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
from awsiot.greengrasscoreipc.model import RunWithInfo

A = "com.example.a"
STAY = "echo $SVCUID > svcuid; exec sleep 1000"
WHO = 'echo "$(id -un):$(id -gn)"'
IS_ROOT = os.geteuid() == 0
ITSELF = pwd.getpwnam("nobody") if IS_ROOT else pwd.getpwuid(os.geteuid())
GROUP = ITSELF.pw_gid if IS_ROOT else os.getegid()
NAME = f"{ITSELF.pw_name}:{grp.getgrgid(GROUP).gr_name}"
# The Python that runs the tests may lie in root's home: the right to read there is all that it keeps.
READS = ["--inh-caps", "+dac_override", "--ambient-caps", "+dac_override"]
BECOME = ["setpriv", "--reuid", str(ITSELF.pw_uid), "--regid", str(GROUP), "--clear-groups", *READS] if IS_ROOT else []
# The root folder comes before the nucleus's own arguments, and is not for it.
PROGRAM = [
    "sh",
    "-c",
    f'shift; exec {shlex.join([*BECOME, sys.executable, "-m", "greengrass_emulator.nucleus"])} "$@"',
    "sh",
]


def may_become_others() -> bool:
    """Whether this user is asked for no password: then a step may be another's."""
    return (
        shutil.which("sudo") is not None
        and subprocess.run([*BECOME, "sudo", "-n", "true"], check=False, capture_output=True, timeout=30).returncode
        == 0
    )


def assert_refused(device: Any, ended: Any, cause: str) -> None:
    """Sudo's own words are in the component's log; where there is none, the nucleus says so."""
    if shutil.which("sudo") is None:
        assert "it takes sudo, which is not there" in ended.cause
        return
    assert cause in ended.cause
    assert "sudo" in device.log(A)


@pytest.fixture
def device_of(make_device: Callable[..., Any]) -> Iterator[Callable[..., Any]]:
    """A device in a folder that its user may write, which pytest's own are not."""
    folder = Path(tempfile.mkdtemp(prefix="not-root-"))
    folder.chmod(0o755)

    def make(runtime: str, **configuration: Any) -> Any:
        config, root = folder / "config.yaml", folder / "root"
        root.mkdir()
        os.chown(root, ITSELF.pw_uid, GROUP)
        services = {"aws.greengrass.Nucleus": {"configuration": configuration}}
        system = {"rootpath": str(root), "thingName": "thing-1"}
        config.write_text(yaml.safe_dump({"system": system, "services": services}))
        device = make_device(runtime, config, program=PROGRAM)
        # What is given to it, it must be able to read.
        device.recipes, device.artifacts = folder / "recipes", folder / "artifacts"
        for given in (device.recipes, device.artifacts):
            given.mkdir()
        return device

    yield make
    shutil.rmtree(folder)


@pytest.mark.parametrize("runtime", ["classic", "lite"])
def test_components_are_who_the_nucleus_is(device_of: Callable[..., Any], runtime: str) -> None:
    # Lite wants to be told, whoever it is.
    device = device_of(runtime, **({"runWithDefault": {"posixUser": NAME}} if runtime == "lite" else {}))
    assert Path(f"/proc/{device.status().pid}").stat().st_uid == ITSELF.pw_uid != 0
    device.give_zip(A, "1.0.0", "files.zip", {"it.txt": "hello"})
    device.give(
        A,
        artifacts=[{"Uri": "s3://b/files.zip", "Unarchive": "ZIP"}],
        run=f"{WHO} > who; cat {{artifacts:decompressedPath}}/files/it.txt > read; {STAY}",
    )
    assert device.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    device.speak_as(A)
    work = device.work(A)
    assert ((work / "who").read_text().strip(), (work / "read").read_text()) == (NAME, "hello")
    assert f"{work.owner()}:{work.group()}" == NAME
    assert Path(f"/proc/{device.pid(A)}").stat().st_uid == ITSELF.pw_uid


@pytest.mark.parametrize("step", ["install", "run"])
def test_a_step_that_must_be_root_asks_sudo_and_fails_where_that_is_refused(
    device_of: Callable[..., Any], step: str
) -> None:
    device = device_of("classic")
    device.give(A, **{"run": STAY, step: {"Script": f"{WHO} > who; {STAY}", "RequiresPrivilege": True}})
    if may_become_others():
        device.ask_deployment(f"{A}=1.0.0")
        device.token(A)
        assert (device.work(A) / "who").read_text().strip() == "root:root"
        return
    ended = device.deploy(f"{A}=1.0.0")
    assert ended.detailed == "FAILED_ROLLBACK_COMPLETE"
    assert_refused(device, ended, f"{step} ended with")
    assert not (device.work(A) / "who").exists()
    assert device.status().components == {}


def test_another_user_is_asked_of_sudo_and_the_old_one_is_back_where_that_is_refused(
    device_of: Callable[..., Any],
) -> None:
    device = device_of("classic")
    device.give(A, run=f"{WHO} > who; {STAY}")
    assert device.deploy(f"{A}=1.0.0").status == "SUCCEEDED"
    device.token(A)
    ended = device.deploy(f"{A}=1.0.0", run_with={A: RunWithInfo(posix_user="daemon:daemon")})
    if may_become_others():
        assert ended.status == "SUCCEEDED"
        return
    assert ended.detailed == "FAILED_ROLLBACK_COMPLETE"
    assert_refused(device, ended, "ended with")
    # It could not give the files away either, and has said so.
    assert "Service artifacts may not be accessible to user" in device.log()
    device.until_state(A, "RUNNING")
    assert (device.work(A) / "who").read_text().strip() == NAME


def test_a_lite_device_without_a_configured_user_runs_nothing(device_of: Callable[..., Any]) -> None:
    device = device_of("lite")
    device.give(A)
    assert "Ensure that runWithDefault is set for aws.greengrass.NucleusLite" in device.deploy(f"{A}=1.0.0").cause
