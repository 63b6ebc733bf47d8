"""`plan --built` and `deploy --plan` through the command line: what is shown is what is done, or nothing is."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Run = Callable[..., Any]
WAIT = ("--wait", "--timeout", "60", "--interval", "0.3")


@pytest.fixture
def published(run: Run, release: Any) -> Callable[..., None]:
    """Writes a release and publishes it."""

    def write(**what: Any) -> None:
        release.write(**what)
        assert run("publish").code == 0

    return write


@pytest.fixture
def plan(run: Run) -> Callable[..., Any]:
    """Plans what ``dist`` holds."""

    def command(*words: str) -> Any:
        return run("plan", "--built", *words)

    return command


def changes(plan: dict[str, Any]) -> dict[str, str]:
    """What happens to each component of the last target."""
    return {each["name"]: each["change"] for each in plan["targets"][-1]["components"]}


def parts(plan: dict[str, Any]) -> list[str]:
    return [each["part"] for each in plan["targets"][-1]["deployments"]]


def test_a_plan_changes_nothing_and_ends_with_3(
    plan: Any, release: Any, device: Any, revisions: Any, greengrass: Any
) -> None:
    release.write()
    device()
    done = plan("--json")
    assert done.code == 3, done.err
    assert {each["action"] for each in done.json["publishing"]} == {"create"}
    assert set(changes(done.json).values()) == {"added"}
    assert (parts(done.json), done.json["targets"][0]["channel"]) == (["release"], "validated")
    assert revisions() == []
    arn = f"arn:aws:greengrass:eu-west-1:222222222222:components:{release.agent}:versions:1.0.0"
    with pytest.raises(greengrass.exceptions.ResourceNotFoundException):
        greengrass.describe_component(arn=arn)


def test_a_release_that_is_there_is_no_change(plan: Any, run: Run, published: Any, device: Any) -> None:
    published()
    device()
    assert run("deploy", *WAIT).code == 0
    done = plan()
    assert done.code == 0, done.err
    assert "Nothing would change." in done.out


def test_a_new_model_shows_its_configuration_key_by_key(
    plan: Any, run: Run, release: Any, published: Any, device: Any
) -> None:
    published()
    device()
    assert run("deploy", *WAIT).code == 0
    release.write(model="2.0.0")
    done = plan("--json")
    assert done.code == 3
    found = {each["name"]: each for each in done.json["targets"][0]["components"]}
    assert (found[release.model]["before"], found[release.model]["after"]) == ("1.0.0", "2.0.0")
    leaves = {each["pointer"]: (each["before"], each["after"]) for each in found[release.agent]["configuration"]}
    assert set(leaves) == {"/desired/models/digits"}
    assert [text.split(":")[1] for text in leaves["/desired/models/digits"]] == ["1.0.0", "2.0.0"]
    assert found[f"{release.agent}.desired"]["change"] == "unchanged"
    assert "/desired/models/digits" in plan().out


def test_deploy_does_what_the_plan_says_and_a_second_time_nothing(
    plan: Any, run: Run, published: Any, device: Any, revisions: Any
) -> None:
    published()
    device()
    assert plan("--out", "plan.json").code == 3
    first = run("deploy", "--plan", "plan.json", *WAIT, "--json")
    assert first.code == 0, first.err
    assert first.json["outcome"] == "confirmed"
    again = run("deploy", "--plan", "plan.json", *WAIT, "--json")
    assert again.code == 0, again.err
    assert [each["action"] for each in again.json["deployments"]] == ["unchanged"]
    assert len(revisions()) == 1


def test_a_target_that_has_moved_since_is_left_alone(
    plan: Any, run: Run, release: Any, published: Any, device: Any, greengrass: Any, target: str, revisions: Any
) -> None:
    published()
    device()
    assert plan("--out", "plan.json").code == 3
    greengrass.create_deployment(targetArn=target, components={release.model: {"componentVersion": "1.0.0"}})
    done = run("deploy", "--plan", "plan.json", *WAIT)
    assert done.code == 1
    assert "has moved since the plan" in done.err
    assert "run plan again" in done.err
    assert len(revisions()) == 1


def test_devices_of_another_runtime_since_the_plan_are_a_move_too(
    plan: Any, run: Run, published: Any, device: Any, revisions: Any
) -> None:
    published()
    device("one")
    assert plan("--out", "plan.json").code == 3
    device("two", "lite")
    done = run("deploy", "--plan", "plan.json")
    assert done.code == 1
    assert "subscribed channel now, and the plan was for validated" in done.err
    assert revisions() == []


def test_another_template_than_the_plans_is_refused(
    plan: Any, run: Run, release: Any, published: Any, device: Any, revisions: Any
) -> None:
    published()
    device()
    assert plan("--out", "plan.json").code == 3
    release.template(deploymentPolicies={"failureHandlingPolicy": "DO_NOTHING"})
    assert run("deploy", "--plan", "plan.json").code == 1
    assert revisions() == []


def test_a_plan_of_another_release_is_wrong_use(
    plan: Any, run: Run, release: Any, published: Any, revisions: Any
) -> None:
    published()
    assert plan("--out", "plan.json").code == 3
    published(model="2.0.0")
    done = run("deploy", "--plan", "plan.json")
    assert done.code == 2
    assert f"{release.model} 2.0.0, planned was 1.0.0" in done.err
    assert revisions() == []


def test_a_plan_saved_for_4_0_0_refuses_5_0_0(
    plan: Any, run: Run, release: Any, published: Any, device: Any, revisions: Any
) -> None:
    device()
    published(model="4.0.0")
    assert plan("--out", "plan.json").code == 3
    published(model="5.0.0")
    done = run("deploy", "--plan", "plan.json")
    assert (done.code, revisions()) == (2, [])
    assert f"{release.model} 5.0.0, planned was 4.0.0" in done.err
    # The target's part of it pins the model too, whatever stands beside it.
    assert plan("--out", "other.json").code == 3
    saved = json.loads(Path("plan.json").read_text())
    saved["components"] = json.loads(Path("other.json").read_text())["components"]
    Path("plan.json").write_text(json.dumps(saved))
    done = run("deploy", "--plan", "plan.json")
    assert (done.code, revisions()) == (1, [])
    assert "has changed since the plan" in done.err


def test_a_plan_for_another_target_is_wrong_use(plan: Any, run: Run, published: Any, target: str) -> None:
    published()
    assert plan("--out", "plan.json").code == 3
    done = run("deploy", "--plan", "plan.json", "--target-arn", f"{target}-other")
    assert done.code == 2
    assert f"is a plan for {target}" in done.err


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda text: text.replace('"targets"', '"tragets"'), "did you mean 'targets'?"),
        (lambda text: text[: len(text) // 2], "plan.json:"),
        (lambda text: json.dumps({**json.loads(text), "targets": []}), "has no target"),
    ],
    ids=["misspelt", "cut off", "no target"],
)
def test_a_plan_that_is_none_is_refused_with_its_place(
    plan: Any, run: Run, published: Any, tmp_path: Path, spoil: Callable[[str], str], words: str
) -> None:
    published()
    assert plan("--out", "plan.json").code == 3
    path = tmp_path / "plan.json"
    path.write_text(spoil(path.read_text()))
    done = run("deploy", "--plan", "plan.json")
    assert done.code == 2
    assert words in done.err


def test_agent_and_model_are_planned_as_two_and_an_interrupted_run_goes_on(
    plan: Any, run: Run, release: Any, published: Any, device: Any, deployed: Any, revisions: Any
) -> None:
    published(model="1.0.0", agent="1.0.0")
    one = device()
    assert run("deploy", *WAIT).code == 0
    published(model="2.0.0", agent="1.1.0")
    planned = plan("--out", "plan.json", "--json")
    assert (planned.code, parts(planned.json)) == (3, ["agent", "release"])
    assert "the agent first" in planned.json["targets"][0]["warnings"][0]
    one.part = "breaks"
    assert run("deploy", "--plan", "plan.json", *WAIT).code == 1
    assert deployed()["components"][release.model]["componentVersion"] == "1.0.0"
    one.part = "confirms"
    assert run("deploy", "--plan", "plan.json", *WAIT, "--retry").code == 0
    assert deployed()["components"][release.model]["componentVersion"] == "2.0.0"
    assert len(revisions()) == 4


def test_what_left_the_release_stays_until_its_removal_is_allowed(
    plan: Any, run: Run, release: Any, published: Any, device: Any, deployed: Any, revisions: Any
) -> None:
    old = release.component("old", release.application, "1.0.0", "application")
    release.write()
    document = json.loads(release.write().read_text())
    release.write(components=[*document["components"], old])
    assert run("publish").code == 0
    device()
    assert run("deploy", *WAIT).code == 0

    release.write()
    kept = plan("--json")
    assert kept.code == 0, kept.err
    (words,) = [each["words"] for each in kept.json["targets"][0]["components"] if each["change"] == "kept"]
    assert f"--allow-removal {release.application} removes it" in words
    assert run("deploy", *WAIT).code == 0
    assert release.application in deployed()["components"]

    allowed = plan("--allow-removal", release.application, "--out", "plan.json", "--json")
    assert allowed.code == 3
    assert changes(allowed.json)[release.application] == "removed"
    done = run("deploy", "--plan", "plan.json", *WAIT)
    assert done.code == 0, done.err
    assert f"removed: {release.application}" in done.out
    assert release.application not in deployed()["components"]
    assert release.agent in deployed()["components"]
    again = run("deploy", "--allow-removal", release.application, *WAIT)
    assert (again.code, len(revisions())) == (0, 2)
    assert f"{release.application} is not on the target: there is nothing to remove" in again.out


def test_another_tools_component_is_kept_as_not_ours(
    plan: Any, release: Any, device: Any, greengrass: Any, theirs: str, target: str
) -> None:
    greengrass.create_deployment(targetArn=target, components={theirs: {"componentVersion": "3.1.0"}})
    release.write()
    device()
    done = plan()
    assert done.code == 3
    assert f"= {theirs} 3.1.0: kept, it is not ours" in done.out


def test_what_the_release_brings_may_not_be_removed(run: Run, release: Any, published: Any, revisions: Any) -> None:
    published()
    done = run("deploy", "--allow-removal", release.model)
    assert done.code == 2
    assert "may not be removed" in done.err
    assert revisions() == []


def test_a_model_that_leaves_the_release_leaves_the_desired_state(
    run: Run, release: Any, published: Any, device: Any, deployed: Any
) -> None:
    published()
    device()
    assert run("deploy", *WAIT).code == 0
    document = json.loads(release.write().read_text())
    release.write(components=[each for each in document["components"] if each["kind"] != "model"])
    assert run("deploy", "--allow-removal", release.model).code == 0
    whole = deployed()
    assert release.model not in whole["components"]
    assert whole["components"][release.agent]["configurationUpdate"]["merge"]["desired"]["models"] == {}


@pytest.fixture
def configured(release: Any, run: Run) -> Callable[..., None]:
    """Publishes a release with an application that the template configures."""

    def write(level: str, model: str) -> None:
        document = json.loads(release.write(model=model).read_text())
        application = release.component("app", release.application, "1.0.0", "application")
        release.write(components=[*document["components"], application])
        release.template(components={release.application: {"configurationUpdate": {"merge": {"level": level}}}})
        assert run("publish").code == 0

    return write


def test_another_components_configuration_goes_first_on_the_validated_channel(
    plan: Any, run: Run, release: Any, configured: Any, device: Any, deployed: Any, greengrass: Any, revisions: Any
) -> None:
    configured("info", "1.0.0")
    device()
    assert run("deploy", *WAIT).code == 0
    before = deployed()
    configured("debug", "2.0.0")
    planned = plan("--out", "plan.json", "--json")
    assert (planned.code, parts(planned.json)) == (3, ["configuration", "release"])
    (warning,) = planned.json["targets"][0]["warnings"]
    assert f"the configuration of {release.application} changes while the version stays" in warning
    done = run("deploy", "--plan", "plan.json", *WAIT, "--json")
    assert done.code == 0, done.err
    assert [(each["part"], each["outcome"]) for each in done.json["deployments"]] == [
        ("configuration", "confirmed"),
        ("release", "confirmed"),
    ]
    between = greengrass.get_deployment(deploymentId=revisions()[1])["components"]
    # The very same text: if it changed, the nucleus would ask the agent, then wait for the application and time out.
    assert between[release.agent]["configurationUpdate"]["merge"] == json.dumps(
        before["components"][release.agent]["configurationUpdate"]["merge"], sort_keys=True
    )
    assert between[release.model]["componentVersion"] == "1.0.0"
    assert json.loads(between[release.application]["configurationUpdate"]["merge"]) == {"level": "debug"}
    assert deployed()["components"][release.model]["componentVersion"] == "2.0.0"
    assert plan().code == 0


def test_another_components_configuration_alone_leaves_the_desired_state_as_it_is(
    run: Run, release: Any, configured: Any, device: Any, deployed: Any, revisions: Any
) -> None:
    configured("info", "1.0.0")
    device()
    assert run("deploy", *WAIT).code == 0
    before = deployed()["components"][release.agent]
    configured("debug", "1.0.0")
    assert run("deploy", *WAIT).code == 0
    assert deployed()["components"][release.agent] == before
    assert len(revisions()) == 2
    assert run("deploy", *WAIT).code == 0
    assert len(revisions()) == 2


def test_on_the_subscribed_channel_it_is_one_deployment(
    run: Run, release: Any, configured: Any, device: Any, revisions: Any
) -> None:
    configured("info", "1.0.0")
    device("one", "lite")
    assert run("deploy", *WAIT).code == 0
    configured("debug", "2.0.0")
    assert run("deploy", *WAIT).code == 0
    assert len(revisions()) == 2
