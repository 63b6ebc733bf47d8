"""No agent is sent a desired state that it does not read, whichever deployment would bring it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from shared_schema.desired_state import seal_of

Run = Callable[..., Any]
WAITING = ("--wait", "--timeout", "60", "--interval", "0.3")


@pytest.fixture
def bring(run: Run, release: Any) -> Callable[..., Any]:
    """Publishes and deploys a release, and waits."""

    def deploy(**what: Any) -> Any:
        release.write(**what)
        assert run("publish").code == 0
        return run("deploy", *WAITING)

    return deploy


@pytest.fixture
def tags_of_agent(greengrass: Any, release: Any, target: str) -> Callable[[str], Any]:
    """The ARN of a version of the agent."""
    place = ":".join(target.replace(":iot:", ":greengrass:").split(":")[:5])
    return lambda version: f"{place}:components:{release.agent}:versions:{version}"


def test_publish_says_on_the_agent_alone_which_forms_it_reads(
    bring: Any, release: Any, device: Any, greengrass: Any, tags_of_agent: Any
) -> None:
    device()
    assert bring(forms=("2", "3")).code == 0
    tags = greengrass.describe_component(arn=tags_of_agent("1.0.0"))["tags"]
    assert tags["mlops:forms"] == "2 3"
    model = tags_of_agent("1.0.0").replace(release.agent, release.model)
    assert set(greengrass.describe_component(arn=model)["tags"]) == {"mlops:content-digest"}


@pytest.mark.parametrize(
    ("forms", "words"), [(("1", "3"), "it reads '1', '3'"), ((), "it has no tag mlops:forms")], ids=["others", "none"]
)
def test_an_agent_of_other_forms_is_sent_nothing(
    forms: tuple[str, ...], words: str, run: Run, release: Any, device: Any, revisions: Any
) -> None:
    device()
    release.write(forms=forms)
    assert run("publish").code == 0
    for command in (("plan", "--built"), ("deploy", *WAITING)):
        done = run(*command)
        assert done.code == 2
        assert f"{release.agent} 1.0.0 does not read this desired state, whose form is '2'" in done.err
        assert words in done.err
        assert "build the agent again" in done.err
    assert revisions() == []


def test_a_rollback_to_an_agent_of_other_forms_is_refused(
    bring: Any, run: Run, release: Any, device: Any, greengrass: Any, tags_of_agent: Any, revisions: Any
) -> None:
    device()
    assert bring(agent="1.0.0").code == 0
    assert bring(agent="1.1.0").code == 0
    greengrass.untag_resource(resourceArn=tags_of_agent("1.0.0"), tagKeys=["mlops:forms"])
    done = run("rollback", *WAITING)
    assert (done.code, len(revisions())) == (2, 2)
    assert f"{release.agent} 1.0.0 does not read" in done.err
    greengrass.tag_resource(resourceArn=tags_of_agent("1.0.0"), tags={"mlops:forms": "2"})
    assert run("rollback", *WAITING).code == 0


def test_a_release_of_which_the_canary_is_sent_nothing_reaches_nobody(
    run: Run, release: Any, device: Any, cloud: Any, unique: str, revisions: Any
) -> None:
    canary = f"{unique}-canary"
    cloud.client("iot", account="preprod").create_thing_group(thingGroupName=canary)
    first = device("first", groups=(canary,))
    device("rest")
    release.write(forms=("9",))
    assert run("publish").code == 0
    done = run("deploy", "--canary", canary, *WAITING)
    assert (done.code, revisions(), first.got) == (2, [], [])


def test_a_deployment_of_a_form_unknown_here_is_replaced_and_not_put_back(
    bring: Any, run: Run, release: Any, device: Any, greengrass: Any, target: str, deployed: Any, revisions: Any
) -> None:
    one = device()
    assert bring(model="1.0.0").code == 0
    whole = deployed()
    later = {"form": "7", "release": "1999999999", "catalogue": "something new"}
    later["seal"] = seal_of(later)
    components = {name: {"componentVersion": spec["componentVersion"]} for name, spec in whole["components"].items()}
    update = {"merge": json.dumps({"desired": later}), "reset": ["/desired"]}
    components[release.agent]["configurationUpdate"] = update
    theirs = greengrass.create_deployment(targetArn=target, components=components)["deploymentId"]
    greengrass.tag_resource(
        resourceArn=f"{target.partition(':iot:')[0]}:greengrass:{target.split(':')[3]}:{target.split(':')[4]}"
        f":deployments:{theirs}",
        tags={"mlops:outcome": "confirmed"},
    )
    assert bring(model="2.0.0").code == 0
    desired = deployed()["components"][release.agent]["configurationUpdate"]["merge"]["desired"]
    assert desired["form"] == "2"
    assert int(desired["release"]) > int(later["release"])
    assert len(one.got) == 3
    for words in ((), ("--to", theirs)):
        done = run("rollback", *words, *WAITING)
        assert done.code == 2
        assert f"deployment {theirs}" in done.err
        assert "form '7'" in done.err
    assert len(revisions()) == 3
    assert run("rollback", "--to", revisions()[-1], *WAITING).code == 0
