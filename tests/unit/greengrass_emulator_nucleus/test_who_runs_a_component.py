"""As whom a step is started: by a nucleus that is root, and by one that is not."""

import pytest

from greengrass_emulator.nucleus.deployments.document import FleetConfiguration
from greengrass_emulator.nucleus.errors import StepFailed
from greengrass_emulator.nucleus.lifecycle.run_as import ROOT, Identities, Identity, look_up
from greengrass_emulator.nucleus.runtimes import CLASSIC, LITE

NOBODY = Identity(65534, 65534, "nobody", "/nonexistent")
PERSON = Identity(4321, 4321, "person", "/home/person")
BEGUN = ("setpriv", "--pdeathsig", "KILL")
CLOSED = ("--bounding-set", "-dac_override,-dac_read_search")


@pytest.mark.parametrize(
    ("nucleus", "who", "privileged", "rest"),
    [
        (ROOT, NOBODY, False, ("--reuid", "65534", "--regid", "65534", "--init-groups")),
        (ROOT, Identity(4711, 12), False, ("--reuid", "4711", "--regid", "12", "--clear-groups")),
        (ROOT, NOBODY, True, ()),
        (ROOT, ROOT, False, CLOSED),
        (ROOT, Identity(0, 7, "root"), False, ("--reuid", "0", "--regid", "7", "--init-groups", *CLOSED)),
        (PERSON, PERSON, False, ()),
        (PERSON, NOBODY, False, ("sudo", "-n", "-E", "-H", "-u", "#65534", "-g", "#65534", "--")),
        (PERSON, PERSON, True, ("sudo", "-n", "-E", "-H", "-u", "#0", "-g", "#0", "--")),
    ],
)
def test_root_becomes_whoever_is_wanted_and_others_ask_sudo(
    nucleus: Identity, who: Identity, privileged: bool, rest: tuple[str, ...]
) -> None:
    assert Identities(CLASSIC, None, nucleus).launcher(who, privileged=privileged) == (*BEGUN, *rest)


def test_another_user_has_a_home_of_its_own() -> None:
    identities = Identities(CLASSIC, None, ROOT)
    told = {"HOME": "/home/person", "USER": "person", "LOGNAME": "person"}
    assert identities.home_environment(PERSON, privileged=False) == told
    assert identities.home_environment(PERSON, privileged=True) == {}


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
