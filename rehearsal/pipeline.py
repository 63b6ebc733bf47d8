"""The pipeline of the rehearsal: one build, then a deploy stage for each account, as CodePipeline would run them.

Each stage gets new folders: ``source``, the repository as it would be committed, whose buildspec runs, and a deploy
stage ``release`` beside it, which holds only what the build's artifacts name, and of which nothing is executed. A
*bare* pipeline has containers: there a stage has nothing else. Without them every stage has this process's own
environment, in which the tool is installed.
"""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rehearsal.build_containers import Containers
from rehearsal.buildspec import (
    Buildspec,
    BuildspecRun,
    copy_artifacts,
    read_buildspec,
    run_buildspec,
)
from rehearsal.errors import RehearsalError
from rehearsal.repository_config import leave_wheels_out
from rehearsal.source_files import copy_source
from shared_schema.errors import DocumentError

BUILD = "build"
BUILD_FILE = "buildspec.build.yml"
DEPLOY_FILE = "buildspec.deploy.yml"
SOURCE, RELEASE = "source", "release"
"""The two inputs of a deploy action, as dev-account.yaml names them."""
DIST = "dist"
_SECONDS, _SECONDS_WITH_INSTALL = 300.0, 900.0
BUCKET_VARIABLE = "ARTIFACT_BUCKET"
"""What dev-account.yaml gives to each of its projects."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One account to deploy to, and the variables that its CodeBuild project sets."""

    name: str
    variables: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class PipelineRun:
    """The results of one run of the pipeline."""

    number: int
    build: BuildspecRun
    deploys: Mapping[str, BuildspecRun]

    def failed(self) -> BuildspecRun | None:
        """The first stage that did not end with 0."""
        return next((run for run in (self.build, *self.deploys.values()) if run.exit_code), None)

    def exit_codes(self) -> dict[str, int]:
        """Return the exit codes by stage: ``build``, then each account that the run reached."""
        return {"build": self.build.exit_code, **{name: run.exit_code for name, run in self.deploys.items()}}


class Pipeline:
    """Runs the buildspecs of ``repository`` below ``folder``. ``source`` is a copy of it: what is committed next."""

    def __init__(
        self,
        repository: Path,
        folder: Path,
        *,
        environment: Mapping[str, str],
        stages: Sequence[Stage],
        report: Callable[[str], None],
        wheels: bool = False,
        containers: Containers | None = None,
    ) -> None:
        """``environment`` is that of a client of dev's cloud, with the bucket of artifacts; every stage gets it.

        ``wheels``: the agent's artifact brings what a device installs; else the devices must have it. With
        ``containers`` every stage gets what a container has, and of ``environment`` the cloud and the bucket only.
        """
        self._folder = folder
        self._stages = stages
        self._report = report
        self._environment = environment
        self.containers = containers
        self._python_path = None if containers else str(_without_the_agents_libraries(folder / "python"))
        self._runs = 0
        self.last: PipelineRun | None = None
        self.dist = folder / DIST
        """What the last build handed over."""
        self.source = folder / SOURCE
        copy_source(repository, self.source)
        if not wheels:
            leave_wheels_out(self.source)

    def run(self, *, gated: bool = True, deadline: float | None = None) -> PipelineRun:
        """Build, then deploy stage by stage. If ``gated``, the first stage that fails ends the run, as in CodePipeline.

        ``deadline``: seconds for each stage; without it five minutes, and fifteen where each stage installs the tool.
        """
        deadline = deadline or (_SECONDS_WITH_INSTALL if self.containers else _SECONDS)
        self._runs += 1
        build_spec = self._buildspec(BUILD_FILE)
        release = self._folder / f"run-{self._runs}" / RELEASE
        release.mkdir(parents=True)
        build = self._run_stage(Stage(BUILD, {}), build_spec, None, deadline)
        copy_artifacts(build_spec, self._inputs(BUILD) / SOURCE, release)
        self.dist = release / DIST
        deploys: dict[str, BuildspecRun] = {}
        if build.exit_code == 0:
            deploy_spec = self._buildspec(DEPLOY_FILE)
            for stage in self._stages:
                deploys[stage.name] = self._run_stage(stage, deploy_spec, release, deadline)
                if deploys[stage.name].exit_code and gated:
                    break
        self.last = PipelineRun(self._runs, build, deploys)
        return self.last

    def deploy_again(self, stage: Stage, release: Path | None, *, deadline: float = 300) -> BuildspecRun:
        """Run a deploy stage alone, in a run of its own, with another second input; None: it is missing."""
        self._runs += 1
        return self._run_stage(stage, self._buildspec(DEPLOY_FILE), release, deadline)

    def _buildspec(self, name: str) -> Buildspec:
        try:
            return read_buildspec(self.source / name)
        except DocumentError as error:
            raise RehearsalError(
                str(error), f"correct {name}: a rehearsal knows what the buildspecs of `init` use, and nothing else"
            ) from error

    def _run_stage(self, stage: Stage, spec: Buildspec, release: Path | None, deadline: float) -> BuildspecRun:
        inputs = self._inputs(stage.name)
        # Hard links save time, where no command of the repository's own could write into them.
        copy = shutil.copy2 if self.containers or release is None else os.link
        shutil.copytree(self.source, inputs / SOURCE, copy_function=copy, symlinks=True)
        folders = {"CODEBUILD_SRC_DIR": str(inputs / SOURCE)}
        if release is not None:
            shutil.copytree(release, inputs / RELEASE)
            folders[f"CODEBUILD_SRC_DIR_{RELEASE}"] = str(inputs / RELEASE)
        with self._environment_of(stage, inputs, spec) as environment:
            run = run_buildspec(
                spec,
                name=stage.name,
                folder=inputs / SOURCE,
                environment={**environment, **folders},
                log=self._folder / f"run-{self._runs}" / f"{stage.name}.log",
                deadline=deadline,
                user=self.containers.user(stage.name) if self.containers else None,
            )
        self._report(f"{stage.name} ended with {run.exit_code} after {run.seconds:.1f} s")
        return run

    def _inputs(self, stage: str) -> Path:
        if self.containers:
            return self.containers.inputs(stage, self._runs)
        return self._folder / f"run-{self._runs}" / stage

    @contextmanager
    def _environment_of(self, stage: Stage, inputs: Path, spec: Buildspec) -> Iterator[dict[str, str]]:
        if self.containers is None:
            yield {**self._environment, **stage.variables, "PYTHONPATH": self._python_path or ""}
            return
        project = {BUCKET_VARIABLE: self._environment[BUCKET_VARIABLE], **stage.variables}
        with self.containers.started(stage.name, inputs, spec, cloud=self._environment, project=project) as given:
            yield given


def _without_the_agents_libraries(folder: Path) -> Path:
    """Make a folder for PYTHONPATH that hides ``awscrt``: in CodeBuild no stage has the agent's extra.

    If it is installed, botocore loads it even if nothing uses it, which costs 50 ms for each process.
    """
    folder.mkdir(parents=True)
    (folder / "awscrt.py").write_text('raise ImportError("the agent\'s extra is not installed here")\n')
    return folder
