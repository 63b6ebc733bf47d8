"""`--stage`: the account, role, external id and target of a stage of the config, wherever the release is."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.seeding import DEFAULT_EXTERNAL_ID, create_deploy_role

Run = Callable[..., Any]
OTHER = "333333333333"
GROUPS = f"arn:aws:iot:eu-west-1:{OTHER}:thinggroup"
WAIT = ("--wait", "--timeout", "60", "--interval", "0.3")


@pytest.fixture
def stages(cloud: Cloud, target: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The stages of a release; the environment is of dev's credentials, and says nothing of the target."""
    for name, value in cloud.environment("dev").items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("TARGET_ARN")
    account = cloud.client("sts", account="preprod").get_caller_identity()["Account"]
    return {
        "preprod": {
            "account": account,
            "region": "eu-west-1",
            "target": target,
            "role": create_deploy_role(cloud, account="preprod"),
            "external-id": DEFAULT_EXTERNAL_ID,
        }
    }


def test_publish_deploy_status_and_rollback_work_with_nothing_but_a_stage(
    run: Run, release: Any, stages: dict[str, Any], greengrass: Any, target: str, device: Any
) -> None:
    device()
    release.stages(stages)
    release.write()
    account = stages["preprod"]["account"]
    assert run("publish", "--stage", "preprod", "--json").json["account"] == account
    first = run("deploy", "--stage", "preprod", "--wait", "--timeout", "60", "--interval", "0.3")
    assert first.code == 0, first.err
    assert run("status", "--stage", "preprod", "--json").json["as-released"] is True
    release.write(model="2.0.0")
    assert run("publish", "--stage", "preprod").code == 0
    assert run("deploy", "--stage", "preprod", "--wait", "--timeout", "60", "--interval", "0.3").code == 0
    back = run("rollback", "--stage", "preprod", "--wait", "--timeout", "60", "--interval", "0.3")
    assert back.code == 0, back.err
    newest = greengrass.list_deployments(targetArn=target)["deployments"][0]
    assert newest["targetArn"] == target


