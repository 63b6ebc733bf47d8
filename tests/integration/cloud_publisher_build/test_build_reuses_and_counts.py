"""`build`: which version a component gets, when an earlier one is reused, and what is handed over."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from greengrass_emulator.cloud.cloud import Cloud

from shared_schema.release import Release

from .conftest import SIMPLE_APP

Run = Callable[..., Any]


def test_a_first_build_uploads_the_artifact_and_writes_the_release(run: Run, repository: Any, bucket: Any) -> None:
    repository.simple_app()
    ran = run("build")
    assert ran.code == 0, ran.err
    app = repository.component("app")
    assert app["version"] == "1.0.0"
    assert not app["reused"]
    uri = f"s3://{bucket.name}/artifacts/greengrass/{repository.prefix}.app/1.0.0/app.zip"
    assert [artifact["uri"] for artifact in app["artifacts"]] == [uri]
    assert bucket.zip(uri).read("main.py") == b"print('one')\n"
    Release.model_validate_json((repository.folder / "dist/release.json").read_text())


def test_the_recipe_names_the_artifact_where_it_was_uploaded_and_fits_both_runtimes(
    run: Run, repository: Any, bucket: Any
) -> None:
    repository.simple_app()
    run("build")
    (manifest,) = repository.recipe("app")["Manifests"]
    assert manifest["Artifacts"][0]["Uri"] == repository.component("app")["artifacts"][0]["uri"]
    assert manifest["Platform"] == {"os": "linux", "runtime": "*"}


def test_a_second_build_with_nothing_changed_builds_and_uploads_nothing(run: Run, repository: Any, bucket: Any) -> None:
    repository.simple_app()
    run("build")
    before, first = bucket.keys(), repository.component("app")
    ran = run("build")
    assert ran.code == 0
    assert "nothing has changed, nothing was built or uploaded" in ran.out
    assert bucket.keys() == before
    assert repository.component("app") == {**first, "reused": True}


def test_new_content_gets_the_next_version_and_old_content_its_own_again(
    run: Run, repository: Any, bucket: Any
) -> None:
    repository.simple_app()
    run("build")
    repository.write("app/main.py", "print('two')\n")
    run("build")
    assert repository.component("app")["version"] == "1.0.1"
    repository.write("app/main.py", "print('one')\n")
    run("build")
    assert (repository.component("app")["version"], repository.component("app")["reused"]) == ("1.0.0", True)


def test_a_version_that_somebody_published_is_not_taken_again(run: Run, repository: Any, cloud: Cloud) -> None:
    repository.simple_app()
    recipe = {
        "RecipeFormatVersion": "2020-01-25",
        "ComponentName": f"{repository.prefix}.app",
        "ComponentVersion": "7.4.2",
        "Manifests": [{"Lifecycle": {"run": "exit 0"}}],
    }
    cloud.client("greengrassv2", account="dev").create_component_version(inlineRecipe=json.dumps(recipe).encode())
    run("build")
    assert repository.component("app")["version"] == "7.4.3"


def test_a_build_that_was_never_published_blocks_nothing(run: Run, repository: Any, bucket: Any) -> None:
    repository.simple_app()
    key = f"artifacts/greengrass/{repository.prefix}.app/1.0.0/app.zip"
    bucket.s3.put_object(Bucket=bucket.name, Key=key, Body=b"half of a build that was broken off")
    assert run("build").code == 0
    assert repository.component("app")["version"] == "1.0.1"
    assert bucket.read(f"s3://{bucket.name}/{key}") == b"half of a build that was broken off"


@pytest.mark.parametrize(("bump", "version"), [("patch", "1.0.1"), ("minor", "1.1.0"), ("major", "2.0.0")])
def test_bump_says_how_the_version_goes_up(bump: str, version: str, run: Run, repository: Any) -> None:
    repository.simple_app()
    run("build")
    repository.write("app/main.py", "print('two')\n")
    run("build", "--bump", bump)
    assert repository.component("app")["version"] == version


def test_an_artifact_that_was_taken_from_the_bucket_is_built_again(run: Run, repository: Any, bucket: Any) -> None:
    repository.simple_app()
    run("build")
    (key,) = bucket.artifacts()
    bucket.s3.delete_object(Bucket=bucket.name, Key=key)
    run("build")
    app = repository.component("app")
    assert (app["version"], app["reused"]) == ("1.0.1", False)


def test_what_is_excluded_neither_goes_in_nor_changes_the_version(run: Run, repository: Any, bucket: Any) -> None:
    repository.simple_app()
    text = (repository.folder / "greengrass-config.yml").read_text()
    repository.write("greengrass-config.yml", text + "    build: {build_system: zip, exclude: ['notes/', '*.log']}\n")
    for name in ("recipe.json", "gdk-config.json", "notes/plan.md", "run.log", "__pycache__/main.pyc", "lib/kept.py"):
        repository.write(f"app/{name}", "x")
    run("build")
    names = bucket.zip(repository.component("app")["artifacts"][0]["uri"]).namelist()
    assert names == ["lib/kept.py", "main.py"]
    repository.write("app/run.log", "more")
    run("build")
    assert repository.component("app")["reused"]


def test_verbose_lists_what_was_left_out(run: Run, repository: Any, bucket: Any) -> None:
    repository.simple_app()
    text = (repository.folder / "greengrass-config.yml").read_text()
    repository.write("greengrass-config.yml", text + "    build: {exclude: ['notes/', '*.log']}\n")
    for name in ("notes/plan.md", "notes/more.md", "run.log", ".env", ".git/HEAD", ".venv/x", "__pycache__/main.pyc"):
        repository.write(f"app/{name}", "x")
    ran = run("build", "-v")
    listed = [line.removeprefix("app: left out: ") for line in ran.out.splitlines() if "left out" in line]
    assert listed == [".env", ".git/", ".venv/", "__pycache__/", "notes/", "run.log"]
    assert bucket.zip(repository.component("app")["artifacts"][0]["uri"]).namelist() == ["main.py"]
    assert "left out" not in run("build").out


def test_several_artifacts_share_the_folder_out_among_them(run: Run, repository: Any, bucket: Any) -> None:
    for name in ("main.py", "assets/one.png", "assets/deeper/two.png", "weights.bin"):
        repository.write(f"app/{name}", name)
    place = "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION"
    repository.config(
        f"""\
        app:
          component-name: PREFIX.app
          root: app
          Artifacts:
            - {{URI: "{place}/app.zip", Unarchive: ZIP}}
            - {{URI: "{place}/assets.zip", Unarchive: ZIP}}
            - {{URI: "{place}/weights.bin"}}
          Lifecycle: {{Run: exit 0}}
        """
    )
    ran = run("build")
    assert ran.code == 0, ran.err
    uris = {Path(each["uri"]).name: each["uri"] for each in repository.component("app")["artifacts"]}
    assert bucket.zip(uris["app.zip"]).namelist() == ["main.py"]
    assert bucket.zip(uris["assets.zip"]).namelist() == ["deeper/two.png", "one.png"]
    assert bucket.read(uris["weights.bin"]) == b"weights.bin"
    assert [each["Uri"] for each in repository.recipe("app")["Manifests"][0]["Artifacts"]] == list(uris.values())


def test_two_checkouts_in_two_folders_give_the_same_bytes(
    run: Run, repository: Any, bucket: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.simple_app()
    repository.write("app/lib/more.py", "more = 1\n")
    (repository.folder / "app/main.py").chmod(0o664)
    run("build")
    (one,) = repository.component("app")["artifacts"]
    elsewhere = tmp_path / "elsewhere" / "deeper"
    for name in ("app/lib/more.py", "app/main.py", "greengrass-config.yml"):
        (elsewhere / name).parent.mkdir(parents=True, exist_ok=True)
        (elsewhere / name).write_bytes((repository.folder / name).read_bytes())
    monkeypatch.chdir(elsewhere)
    assert run("build", "--json").json["built"] == []
    (key,) = bucket.artifacts()
    bucket.s3.delete_object(Bucket=bucket.name, Key=key)
    (again,) = run("build", "--json").json["components"]
    assert again["version"] == "1.0.1"
    assert again["artifacts"][0]["sha256"] == one["sha256"]


def test_a_dependency_s_version_is_filled_in_and_its_change_changes_the_dependent(run: Run, repository: Any) -> None:
    repository.write("lib/lib.py", "one = 1\n")
    repository.config(
        SIMPLE_APP
        + """\
  ComponentDependencies:
    PREFIX.lib: {VersionRequirement: x.x.x, DependencyType: SOFT}
    aws.greengrass.Nucleus: {VersionRequirement: ">=2.0.3 <3.1.0", DependencyType: SOFT}
