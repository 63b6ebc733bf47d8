"""The buildspecs as CodeBuild runs them: each stage installs all that it runs from what its pipeline gives it."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from rehearsal.build_containers import containers_of
from rehearsal.buildspec import BuildspecRun
from rehearsal.device_python import make_python
from rehearsal.other_user import OtherUser, other_user
from rehearsal.pipeline import Pipeline, Stage
from rehearsal.registry import Registry, Trainings
from rehearsal.world import BUCKET, PACKAGE_GROUP, Group, World

from .conftest import REPOSITORY

SECONDS = 600
pytestmark = [pytest.mark.installs, pytest.mark.timeout(3 * SECONDS)]


@dataclass(frozen=True)
class Bare:
    """A pipeline whose model is approved, with one deploy stage."""

    pipeline: Pipeline
    world: World
    stage: Stage

    def installed(self) -> dict[str, bool]:
        assert self.pipeline.containers is not None
        return {name: self.pipeline.containers.installed(name) for name in ("build", "dev")}


class Starting:
    """Makes a bare pipeline of a repository. ``stages`` are run by another user, where this one is root."""

    def __init__(self, stack: ExitStack, folder: Path, trainings: Trainings) -> None:
        self._stack, self._folder, self._trainings = stack, folder, trainings

    def __call__(self, repository: Path, *, as_other: tuple[str, ...]) -> Bare:
        # The pipeline's copy leaves the agent's wheels out, as any rehearsal's does: the device's Python has them.
        python = self._folder / "python"
        make_python(python)
        groups = {"dev": Group({"bare-dev": "lite"})}
        world = self._stack.enter_context(World(self._folder, groups, python=python))
        scripts = repository / "model_components" / "digits"
        registry = Registry(scripts, environment=world.environment(), bucket=BUCKET, group=PACKAGE_GROUP)
        registry.set_status(registry.register(self._trainings.model("linear")), "Approved")
        other = self._stack.enter_context(other_user(self._folder))
        user = other if isinstance(other, OtherUser) else None
        containers = self._stack.enter_context(containers_of(self._folder, user, stages=as_other))
        pipeline = Pipeline(
            repository,
            self._folder / "pipeline",
            environment=world.environment(),
            stages=world.stages(),
            report=lambda _words: None,
            containers=containers,
        )
        return Bare(pipeline, world, world.stages()[0])


@pytest.fixture
def start_bare(tmp_path: Path, trainings: Trainings) -> Iterator[Starting]:
    with ExitStack() as stack:
        yield Starting(stack, tmp_path, trainings)


def end_of(run: BuildspecRun) -> str:
    return run.log.read_text(errors="replace")[-3000:]


def test_each_stage_of_this_repository_installs_the_tool_and_the_deploy_trusts_nothing_of_the_release(
    start_bare: Starting, tmp_path: Path
) -> None:
    bare = start_bare(REPOSITORY, as_other=("dev",))
    run = bare.pipeline.run(deadline=SECONDS)
    failed = run.failed()
    assert failed is None, end_of(failed)
    assert run.exit_codes() == {"build": 0, "dev": 0}
    assert bare.installed() == {"build": True, "dev": True}
    before = bare.world.published()

    missing = bare.pipeline.deploy_again(bare.stage, None)
    assert missing.exit_code == 2, end_of(missing)
    assert "dist/release.json: there is no such file" in end_of(missing)

    mark = tmp_path / "executed"
    planted = tmp_path / "planted"
    shutil.copytree(bare.pipeline.dist, planted / "dist")
    plant_programs(planted, mark)
    ended = bare.pipeline.deploy_again(bare.stage, planted)
    assert ended.exit_code == 0, end_of(ended)
    assert not mark.exists()

    good = json.loads((bare.pipeline.dist / "release.json").read_text())
    for changed, words in (
        ({"bucket": "somebody-elses"}, "is somebody-elses, and ARTIFACT_BUCKET or --bucket says"),
        ({"region": "us-east-1"}, "region: is us-east-1, and AWS_REGION says eu-west-1"),
        ({"role": "arn:aws:iam::999999999999:role/Theirs"}, "there is no key 'role' here"),
        ({"target": "arn:aws:iot:eu-west-1:999999999999:thinggroup/theirs"}, "there is no key 'target' here"),
    ):
        (planted / "dist" / "release.json").write_text(json.dumps({**good, **changed}))
        refused = bare.pipeline.deploy_again(bare.stage, planted)
        assert refused.exit_code == 2, end_of(refused)
        assert words in end_of(refused)
    assert bare.world.published() == before


def plant_programs(release: Path, mark: Path) -> None:
    """Put into a release whatever could be executed by its name or place; each would leave the mark."""
    python = f"open({str(mark)!r}, 'a').write('executed')\n"
    shell = f"#!/bin/sh\necho executed >> {mark}\n"
    mark.parent.chmod(0o777)
    for folder in (release, release / "dist"):
        for name in ("sitecustomize.py", "usercustomize.py", "setup.py", "cloud_publisher/__init__.py", "yaml.py"):
            (folder / name).parent.mkdir(exist_ok=True)
            (folder / name).write_text(python)
        for name in ("cloud-publisher", "pip", "python3"):
            (folder / name).write_text(shell)
            (folder / name).chmod(0o755)
        (folder / "buildspec.deploy.yml").write_text(
            f"version: 0.2\nphases: {{install: {{commands: ['echo executed >> {mark}']}}}}\n"
        )
        (folder / "pip.conf").write_text("[install]\nno-index = true\n")
        (folder / "greengrass-config.yml").write_text("stages: {}\n")


def test_a_new_repository_installs_its_tool_from_what_it_carries(start_bare: Starting, tmp_path: Path) -> None:
    repository = tmp_path / "new"
    command = [sys.executable, "-m", "cloud_publisher", "init", str(repository)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    # What its own .gitignore leaves out never reaches the pipeline.
    subprocess.run(["git", "init", "--quiet", str(repository)], check=True)
    bare = start_bare(repository, as_other=("build", "dev"))
    run = bare.pipeline.run(deadline=SECONDS)
    failed = run.failed()
    assert failed is None, end_of(failed)
    assert run.exit_codes() == {"build": 0, "dev": 0}
    assert bare.installed() == {"build": True, "dev": True}
