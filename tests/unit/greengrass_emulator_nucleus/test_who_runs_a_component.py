"""As whom a step is started: by a nucleus that is root, and by one that is not."""

import os
import shutil
import subprocess

import pytest
from greengrass_emulator.nucleus.deployments.document import FleetConfiguration
from greengrass_emulator.nucleus.errors import StepFailed
from greengrass_emulator.nucleus.lifecycle.run_as import ROOT, Identities, Identity, look_up
from greengrass_emulator.nucleus.lifecycle.sudo import SECURE_PATH, TAKEN_AWAY
from greengrass_emulator.nucleus.runtimes import CLASSIC, LITE

NOBODY = Identity(65534, 65534, "nobody", "/nonexistent")
PERSON = Identity(4321, 4321, "person", "/home/person")
ENDING = ("setpriv", "--pdeathsig", "KILL")
CLOSED = ("--bounding-set", "-dac_override,-dac_read_search")
SUDO = ("sudo", "-n", "-E", "-H", "-u", "#65534", "-g", "#65534", "--")
BECOME = ("--reuid", "65534", "--regid", "65534", "--init-groups")


@pytest.mark.parametrize(
    ("nucleus", "who", "privileged", "sudo", "classic"),
    [
        (ROOT, NOBODY, False, True, SUDO),
        (ROOT, NOBODY, False, False, ("setpriv", *BECOME)),
        (
            ROOT,
            Identity(4711, 12),
            False,
            False,
            ("setpriv", "--reuid", "4711", "--regid", "12", "--clear-groups"),
        ),
        (ROOT, NOBODY, True, True, ()),
        (ROOT, ROOT, False, True, ("setpriv", *CLOSED)),
        (PERSON, PERSON, False, True, ()),
        (PERSON, NOBODY, False, True, SUDO),
        (PERSON, PERSON, True, True, ("sudo", "-n", "-E", "-H", "-u", "#0", "-g", "#0", "--")),
    ],
)
def test_classic_asks_sudo_for_anybody_else_and_root_does_without_where_there_is_none(
    nucleus: Identity, who: Identity, privileged: bool, sudo: bool, classic: tuple[str, ...]
) -> None:
    assert Identities(CLASSIC, None, nucleus, sudo).launcher(who, privileged=privileged) == classic


def test_lites_steps_end_with_it_and_become_others_without_sudo() -> None:
    root, person = Identities(LITE, None, ROOT, True), Identities(LITE, None, PERSON, True)
    assert root.launcher(NOBODY, privileged=False) == (*ENDING, *BECOME)
    assert root.launcher(ROOT, privileged=False) == (*ENDING, *CLOSED)
    assert person.launcher(PERSON, privileged=False) == ENDING
    assert person.launcher(NOBODY, privileged=False) == (*ENDING, *SUDO)


def test_who_can_neither_be_root_nor_ask_says_what_it_takes() -> None:
    with pytest.raises(StepFailed, match="to run as nobody it takes sudo, which is not there"):
        Identities(CLASSIC, None, PERSON, False).launcher(NOBODY, privileged=False)


def test_without_sudo_the_environment_is_what_sudo_would_leave() -> None:
    setenv = {"LD_PRELOAD": "x", "PYTHONPATH": "/app", "MINE": "1", "PATH": "/own", "HOME": "/own", "F": "() { :; }"}
    given = {"SVCUID": "s", "HOME": "/root"}
    theirs = {"HOME": "/home/person", "USER": "person", "LOGNAME": "person"}
    without = Identities(CLASSIC, None, ROOT, False)
    assert without.environment(given, setenv, PERSON, privileged=False) == {
        "SVCUID": "s",
        "MINE": "1",
        "PATH": SECURE_PATH,
        **theirs,
    }
    assert without.environment(given, setenv, PERSON, privileged=True) == {**given, **setenv}
    # Sudo does it itself, and systemd does not do it.
    assert Identities(CLASSIC, None, ROOT, True).environment(given, setenv, PERSON, privileged=False) == {
        **given,
        **setenv,
    }
    lites = Identities(LITE, None, ROOT, True).environment(given, setenv, PERSON, privileged=False)
    assert lites == {**given, **theirs, **setenv}


def test_the_devices_own_programs_come_first_whoever_runs_the_step() -> None:
    found = Identities(CLASSIC, None, ROOT, False, "/env/bin").environment({"PATH": "/x"}, {}, PERSON, privileged=False)
    assert found["PATH"] == f"/env/bin:{SECURE_PATH}"
    by_sudo = Identities(CLASSIC, None, PERSON, True, "/env/bin").launcher(NOBODY, privileged=False)
    assert by_sudo[: len(SUDO)] == SUDO
    assert by_sudo[-1] == "/env/bin"


def test_what_is_taken_away_is_what_this_machines_sudo_takes_away() -> None:
    if os.geteuid() != 0 or shutil.which("sudo") is None:
        pytest.skip("root's own sudo is asked")
    said = subprocess.run(["sudo", "-V"], capture_output=True, text=True, timeout=30, check=True).stdout
    listed = said.partition("Environment variables to remove:")[2].partition("Environment variables to preserve")[0]
    assert set(listed.split()) - {"*=()*"} <= set(TAKEN_AWAY)


def test_the_deployments_user_goes_before_the_devices_and_that_before_the_nucleuss_own() -> None:
    assert Identities(CLASSIC, "root:root", PERSON).of("4711:12") == Identity(4711, 12)
    assert Identities(CLASSIC, "0:0", PERSON).of(None).is_same(ROOT)
    assert Identities(CLASSIC, None, PERSON).of(None) == PERSON


@pytest.mark.parametrize(
    ("identities", "said"),
    [
        (Identities(CLASSIC, None, ROOT), "runWithDefault is set for aws.greengrass.Nucleus "),
        (Identities(LITE, None, PERSON), "runWithDefault is set for aws.greengrass.NucleusLite "),
        (Identities(CLASSIC, "nobody-here", ROOT), "nobody-here is not on this device"),
        (Identities(CLASSIC, "root:no-such-group", ROOT), "root:no-such-group is not on this device"),
    ],
)
def test_a_step_without_a_user_cannot_be_run(identities: Identities, said: str) -> None:
    with pytest.raises(StepFailed, match=said):
        identities.of(None)


def test_a_number_that_is_nobodys_needs_its_group() -> None:
    assert look_up("4711") is None
    assert look_up("4711:0") == Identity(4711, 0)
    assert look_up(f"{2**80}") is None


@pytest.mark.parametrize(
    ("run_with", "user"),
    [
        ({}, None),
        ({"posixUser": "u:g"}, "u:g"),
        ({"posixUser": None}, ""),
        ({"systemResourceLimits": {"cpus": 1}}, None),
    ],
)
def test_a_deployment_names_a_user_takes_it_away_or_says_nothing_of_it(
    run_with: dict[str, object], user: str | None
) -> None:
    document = {
        "configurationArn": "arn:aws:greengrass:r:1:configuration:thing/t:1",
        "components": {"c": {"version": "1.0.0", "runWith": run_with}},
    }
    wanted = FleetConfiguration.model_validate(document).deployment().components["c"]
    assert (wanted.posix_user, wanted.limits_resources) == (user, "systemResourceLimits" in run_with)
