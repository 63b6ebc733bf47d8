"""Where the stages of a bare pipeline run: what a stage gets from CodeBuild and from its pipeline, and nothing else.

Each project has a home and a virtual environment of its own, in which pip alone is installed. Of this machine a stage
sees the programs in ``/usr/bin``, and what pip needs to reach the machine's package index. The cloud is the emulator's:
its endpoint and keys stand for those that a container asks 169.254.170.2 for
(``AWS_CONTAINER_CREDENTIALS_RELATIVE_URI``), which nobody answers here.
"""

import os
import pwd
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rehearsal.buildspec import Buildspec, User
from rehearsal.errors import RehearsalError
from rehearsal.other_user import OtherUser

_SYSTEM = ("/usr/local/bin", "/usr/bin", "/bin")
_HOME = "/root/"
"""A container's home: buildspecs name their cache by it. Here it is the project's own folder."""
_ALL_BELOW = "/**/*"
_OF_THE_CLOUD = {
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_REGION",
    "AWS_DEFAULT_REGION",
}
_OF_PIP = ("PIP_", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "SSL_CERT_", "REQUESTS_CA_BUNDLE")
_NEVER_PASSED = {"PIP_TARGET", "PIP_PREFIX", "PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_CACHE_DIR", "PIP_NO_CACHE_DIR"}
_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Containers:
    """The containers of a pipeline's projects.

    ``folder`` can be reached by every user that runs a stage, and ``python`` be run by them. ``users`` has, by the
    stage's name, who runs it; another stage is run by this process's own user.
    """

    folder: Path
    python: Path
    users: Mapping[str, User]

    def user(self, stage: str) -> User | None:
        """Return who runs a stage, or None for this process's own user."""
        return self.users.get(stage)

    def inputs(self, stage: str, run: int) -> Path:
        """Return the new folder in which the inputs of a stage's run are laid."""
        return self.folder / stage / f"run-{run}"

    @contextmanager
    def started(
        self,
        stage: str,
        inputs: Path,
        spec: Buildspec,
        *,
        cloud: Mapping[str, str],
        project: Mapping[str, str],
    ) -> Iterator[dict[str, str]]:
        """Give a stage its inputs and its cache, and yield its environment.

        ``cloud`` is the environment of a client of the emulated cloud, ``project`` the variables that the template
        gives the project. Raises ``RehearsalError`` if this machine has the tool where each stage finds it.
        """
        home, environment = self.folder / stage / "home", self._environment(stage)
        home.mkdir(exist_ok=True)
        kept = {where: self.folder / "cache" / str(where).strip("/").replace("/", "-") for where in _cached(spec)}
        for where, stored in kept.items():
            if stored.exists():
                (home / where).parent.mkdir(parents=True, exist_ok=True)
                shutil.move(stored, home / where)
        for folder in (home, inputs):
            _give(folder, self.user(stage))
        try:
            yield {
                "PATH": os.pathsep.join((str(environment / "bin"), *_SYSTEM)),
                "HOME": str(home),
                **_of_codebuild(stage),
                **_of_this_machines_pip(home),
                **{name: value for name, value in cloud.items() if name in _OF_THE_CLOUD or "_ENDPOINT_URL" in name},
                **project,
            }
        finally:
            for where, stored in kept.items():
                if (home / where).exists():
                    stored.parent.mkdir(parents=True, exist_ok=True)
                    shutil.move(home / where, stored)

    def installed(self, stage: str) -> bool:
        """Return whether a stage's own environment has the tool: it installed it itself."""
        return (self.folder / stage / "environment" / "bin" / "cloud-publisher").exists()

    def _environment(self, stage: str) -> Path:
        """Return the project's virtual environment, made for its first run."""
        environment = self.folder / stage / "environment"
        if not environment.exists():
            environment.parent.mkdir(parents=True, exist_ok=True)
            found = shutil.which("cloud-publisher", path=os.pathsep.join(_SYSTEM))
            if found:
                raise RehearsalError(
                    f"{found} is on the path of every stage, which would not install its own", "uninstall it there"
                )
            command = [str(self.python), "-I", "-m", "venv", str(environment)]
            done = subprocess.run(command, capture_output=True, text=True, timeout=_SECONDS, check=False)
            if done.returncode != 0:
                raise RehearsalError(
                    f"{self.python} makes no virtual environment: {(done.stdout + done.stderr)[-1000:]}",
                    "rehearse with a Python that has venv and ensurepip (Debian: python3-venv)",
                )
            _give(environment, self.user(stage))
        return environment


