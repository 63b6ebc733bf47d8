"""`publish` through the command line, against the emulated control plane."""

import json
import os
from collections.abc import Callable
from typing import Any

import pytest
from greengrass_emulator.cloud.cloud import Cloud

Run = Callable[..., Any]


def test_publish_creates_every_version_with_its_digest_and_recipe(
    run: Run, release: Any, cloud: Cloud, greengrass: Any
) -> None:
    path = release.write()
    done = run("publish", "--json")
    assert done.code == 0, done.err
    assert {each["action"] for each in done.json["components"]} == {"created"}
    for component in json.loads(path.read_text())["components"]:
        arn = (
            f"arn:aws:greengrass:eu-west-1:222222222222:components:{component['name']}:versions:{component['version']}"
        )
        found = greengrass.describe_component(arn=arn)
        assert found["status"]["componentState"] == "DEPLOYABLE"
        assert found["tags"]["mlops:content-digest"] == component["content-digest"]


def test_publish_twice_changes_nothing_and_says_so(run: Run, release: Any) -> None:
    release.write()
    assert run("publish").code == 0
    again = run("publish")
    assert again.code == 0
    assert "nothing to publish" in again.out
    assert {each["action"] for each in run("publish", "--json").json["components"]} == {"unchanged"}


def test_a_version_with_another_digest_is_an_error_that_names_both(run: Run, release: Any) -> None:
    release.write()
    assert run("publish").code == 0
    path = release.write(model="2.0.0")
    document = json.loads(path.read_text())
    document["components"][0]["content-digest"] = "f" * 64
    path.write_text(json.dumps(document))
    done = run("publish", "--json")
    assert done.code == 1
    problem = done.json["problem"]
    assert "f" * 64 in problem
    assert f"{release.agent} 1.0.0" in problem
    document["components"][0]["content-digest"] = json.loads(release.write(model="2.0.0").read_text())["components"][0][
        "content-digest"
    ]
    assert document["components"][0]["content-digest"] in problem
    # Nothing half done: the model's new version was not created either.
    assert run("publish", "--json").json["components"][2]["action"] == "created"


def test_a_version_that_was_published_by_another_tool_is_left_alone(run: Run, release: Any, greengrass: Any) -> None:
    path = release.write(with_agent=False)
    (component,) = json.loads(path.read_text())["components"]
    greengrass.create_component_version(inlineRecipe=component["recipe"].encode())
    done = run("publish")
    assert done.code == 1
    assert "no content digest" in done.err


def test_a_failed_version_shows_the_clouds_reason_and_is_created_again(
    run: Run, release: Any, cloud: Cloud, unique: str
) -> None:
    uri = f"s3://{unique}/artifacts/app.zip"
    component = release.component("app", release.application, "1.0.0", "application", uris=(uri,))
    release.write(components=[component], settings=None)
    failed = run("publish")
    assert failed.code == 1
    assert f"{release.application} 1.0.0 FAILED" in failed.err
    assert uri in failed.err
    assert run("publish").code == 1

    s3 = cloud.client("s3", account="preprod")
    s3.create_bucket(Bucket=unique, CreateBucketConfiguration={"LocationConstraint": cloud.region})
    s3.put_object(Bucket=unique, Key="artifacts/app.zip", Body=b"zip")
    mended = run("publish", "--json")
    assert mended.code == 0, mended.out
    assert [each["action"] for each in mended.json["components"]] == ["created again"]


def test_the_role_of_the_stage_is_assumed(
    run: Run, release: Any, cloud: Cloud, seeded_cloud: Any, monkeypatch: Any
) -> None:
    for name, value in cloud.environment("dev").items():
        monkeypatch.setenv(name, value)
    release.write(with_agent=False)
    role = seeded_cloud.deploy_role_arns["preprod"]
    refused = run("publish", "--role-arn", role)
    assert refused.code == 1
    assert f"cannot assume {role}" in refused.err
    assert "trust policy" in refused.err
    done = run("publish", "--role-arn", role, "--external-id", seeded_cloud.external_id, "--json")
    assert done.code == 0, done.err
    assert done.json["account"] == "222222222222"


def test_the_targets_region_goes_before_the_one_that_codebuild_sets(
    run: Run, release: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.write(with_agent=False)
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    done = run("publish")
    assert done.code == 0, done.err
    elsewhere = os.environ["TARGET_ARN"].replace("eu-west-1", "us-east-1")
    refused = run("publish", "--target-arn", elsewhere)
    assert refused.code == 1
    assert "eu-west-1, not in us-east-1" in refused.err


def test_with_debug_each_event_is_a_line_with_its_values_and_without_it_none(run: Run, release: Any) -> None:
    component = json.loads(release.write().read_text())["components"][0]
    told = run("--debug", "publish").err
    assert f'msg="component version created" component={component["name"]} version={component["version"]}' in told
    assert "level=INFO logger=cloud_publisher.publishing.component_versions" in told
    assert run("publish").err.count("msg=") == 0


def test_a_profile_that_is_not_there_is_one_clear_error(
    run: Run, release: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    release.write(with_agent=False)
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    done = run("publish")
    assert done.code == 2
    assert "the AWS configuration cannot be used: The config profile (nobody) could not be found" in done.err


def test_without_a_release_the_remedy_is_the_build(run: Run) -> None:
    done = run("publish")
    assert done.code == 2
    assert "dist/release.json: there is no such file" in done.err
    assert "cloud-publisher build" in done.err


def test_a_release_with_a_misspelt_key_is_refused_with_its_place(run: Run, release: Any) -> None:
    path = release.write()
    path.write_text(path.read_text().replace('"content-digest"', '"content-digset"', 1))
    done = run("publish")
    assert done.code == 2
    assert "dist/release.json:1:" in done.err
    assert "did you mean 'content-digest'?" in done.err


def test_an_agent_without_its_desired_component_is_refused(run: Run, release: Any) -> None:
    agent = release.component("agent", release.agent, "1.0.0", "agent")
    release.write(components=[agent])
    done = run("publish")
    assert done.code == 2
    assert f"{release.agent}.desired is not there" in done.err
