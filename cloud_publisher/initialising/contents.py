"""The files of a new deploy repository, from the templates, the example model component and the agent's own sources."""

import importlib.metadata
import importlib.util
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path, PurePosixPath

from cloud_publisher.errors import WorkFailedError
from cloud_publisher.initialising.tools import DISTRIBUTION, Tools, installed_tools, lock_sources

_AGENT_PACKAGES = ("edge_agent", "shared_schema")
_TEMPLATES = {
    "greengrass-config.yml": "greengrass-config.yml",
    "deployment.json": "deployment.json",
    "buildspec.build.yml": "buildspec.build.yml",
    "buildspec.deploy.yml": "buildspec.deploy.yml",
    "README.md": "README.md",
    "Makefile": "Makefile",
    "gitignore": ".gitignore",
}
CONFIG = PurePosixPath("greengrass-config.yml")
_REGION = "eu-west-1"
_EXAMPLE = "model_components/digits"
_LOCK = "requirements/agent.txt"
_LEFT_OUT = {"__pycache__", "versions"}


@dataclass(frozen=True, slots=True)
class Accounts:
    """What the new config says of the accounts, if they are known."""

    bucket: str
    region: str
    stages: str
    """The text of ``stages:``."""


def repository_files(accounts: Accounts | None = None) -> dict[PurePosixPath, bytes]:
    """Return each file's content by its path in the new repository.

    Raises ``WorkFailedError`` when the installation lacks a part of it.
    """
    version = importlib.metadata.version(DISTRIBUTION)
    contents: dict[PurePosixPath, bytes] = {}
    for template, name in _TEMPLATES.items():
        text = (files(__package__) / "templates" / template).read_text(encoding="utf-8")
        contents[PurePosixPath(name)] = text.encode()
    contents[CONFIG] = _config(contents[CONFIG].decode(), accounts).encode()
    for path, content in _tree(_shared(_EXAMPLE)):
        contents[PurePosixPath(_EXAMPLE) / path] = content
    manifest = PurePosixPath(_EXAMPLE) / "model.yaml"
    # In the new repository the schema is beside the agent's sources, where an editor finds it.
    contents[manifest] = contents[manifest].replace(b"../../shared_schema/", b"../../agent/shared_schema/")
    for package in _AGENT_PACKAGES:
        for path, content in _tree(_package(package)):
            contents[PurePosixPath("agent") / package / path] = content
    contents[PurePosixPath("agent/pyproject.toml")] = _agent_project(version).encode()
    contents[PurePosixPath("agent/requirements.txt")] = _shared(_LOCK).read_bytes()
    return contents


def repository_tools() -> Tools:
    """Return ``tools/`` of the new repository: this installation's wheels, and locks. Raises ``WorkFailedError``."""
    return installed_tools(
        {name: _shared(f"requirements/{name}").read_text(encoding="utf-8") for name in lock_sources()}
    )


def _config(template: str, accounts: Accounts | None) -> str:
    """Return the config's text. Without known accounts, the template's examples stay in it as comments."""
    given = {"BUCKET": accounts.bucket, "STAGES": accounts.stages} if accounts else {"BUCKET": "", "STAGES": ""}
    for name, text in given.items():
        before, _, rest = template.partition(f"# @{name}@\n")
        example, _, after = rest.partition(f"# @END {name}@\n")
        template = before + (text or example) + after
    return template.replace("@REGION@", accounts.region if accounts else _REGION)


def _tree(folder: Path) -> Iterator[tuple[PurePosixPath, bytes]]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and not _LEFT_OUT & set(inside.parts) and path.suffix != ".pyc":
            yield PurePosixPath(inside.as_posix()), path.read_bytes()


def _package(name: str) -> Path:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.origin is None:
        raise WorkFailedError(f"the package {name} is not installed", f"install {DISTRIBUTION} whole")
    return Path(spec.origin).parent


def _shared(name: str) -> Path:
    """Return a file or folder that is beside the packages in a checkout, and in ``share/`` of an installation."""
    for root in _shared_roots():
        if (root / name).exists():
            return root / name
    raise WorkFailedError(f"{DISTRIBUTION} was installed without its {name}", f"install {DISTRIBUTION} again, with pip")


def _shared_roots() -> Iterator[Path]:
    """Yield the folders that may have them. Of an installation, its RECORD says where ``share/`` went."""
    yield Path(__file__).parents[2]
    found = importlib.metadata.distribution(DISTRIBUTION)
    for file in found.files or ():
        if "share" in file.parts:
            steps = file.parts[: file.parts.index("share") + 2]
            yield Path(str(found.locate_file("/".join(steps))))
            # pip's --target moves it beside the packages, and leaves the RECORD as it was.
            yield Path(str(found.locate_file(""))) / "share" / DISTRIBUTION
            return


def _agent_project(version: str) -> str:
    """Return the pyproject.toml that names what a device needs beside the sources; the build reads its requirements."""
    marker = 'extra == "agent"'
    found = [
        requirement.partition(";")[0].strip()
        for requirement in importlib.metadata.requires(DISTRIBUTION) or []
        if ";" not in requirement or requirement.replace("'", '"').endswith(marker)
    ]
    always = [each for each in importlib.metadata.requires(DISTRIBUTION) or [] if ";" not in each]
    agent = [each for each in found if each not in always]
    return "\n".join(
        [
            "# What a device needs beside the agent's sources, for `wheels: true`.",
            "[project]",
            'name = "edge-agent"',
            f'version = "{version}"',
            'requires-python = ">=3.11"',
            _array("dependencies", always),
            "",
            "[project.optional-dependencies]",
            _array("agent", agent),
            "",
        ]
    )


def _array(name: str, values: list[str]) -> str:
    return "\n".join([f"{name} = [", *(f'    "{value}",' for value in sorted(values)), "]"])