def test_a_stage_wins_over_the_environment_and_a_flag_over_the_stage(
    run: Run, release: Any, stages: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    release.stages(stages)
    release.write(with_agent=False)
    monkeypatch.setenv("TARGET_ARN", f"arn:aws:iot:eu-west-1:{OTHER}:thinggroup/fleet")
    monkeypatch.setenv("ROLE_TARGET", f"arn:aws:iam::{OTHER}:role/Nobody")
    assert run("publish", "--stage", "preprod", "--json").json["account"] == stages["preprod"]["account"]
    missing = f"arn:aws:iot:eu-west-1:{stages['preprod']['account']}:thinggroup/nowhere"
    done = run("deploy", "--stage", "preprod", "--target-arn", missing)
    assert done.code != 0
    assert "nowhere" in done.err


def test_a_stage_that_is_not_there_is_wrong_use(run: Run, release: Any, stages: dict[str, Any]) -> None:
    release.stages(stages)
    release.write()
    done = run("publish", "--stage", "preprot")
    assert done.code == 2
    assert done.err == "error: there is no stage 'preprot' in greengrass-config.yml\n    did you mean 'preprod'?\n"
    release.stages({})
    done = run("deploy", "--stage", "preprod")
    assert done.code == 2
    assert "there are no stages in greengrass-config.yml" in done.err


def test_credentials_of_another_account_than_the_stage_s_publish_nothing(
    run: Run, release: Any, stages: dict[str, Any]
) -> None:
    del stages["preprod"]["role"], stages["preprod"]["external-id"]
    release.stages(stages)
    release.write()
    done = run("publish", "--stage", "preprod")
    assert done.code == 2
    assert f"stage 'preprod' is account {stages['preprod']['account']}, and the credentials are of account" in done.err


def test_a_release_elsewhere_is_deployed_by_the_source_and_whatever_else_is_beside_it_is_not_read(
    run: Run, release: Any, stages: dict[str, Any], target: str, device: Any, tmp_path: Path
) -> None:
    device()
    release.stages(stages)
    release.write()
    handed_over = tmp_path / "release"
    handed_over.mkdir()
    (tmp_path / "dist").rename(handed_over / "dist")
    theirs = {"preprod": {**stages["preprod"], "account": OTHER, "target": target.replace("eu-west-1", "us-east-1")}}
    type(release)(handed_over, "theirs").stages(theirs)
    dist = ("--dist", str(handed_over / "dist"))
    assert run("publish", "--stage", "preprod", *dist, "--json").json["account"] == stages["preprod"]["account"]
    done = run("deploy", "--stage", "preprod", *dist, *WAIT, "--json")
    assert done.code == 0, done.err
    missing = run("publish", "--stage", "preprod")
    assert (missing.code, missing.err.splitlines()[0]) == (2, "error: dist/release.json: there is no such file")


def test_a_release_of_another_bucket_or_region_than_the_environment_says_is_published_nowhere(
    run: Run, release: Any, monkeypatch: pytest.MonkeyPatch, greengrass: Any
) -> None:
    release.write(with_agent=False)
    monkeypatch.setenv("ARTIFACT_BUCKET", "ours")
    done = run("publish")
    assert (done.code, "is mlops-artifacts, and ARTIFACT_BUCKET or --bucket says ours" in done.err) == (2, True)
    monkeypatch.setenv("ARTIFACT_BUCKET", "mlops-artifacts")
    release.stages({})
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    done = run("publish")
    assert (done.code, "is eu-west-1, and AWS_REGION says eu-central-1" in done.err) == (2, True)
    pages = greengrass.get_paginator("list_components").paginate()
    assert release.application not in {each["componentName"] for page in pages for each in page["components"]}
    # The pipeline is in the dev account's region, wherever its stages are.
    release.stages({"dev": {"account": OTHER, "region": "eu-west-1", "target": f"{GROUPS}/fleet"}})
    assert run("publish", "--region", "eu-west-1").code == 0


@pytest.fixture
def canary(cloud: Cloud, stages: dict[str, Any], unique: str) -> str:
    """The stage's canary: a group beside its target."""
    name = f"{unique}-canary"
    cloud.client("iot", account="preprod").create_thing_group(thingGroupName=name)
    stages["preprod"]["canary"] = f"{stages['preprod']['target']}-canary"
    return name


def test_plan_looks_at_the_stage_s_account_and_target(
    run: Run, release: Any, stages: dict[str, Any], target: str, device: Any
) -> None:
    device()
    release.stages(stages)
    release.write()
    planned = run("plan", "--built", "--stage", "preprod", "--json")
    assert planned.code == 3, planned.err
    assert [each["target-arn"] for each in planned.json["targets"]] == [target]
    assert planned.json["account"] == stages["preprod"]["account"]
    assert run("publish", "--stage", "preprod").code == 0
    assert run("deploy", "--stage", "preprod", *WAIT).code == 0
    again = run("plan", "--built", "--stage", "preprod", "--json")
    assert again.code == 0, again.out
    assert run("plan", "--built", "--stage", "prod").code == 2


def test_a_stage_s_canary_confirms_before_its_target_gets_anything(
    run: Run, release: Any, stages: dict[str, Any], target: str, canary: str, device: Any, revisions: Any
) -> None:
    first, _ = device("first", groups=(canary,)), device("rest")
    first.part = "refuses"
    release.stages(stages)
    release.write()
    assert run("publish", "--stage", "preprod").code == 0
    planned = run("plan", "--built", "--stage", "preprod", "--json").json["targets"]
    assert [(each["canary"], each["target-arn"]) for each in planned] == [(True, f"{target}-canary"), (False, target)]
    assert run("deploy", "--stage", "preprod", *WAIT).code == 5
    assert revisions() == []
    # A target, or an empty canary, that is given by hand is for a day on which the canary is not to be asked.
    by_hand = run("deploy", "--stage", "preprod", "--canary", "", *WAIT, "--json")
    assert by_hand.code == 0, by_hand.err
    assert by_hand.json["canary"] is None
    assert len(revisions()) == 1
    assert run("deploy", "--stage", "preprod", "--target-arn", target, *WAIT).code == 0


def test_without_a_stage_the_canary_comes_from_the_environment_as_codebuild_sets_it(
    run: Run, release: Any, stages: dict[str, Any], target: str, canary: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.write()
    monkeypatch.setenv("TARGET_ARN", target)
    monkeypatch.setenv("ROLE_TARGET", stages["preprod"]["role"])
    monkeypatch.setenv("EXTERNAL_ID", DEFAULT_EXTERNAL_ID)
    monkeypatch.setenv("CANARY", canary)
    assert run("publish").code == 0
    done = run("deploy", *WAIT)
    assert done.code == 2
    assert f"thing group {canary}, has no core device" in done.err
    # A stage's canary is its own, whatever another project's environment says.
    release.stages({"preprod": {key: each for key, each in stages["preprod"].items() if key != "canary"}})
    assert "no core device" not in run("deploy", "--stage", "preprod").err