lib:
  component-name: PREFIX.lib
  root: lib
  Artifacts: [{URI: "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/lib.zip"}]
  Lifecycle: {Run: exit 0}
"""
    )
    repository.write("app/main.py", "import lib\n")
    run("build")
    name = f"{repository.prefix}.lib"
    wanted = repository.recipe("app")["ComponentDependencies"]
    assert wanted[name] == {"VersionRequirement": "1.0.0", "DependencyType": "SOFT"}
    assert wanted["aws.greengrass.Nucleus"]["VersionRequirement"] == ">=2.0.3 <3.1.0"
    repository.write("lib/lib.py", "one = 2\n")
    run("build")
    assert repository.recipe("app")["ComponentDependencies"][name]["VersionRequirement"] == "1.0.1"
    assert repository.component("app")["version"] == "1.0.1"


def test_placeholders_of_both_spellings_are_filled_in(run: Run, repository: Any, bucket: Any) -> None:
    repository.write("app/main.py", "")
    repository.config(
        """\
        app:
          component-name: PREFIX.app
          root: app
          Artifacts: [{URI: "s3://$BUCKET_NAME$/$COMPONENT_NAME$/$COMPONENT_VERSION$/app-$COMPONENT_VERSION$.zip"}]
          Lifecycle:
            SetEnv: {WHO: "$COMPONENT_NAME$ $COMPONENT_VERSION$ of $BUCKET_NAME$", KEPT: "$COMPONENT_NAME"}
            Run: exit 0
        """
    )
    assert run("build").code == 0
    app = repository.component("app")
    assert app["artifacts"][0]["uri"].endswith("/1.0.0/app-1.0.0.zip")
    environment = repository.recipe("app")["Manifests"][0]["Lifecycle"]["Setenv"]
    assert environment == {"WHO": f"{repository.prefix}.app 1.0.0 of {bucket.name}", "KEPT": "$COMPONENT_NAME"}
    repository.write("other", "")
    run("build")
    assert repository.component("app")["reused"]


def test_dist_has_recipe_and_gdk_config_of_each_component_and_the_template(
    run: Run, repository: Any, bucket: Any
) -> None:
    repository.simple_app()
    repository.write("deployment.json", '{"deploymentName": "lines"}')
    run("build")
    folder = repository.folder / "dist" / f"{repository.prefix}.app"
    assert json.loads((folder / "recipe.json").read_text()) == repository.recipe("app")
    gdk = json.loads((folder / "gdk-config.json").read_text())
    assert gdk["component"][f"{repository.prefix}.app"]["publish"] == {"bucket": bucket.name, "region": "eu-west-1"}
    assert json.loads((repository.folder / "dist/deployment.json").read_text()) == {"deploymentName": "lines"}


def test_a_component_that_left_the_config_leaves_dist_and_other_things_stay(run: Run, repository: Any) -> None:
    repository.simple_app()
    run("build")
    repository.write("dist/somebody/elses.txt", "kept")
    before = f"{repository.prefix}.app"
    text = (repository.folder / "greengrass-config.yml").read_text()
    repository.write("greengrass-config.yml", text.replace(before, f"{before}-two"))
    run("build")
    assert not (repository.folder / "dist" / before).exists()
    assert (repository.folder / "dist/somebody/elses.txt").exists()


def test_source_folders_are_never_written_to(run: Run, repository: Any) -> None:
    repository.simple_app()
    before = _snapshot(repository.folder)
    run("build")
    assert {name: text for name, text in _snapshot(repository.folder).items() if not name.startswith("dist/")} == before


def test_a_root_that_holds_dist_packs_no_dist(run: Run, repository: Any, bucket: Any) -> None:
    repository.simple_app()
    text = (repository.folder / "greengrass-config.yml").read_text()
    repository.write("greengrass-config.yml", text.replace("root: app", "root: ."))
    run("build")
    run("build")
    assert repository.component("app")["reused"]
    names = bucket.zip(repository.component("app")["artifacts"][0]["uri"]).namelist()
    assert names == ["app/main.py", "greengrass-config.yml"]


def test_json_says_what_was_built_and_nothing_else_is_on_stdout(run: Run, repository: Any) -> None:
    repository.simple_app()
    document = run("build", "--json").json
    assert document["built"] == [f"{repository.prefix}.app"]
    assert document["components"][0]["artifacts"][0]["size"] > 0


def test_a_release_carries_only_the_settings_that_the_config_gives(run: Run, repository: Any) -> None:
    _agent(repository, "settings: {health: {interval: 10}}")
    assert run("build").code == 0
    assert repository.release["settings"] == {"health": {"interval": 10}}
    assert repository.release["application"] == "lines"


def test_the_agent_comes_with_the_component_that_carries_the_desired_state(
    run: Run, repository: Any, bucket: Any
) -> None:
    _agent(repository, "startup-timeout: 300")
    assert run("build").code == 0
    agent = repository.component("agent")
    assert agent["kind"] == "agent"
    names = bucket.zip(agent["artifacts"][0]["uri"]).namelist()
    assert names == ["edge_agent/__init__.py", "edge_agent/data.json"]
    (manifest,) = repository.recipe("agent")["Manifests"]
    assert manifest["Platform"] == {"os": "linux", "runtime": "*"}
    assert repository.recipe("agent")["Lifecycle"]["classic"]["startup"]["Timeout"] == "300"
    desired = repository.component("agent.desired")
    assert (desired["name"], desired["kind"]) == (f"{repository.prefix}.agent.desired", "desired")
    assert desired["artifacts"] == []
    assert [m["Artifacts"] for m in repository.recipe("agent.desired")["Manifests"]] == [[], []]


def _agent(repository: Any, agent: str) -> None:
    repository.write("edge_agent/__init__.py", "")
    repository.write("edge_agent/data.json", "{}")
    repository.write("edge_agent/__pycache__/x.pyc", "")
    repository.config(
        f"""\
        agent:
          component-name: PREFIX.agent
          root: .
          build: {{build_system: python, packages: [edge_agent], wheels: false}}
          agent: {{{agent}}}
        """,
        top="application: lines\n",
    )


def _snapshot(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }
