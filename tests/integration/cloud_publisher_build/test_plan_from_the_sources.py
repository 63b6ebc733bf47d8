"""`plan` of a repository: what would be built and why, and where it would go. Nothing is built to know it."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import MANIFEST, onnx_model, tar_of

Run = Callable[..., Any]


@pytest.fixture
def target(cloud: Any, unique: str) -> str:
    arn: str = cloud.client("iot", account="dev").create_thing_group(thingGroupName=unique)["thingGroupArn"]
    return arn


def test_nothing_is_built_or_uploaded_and_the_reason_is_told(run: Run, repository: Any, bucket: Any) -> None:
    repository.simple_app()
    done = run("plan", "--json")
    assert done.code == 3, done.err
    (app,) = done.json["components"]
    assert (app["action"], app["version"], app["because"]) == ("build", "1.0.0", ["it was never built"])
    assert app["uploads"] == [f"s3://{bucket.name}/artifacts/greengrass/{app['name']}/1.0.0/app.zip"]
    assert bucket.keys() == []
    assert not (repository.folder / "dist").exists()


def test_what_is_built_already_is_reused(run: Run, repository: Any) -> None:
    repository.simple_app()
    assert run("build").code == 0
    done = run("plan", "--json")
    assert done.code == 0, done.err
    assert [(each["action"], each["version"]) for each in done.json["components"]] == [("reuse", "1.0.0")]


def test_the_file_that_changed_is_named(run: Run, repository: Any) -> None:
    repository.simple_app()
    assert run("build").code == 0
    repository.write("app/main.py", "print('two')\n")
    repository.write("app/more.py", "")
    done = run("plan")
    assert done.code == 3
    assert "since 1.0.0: file main.py changed" in done.out
    assert "since 1.0.0: new file more.py" in done.out
    assert "1 to build, 0 to publish" in done.out


def test_a_dependency_that_would_be_built_is_why_its_dependent_is(run: Run, repository: Any, unique: str) -> None:
    def write(of_base: str) -> None:
        repository.write("base/main.py", of_base)
        repository.write("app/main.py", "print('app')\n")
        repository.config(
            "\n".join(
                f"""\
{key}:
  component-name: PREFIX.{key}
  root: {key}
  Artifacts: [{{URI: "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/{key}.zip", Unarchive: ZIP}}]
  Lifecycle: {{Run: exit 0}}
  ComponentDependencies: {dependencies}"""
                for key, dependencies in (
                    ("base", "{}"),
                    ("app", "{PREFIX.base: {VersionRequirement: x.x.x, DependencyType: SOFT}}"),
                )
            )
        )

    write("one\n")
    assert run("build").code == 0
    write("two\n")
    done = run("plan", "--json")
    assert done.code == 3, done.err
    because = {each["key"]: each["because"] for each in done.json["components"]}
    assert because["base"] == ["since 1.0.0: file main.py changed"]
    assert because["app"] == [f'since 1.0.0: dependency {unique}.base: "1.0.0" → "1.0.1"']


def test_it_goes_on_to_the_account_and_the_target_and_deploy_does_it_once_it_is_built(
    run: Run, repository: Any, target: str, cloud: Any
) -> None:
    repository.simple_app()
    planned = run("plan", "--target-arn", target, "--out", "plan.json", "--json")
    assert planned.code == 3, planned.err
    assert [each["action"] for each in planned.json["publishing"]] == ["create"]
    assert [each["part"] for each in planned.json["targets"][0]["deployments"]] == ["release"]
    assert run("build").code == 0
    assert run("publish").code == 0
    done = run("deploy", "--plan", "plan.json", "--json")
    assert done.code == 0, done.err
    assert done.json["deployments"][0]["action"] == "created"
    after = run("plan", "--target-arn", target)
    assert after.code == 0, after.out
    assert "Nothing would change." in after.out


def test_a_plan_of_a_model_that_is_not_built_yet_holds_once_its_digest_is_known(
    run: Run, repository: Any, registry: Any, target: str
) -> None:
    repository.write("digits/model.yaml", MANIFEST)
    repository.write("digits/golden/one.png", b"a picture")
    repository.write("agent/edge_agent/__init__.py", "")
    repository.config(
        f"""\
        agent:
          component-name: PREFIX.agent
          root: agent
          build: {{build_system: python, packages: [edge_agent, shared_schema], wheels: false}}
          agent: {{settings: {{}}}}
        digits:
          component-name: PREFIX.digits
          root: digits
          model: {{sagemaker-managed: true, package-group: {registry.group}, name: model.tar.gz}}
          Artifacts:
            - URI: "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/digits.zip"
              Unarchive: ZIP
              Permission: {{Read: ALL}}
          Lifecycle: {{Run: exit 0}}
        """,
        top="application: lines\n",
    )
    registry.register(tar_of({"tiny.onnx": onnx_model()}))
    # What an agent reads is found in its sources, which may be older than the publisher.
    repository.write("agent/shared_schema/desired_state.py", 'FORM = "1"\nFORMS: tuple[str, ...] = (FORM, "0")\n')
    refused = run("plan", "--target-arn", target)
    assert refused.code == 2
    assert "whose form is '2': it reads '1', '0'" in refused.err
    repository.write("agent/shared_schema/desired_state.py", 'FORM: Final = "2"\nFORMS: Final = (FORM,)\n')
    planned = run("plan", "--target-arn", target, "--out", "plan.json", "--json")
    assert planned.code == 3, planned.err
    leaves = {
        leaf["pointer"]: leaf["after"]
        for component in planned.json["targets"][0]["components"]
        for leaf in component["configuration"]
    }
    assert leaves["/desired/models/digits"].endswith('.digits:1.0.0:known once it is built"')
    for command in (("build",), ("publish",), ("deploy", "--plan", "plan.json")):
        done = run(*command)
        assert done.code == 0, done.err
    released = json.loads((repository.folder / "dist" / "release.json").read_text())["components"]
    assert {each["name"].split(".")[-1]: each["forms"] for each in released} == {
        "agent": ["2"],
        "desired": [],
        "digits": [],
    }
    assert run("plan", "--target-arn", target).code == 0


def test_a_faulty_repository_is_refused_before_any_call(run: Run, repository: Any) -> None:
    repository.config("app:\n  component-name: PREFIX.app\n  roo: app\n")
    done = run("plan")
    assert done.code == 2
    assert "greengrass-config.yml:" in done.err
