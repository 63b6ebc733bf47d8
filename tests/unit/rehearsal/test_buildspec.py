"""The buildspec runner keeps CodeBuild's rules: what runs after a failure, and what the exit code is."""

import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import psutil
import pytest

from rehearsal.buildspec import Buildspec, copy_artifacts, read_buildspec, run_buildspec
from rehearsal.pipeline import Pipeline, Stage
from shared_schema.errors import DocumentError

REPOSITORY = Path(__file__).parents[3]


def spec(tmp_path: Path, text: str) -> Buildspec:
    path = tmp_path / "buildspec.yml"
    path.write_text(text)
    return read_buildspec(path)


def run(tmp_path: Path, text: str, *, deadline: float = 20, **variables: str) -> tuple[int, list[str], str]:
    log = tmp_path / "log" / "build.log"
    result = run_buildspec(
        spec(tmp_path, text),
        name="build",
        folder=tmp_path,
        environment={"PATH": os.environ["PATH"], **variables},
        log=log,
        deadline=deadline,
    )
    return result.exit_code, [phase.phase for phase in result.phases], log.read_text()


def ended_within(pid: int, seconds: float) -> bool:
    # It was sent its signal, and may not have come to it yet; nobody reaps it where process 1 does not.
    ends = time.monotonic() + seconds
    with suppress(psutil.NoSuchProcess):
        while psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > ends:
                return False
            time.sleep(0.02)
    return True


def test_all_commands_share_one_shell_in_later_phases_too(tmp_path: Path) -> None:
    code, phases, log = run(
        tmp_path,
        """
version: 0.2
phases:
  pre_build: {commands: ["X=one", "export Y=two", "mkdir sub", "cd sub"]}
  build: {commands: ["echo $X in $(basename $PWD)", "printenv Y"]}
""",
    )
    assert (code, phases) == (0, ["pre_build", "build"])
    assert "one in sub\ntwo\n" in log


def test_a_command_ends_as_its_last_part_does(tmp_path: Path) -> None:
    text = """
version: 0.2
phases:
  build: {commands: ["false; echo the rest runs", "false || echo caught", "false && true"]}
"""
    code, _, log = run(tmp_path, text)
    assert code == 1
    assert "the rest runs\ncaught\n" in log


def test_a_command_that_ends_the_shell_fails_its_phase_whatever_it_says(tmp_path: Path) -> None:
    text = "version: 0.2\nphases: {install: {commands: ['exit CODE']}, build: {commands: ['echo never']}}\n"
    for said, code in ((3, 3), (0, 1)):
        ended, phases, log = run(tmp_path, text.replace("CODE", str(said)))
        assert (ended, phases) == (code, ["install"])
        assert "never" not in log


def test_a_stage_can_read_whether_it_succeeds_so_far(tmp_path: Path) -> None:
    text = """
version: 0.2
phases:
  build: {commands: ["echo now $CODEBUILD_BUILD_SUCCEEDING", "false"]}
  post_build: {commands: ["echo then $CODEBUILD_BUILD_SUCCEEDING"]}
"""
    _, _, log = run(tmp_path, text)
    assert "now 1\n" in log
    assert "then 0\n" in log


def test_what_a_build_leaves_running_ends_with_it(tmp_path: Path) -> None:
    text = "version: 0.2\nphases: {build: {commands: ['sleep 60 & echo child $!', 'while :; do sleep 1; done &']}}\n"
    code, _, log = run(tmp_path, text)
    assert code == 0
    child = int(log.split("child ")[1].split()[0])
    assert ended_within(child, 20)


def test_a_phase_ends_at_its_first_failing_command_with_that_commands_code(tmp_path: Path) -> None:
    code, phases, log = run(
        tmp_path,
        """
version: 0.2
phases:
  pre_build: {commands: ["(exit 5)", "echo not reached"], finally: ["echo at last"]}
  build: {commands: ["echo never"]}
""",
    )
    assert (code, phases) == (5, ["pre_build"])
    assert "not reached" not in log
    assert "never" not in log
    assert "at last" in log


def test_post_build_runs_after_a_failed_build(tmp_path: Path) -> None:
    code, phases, _ = run(
        tmp_path,
        """
version: 0.2
phases:
  build: {commands: ["(exit 3)"]}
  post_build: {commands: ["true"]}
""",
    )
    assert (code, phases) == (3, ["build", "post_build"])


def test_the_projects_variables_override_the_files(tmp_path: Path) -> None:
    text = """
version: 0.2
env: {variables: {WHO: file, ALSO: file}}
phases:
  build: {commands: ["echo $WHO $ALSO"]}
"""
    assert "project file\n" in run(tmp_path, text, WHO="project")[2]


