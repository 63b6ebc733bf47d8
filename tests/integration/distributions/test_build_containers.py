"""What a stage of a bare pipeline finds around it: what CodeBuild and the pipeline give, and nothing else of ours."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal.build_containers import Containers, containers_of
from rehearsal.buildspec import BuildspecRun
from rehearsal.other_user import OtherUser, other_user
from rehearsal.pipeline import Pipeline, Stage

REPOSITORY = Path(__file__).parents[3]
CLOUD = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_REGION": "eu-west-1",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "ARTIFACT_BUCKET": "bucket",
}
STAGE = Stage("dev", {"TARGET_ARN": "arn", "ROLE_TARGET": "role", "EXTERNAL_ID": "id", "CANARY": "canary"})


@pytest.fixture(scope="module")
def containers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Containers]:
    """One virtual environment for all tests: none of them installs anything."""
    with containers_of(tmp_path_factory.mktemp("stages"), None, stages=()) as made:
        yield made


def ran(tmp_path: Path, containers: Containers, *commands: str, install: str = "true") -> tuple[BuildspecRun, str]:
    """Run the commands as a deploy stage; return its result and what it printed."""
    repository = tmp_path / "repository"
    if not repository.exists():
        repository.mkdir()
        (repository / "greengrass-config.yml").write_text("application: a\n")
        (repository / ".gitignore").write_text("ignored\n")
        (repository / "ignored").write_text("x")
        subprocess.run(["git", "init", "--quiet", str(repository)], check=True)
    lines = "".join(f"      - {command!r}\n" for command in commands)
    (repository / "buildspec.deploy.yml").write_text(
        f"version: 0.2\nphases:\n  install: {{commands: [{install!r}]}}\n  build:\n    commands:\n{lines}"
        "cache:\n  paths: [/root/.cache/pip/**/*]\n"
    )
    release = tmp_path / "release"
    release.mkdir(exist_ok=True)
    (release / "release.json").write_text("{}")
    shutil.rmtree(tmp_path / "pipeline", ignore_errors=True)
    pipeline = Pipeline(
        repository,
        tmp_path / "pipeline",
        environment={**os.environ, **CLOUD},
        stages=[STAGE],
        report=lambda _words: None,
        wheels=True,
        containers=containers,
    )
    shutil.rmtree(containers.inputs("dev", 1), ignore_errors=True)
    done = pipeline.deploy_again(STAGE, release, deadline=60)
    return done, done.log.read_text()


def test_it_has_the_variables_of_codebuild_and_of_the_template_and_no_other(
    tmp_path: Path, containers: Containers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUR_SECRET", "x")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    done, said = ran(tmp_path, containers, "env | cut -d= -f1 | sed s/^/:/")
    assert done.exit_code == 0, said
    names = {line.removeprefix(":") for line in said.splitlines() if line.startswith(":")}
    of_pip = {name for name in names if name.upper().startswith(("PIP_", "SSL_CERT_", "REQUESTS_", "HTTP", "NO_PROXY"))}
    of_the_shell = {"PWD", "OLDPWD", "SHLVL", "_"}
    assert names - of_pip - of_the_shell - set(CLOUD) == {
        *STAGE.variables,
        *("PATH", "HOME"),
        *("CODEBUILD_SRC_DIR", "CODEBUILD_SRC_DIR_release"),
        *(f"CODEBUILD_BUILD_{each}" for each in ("ID", "ARN", "IMAGE", "NUMBER", "SUCCEEDING")),
        *("CODEBUILD_INITIATOR", "CODEBUILD_KMS_KEY_ID", "CODEBUILD_LOG_PATH", "CODEBUILD_START_TIME"),
        *("CODEBUILD_SOURCE_VERSION", "CODEBUILD_RESOLVED_SOURCE_VERSION"),
    }


def test_what_no_pipeline_gives_is_not_there(tmp_path: Path, containers: Containers) -> None:
    wanted = [
        *("command -v cloud-publisher", "command -v mlops-rehearsal"),
        *("python3 -c 'import cloud_publisher'", "python3 -c 'import boto3'"),
        *("test -e ignored", "test -e .git", 'test -e "$HOME/.aws"'),
    ]
    done, said = ran(
        tmp_path, containers, *(f"{each} && echo there is {index}; true" for index, each in enumerate(wanted))
    )
    assert done.exit_code == 0, said
    assert "there is" not in said


def test_what_a_pipeline_gives_is_there(tmp_path: Path, containers: Containers) -> None:
    done, said = ran(
        tmp_path,
        containers,
        *('test "$PWD" = "$CODEBUILD_SRC_DIR"', "test -f greengrass-config.yml"),
        'test "$(ls "$CODEBUILD_SRC_DIR_release")" = release.json',
        *("python3 -m pip --version", 'test "$(command -v pip)" != ""', "test $TARGET_ARN = arn"),
    )
    assert done.exit_code == 0, said


def test_an_install_that_fails_ends_the_stage(tmp_path: Path, containers: Containers) -> None:
    done, said = ran(tmp_path, containers, "echo reached", install="pip install ./no-such-wheel.whl")
    assert (done.exit_code, [phase.phase for phase in done.phases]) == (1, ["install"])
    assert "no-such-wheel.whl" in said
    assert "reached" not in said


def test_only_what_the_buildspec_caches_is_found_again_by_the_next_run(tmp_path: Path, containers: Containers) -> None:
    leave = 'mkdir -p "$HOME/.cache/pip" "$CODEBUILD_SRC_DIR/left" && touch "$HOME/.cache/pip/kept"'
    assert ran(tmp_path, containers, leave)[0].exit_code == 0
    done, said = ran(tmp_path, containers, 'test -f "$HOME/.cache/pip/kept"', 'test ! -e "$CODEBUILD_SRC_DIR/left"')
    assert done.exit_code == 0, said


def test_a_stage_of_another_user_owns_all_that_it_was_given(tmp_path: Path) -> None:
    with other_user(tmp_path) as other:
        if not isinstance(other, OtherUser):
            pytest.skip(other)
        with containers_of(tmp_path, other, stages=["dev"]) as containers:
            done, said = ran(
                tmp_path,
                containers,
                f'test "$(id -u)" = {other.uid} && test -z "$(id -G | tr " " "\\n" | grep -x 0)"',
                'touch "$HOME/mine" "$CODEBUILD_SRC_DIR/mine" "$CODEBUILD_SRC_DIR_release/mine"',
                *("python3 -c 'import ssl, ctypes'", "pip --version"),
                "test ! -w /root && test ! -r /root",
            )
            assert done.exit_code == 0, said
            assert sys.version.split()[0].rsplit(".", 1)[0] in said