@contextmanager
def containers_of(folder: Path, other: OtherUser | None, *, stages: Collection[str]) -> Iterator[Containers]:
    """Yield containers below a rehearsal's folder, and remove them at the end. The other user runs these stages.

    Without one, this process's own user runs all.
    """
    below = (other.folder if other else folder) / "containers"
    python = other.python / "bin" / "python3" if other else Path(sys.executable).resolve()
    user = User(other.uid, pwd.getpwuid(other.uid).pw_gid) if other else None
    below.mkdir()
    try:
        yield Containers(below, python, dict.fromkeys(stages, user) if user else {})
    finally:
        shutil.rmtree(below, ignore_errors=True)


def _give(folder: Path, user: User | None) -> None:
    """Make a folder with all that is in it a user's own."""
    if user is None:
        return
    for at, folders, files in os.walk(folder):
        for name in (".", *folders, *files):
            os.chown(Path(at, name), user.uid, user.gid, follow_symlinks=False)


def _cached(spec: Buildspec) -> Iterator[Path]:
    """Yield the folders that the buildspec keeps, relative to the home. Raises ``RehearsalError`` for another form."""
    for pattern in spec.cache.paths if spec.cache else []:
        if not (pattern.startswith(_HOME) and pattern.endswith(_ALL_BELOW)):
            raise RehearsalError(
                f"the buildspec keeps {pattern}, and a rehearsal keeps only folders below {_HOME}",
                f"write it as {_HOME}FOLDER{_ALL_BELOW}",
            )
        yield Path(pattern.removeprefix(_HOME).removesuffix(_ALL_BELOW))


def _of_codebuild(stage: str) -> dict[str, str]:
    """Return what CodeBuild sets ("Environment variables in build environments"), but the folders of the inputs."""
    project, build = f"mlops-{stage}", uuid.uuid4()
    return {
        "CODEBUILD_BUILD_ID": f"{project}:{build}",
        "CODEBUILD_BUILD_ARN": f"arn:aws:codebuild:eu-west-1:111111111111:build/{project}:{build}",
        "CODEBUILD_BUILD_IMAGE": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
        "CODEBUILD_BUILD_NUMBER": "1",
        "CODEBUILD_BUILD_SUCCEEDING": "1",
        "CODEBUILD_INITIATOR": "codepipeline/mlops-at-edge",
        "CODEBUILD_KMS_KEY_ID": "arn:aws:kms:eu-west-1:111111111111:alias/aws/s3",
        "CODEBUILD_LOG_PATH": str(build),
        "CODEBUILD_RESOLVED_SOURCE_VERSION": "0" * 40,
        "CODEBUILD_SOURCE_VERSION": "arn:aws:s3:::mlops-pipeline/mlops-at-edge/source/rehearsal.zip",
        "CODEBUILD_START_TIME": str(int(time.time() * 1000)),
    }


def _of_this_machines_pip(home: Path) -> dict[str, str]:
    """Return what this machine tells pip of its index and of the way to it; the user's own file goes into ``home``."""
    for name in (".config/pip/pip.conf", ".pip/pip.conf"):
        file = Path.home() / name
        if file.is_file():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, home / name)
    return {
        name: value
        for name, value in os.environ.items()
        if name.upper().startswith(_OF_PIP) and name.upper() not in _NEVER_PASSED
    }
