"""The pipeline of the rehearsal: one build, then a deploy stage for each account, as CodePipeline would run them.

A deploy stage has two inputs, each a new folder: ``source``, the repository as it was before the build, whose buildspec
runs, and ``release``, which holds only what the build's artifacts name, and of which nothing is executed.
"""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.buildspec import (
    BuildspecRun,
    copy_artifacts,
    read_buildspec,
    run_buildspec,
)
from rehearsal.repository_config import leave_wheels_out
from rehearsal.source_files import copy_source

BUILD_FILE = "buildspec.build.yml"
DEPLOY_FILE = "buildspec.deploy.yml"
SOURCE, RELEASE = "source", "release"
"""The two inputs of a deploy action, as dev-account.yaml names them."""
DIST = "dist"
_LEFT_OUT = shutil.ignore_patterns("__pycache__", "*.pyc", "*.egg-info")


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
    """Runs the buildspecs of ``repository`` in a copy under ``folder``. Every stage gets ``environment``."""

    def __init__(
        self,
        repository: Path,
        folder: Path,
        *,
        environment: Mapping[str, str],
        stages: Sequence[Stage],
        report: Callable[[str], None],
        wheels: bool = False,
    ) -> None:
        """``wheels``: the agent's artifact brings what a device installs; else the devices must have it."""
        self._folder = folder
        self._stages = stages
        self._report = report
        self._environment = {**environment, "PYTHONPATH": str(_without_the_agents_libraries(folder / "python"))}
        self._runs = 0
        self.last: PipelineRun | None = None
        self.source = folder / "source"
        self.dist = self.source / DIST
        """What the last build wrote."""
        copy_source(repository, self.source)
        if not wheels:
            leave_wheels_out(self.source)
        self._build = read_buildspec(self.source / BUILD_FILE)

    def run(self, *, gated: bool = True, deadline: float = 300) -> PipelineRun:
        """Build, then deploy stage by stage. If ``gated``, the first stage that fails ends the run, as in CodePipeline.

        ``deadline``: seconds for each stage.
        """
        self._runs += 1
        here = self._folder / f"run-{self._runs}"
        # The build's folder stays from run to run, and so does what it wrote; no stage gets that but as a release.
        pristine = here / SOURCE
        shutil.copytree(self.source, pristine, ignore=_LEFT_OUT)
        shutil.rmtree(pristine / DIST, ignore_errors=True)
        build = run_buildspec(
            self._build,
            name="build",
            folder=self.source,
            environment={**self._environment, "CODEBUILD_SRC_DIR": str(self.source)},
            log=here / "build.log",
            deadline=deadline,
        )
        self._report(f"build ended with {build.exit_code} after {build.seconds:.1f} s")
        deploys: dict[str, BuildspecRun] = {}
        if build.exit_code == 0:
            for stage in self._stages:
                source, release = here / stage.name / SOURCE, here / stage.name / RELEASE
                shutil.copytree(pristine, source)
                release.mkdir()
                copy_artifacts(self._build, self.source, release)
                deploys[stage.name] = run_deploy(
                    source,
                    release,
                    stage,
                    environment=self._environment,
                    log=here / f"{stage.name}.log",
                    deadline=deadline,
                )
                run = deploys[stage.name]
                self._report(f"{stage.name} ended with {run.exit_code} after {run.seconds:.1f} s")
                if run.exit_code and gated:
                    break
        self.last = PipelineRun(self._runs, build, deploys)
        return self.last


def run_deploy(
    source: Path, release: Path, stage: Stage, *, environment: Mapping[str, str], log: Path, deadline: float
) -> BuildspecRun:
    """Run a deploy stage in its primary input. The variables of its two inputs are named as CodeBuild names them."""
    inputs = {"CODEBUILD_SRC_DIR": str(source), f"CODEBUILD_SRC_DIR_{RELEASE}": str(release)}
    return run_buildspec(
        read_buildspec(source / DEPLOY_FILE),
        name=stage.name,
        folder=source,
        environment={**environment, **stage.variables, **inputs},
        log=log,
        deadline=deadline,
    )


def _without_the_agents_libraries(folder: Path) -> Path:
    """Make a folder for PYTHONPATH that hides ``awscrt``: in CodeBuild no stage has the agent's extra.

    If it is installed, botocore loads it even if nothing uses it, which costs 50 ms for each process.
    """
    folder.mkdir(parents=True)
    (folder / "awscrt.py").write_text('raise ImportError("the agent\'s extra is not installed here")\n')
    return folder