def test_a_phase_over_its_deadline_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    code, _, log = run(
        tmp_path,
        """
version: 0.2
phases:
  build: {commands: ["sleep 60 & echo child $!", "wait"]}
""",
        deadline=1,
    )
    child = int(log.split("child ")[1].split()[0])
    assert code == 124
    assert ended_within(child, 20)


def test_a_key_that_codebuild_has_and_the_runner_has_not_is_an_error_and_not_passed_over(tmp_path: Path) -> None:
    with pytest.raises(DocumentError, match=r"buildspec.yml:3.*there is no key 'batch'"):
        spec(tmp_path, "version: 0.2\nphases: {build: {commands: ['true']}}\nbatch: {}\n")


def test_the_repositorys_own_buildspecs_call_the_publisher_and_nothing_else() -> None:
    for name in ("buildspec.build.yml", "buildspec.deploy.yml"):
        phases = read_buildspec(REPOSITORY / name).phases
        called = [c for p in (phases.pre_build, phases.build, phases.post_build) if p for c in p.commands]
        assert called
        assert all(command.startswith("cloud-publisher ") for command in called)


TEMPLATES = REPOSITORY / "cloud_publisher" / "initialising" / "templates"


@pytest.mark.parametrize("folder", [REPOSITORY, TEMPLATES], ids=["this repository", "init"])
def test_a_build_hands_over_the_documents_of_dist_and_nothing_that_could_be_executed(
    folder: Path, tmp_path: Path
) -> None:
    build = read_buildspec(folder / "buildspec.build.yml")
    source, target = tmp_path / "source", tmp_path / "target"
    documents = ["dist/com.example.a/gdk-config.json", "dist/com.example.a/recipe.json", "dist/release.json"]
    others = [
        *("greengrass-config.yml", "deployment.json", "buildspec.deploy.yml", "pyproject.toml"),
        *("edge_agent/a.py", "tools/ours.whl", "dist/run.sh", "dist/sitecustomize.py", "dist/com.example.a/setup.py"),
    ]
    for name in (*documents, *others):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text("x")
    copy_artifacts(build, source, target)
    found = sorted(path.relative_to(target).as_posix() for path in target.rglob("*") if path.is_file())
    assert found == documents


@pytest.mark.parametrize("folder", [REPOSITORY, TEMPLATES], ids=["this repository", "init"])
def test_a_deploy_stage_runs_the_buildspec_of_its_source_whatever_the_release_brings(
    folder: Path, tmp_path: Path
) -> None:
    repository, release, programs = (tmp_path / name for name in ("repository", "release", "programs"))
    for each in (repository, release, programs):
        each.mkdir()
    (repository / "buildspec.deploy.yml").write_text((folder / "buildspec.deploy.yml").read_text())
    (release / "buildspec.deploy.yml").write_text("version: 0.2\nphases: {build: {commands: ['echo stolen']}}\n")
    # It stands in for the publisher, and for one that a release would bring.
    for where, words in ((programs, 'echo "$PWD: $*"'), (release, "echo stolen")):
        (where / "cloud-publisher").write_text(f"#!/bin/sh\n{words}\n")
        (where / "cloud-publisher").chmod(0o755)
    pipeline = Pipeline(
        repository,
        tmp_path / "pipeline",
        environment={"PATH": f"{programs}:{os.environ['PATH']}"},
        stages=(),
        report=lambda _words: None,
        wheels=True,
    )
    done = pipeline.deploy_again(Stage("dev", {}), release, deadline=20)
    assert done.exit_code == 0
    said = [line for line in done.log.read_text().splitlines() if line and not line.startswith("[")]
    inputs = tmp_path / "pipeline" / "run-1" / "dev"
    assert said == [
        f"{inputs}/source: publish --dist {inputs}/release/dist",
        f"{inputs}/source: deploy --wait --dist {inputs}/release/dist",
    ]


def test_by_hand_and_where_the_release_is_missing_the_folder_itself_is_looked_at(tmp_path: Path) -> None:
    text = (REPOSITORY / "buildspec.deploy.yml").read_text().replace("cloud-publisher ", "echo ")
    _, _, log = run(tmp_path, text)
    assert "publish --dist ./dist\n" in log
    assert "deploy --wait --dist ./dist\n" in log


def test_an_install_that_fails_ends_the_stage_before_anything_else(tmp_path: Path) -> None:
    spec_of = read_buildspec(REPOSITORY / "buildspec.deploy.yml")
    assert spec_of.phases.install is not None
    pip = tmp_path / "pip"
    pip.write_text('#!/bin/sh\necho "pip $*"\nexit 7\n')
    pip.chmod(0o755)
    # CodeBuild has no `-e`: the command itself must end with what failed.
    (command,) = spec_of.phases.install.commands
    done = subprocess.run(
        ["/bin/sh", "-c", command], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 7
    assert done.stdout.count("pip ") == 1
    assert "--require-hashes --only-binary :all:" in done.stdout
