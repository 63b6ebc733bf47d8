"""The files of a deploy repository, from the templates, the example model component and the agent's own sources."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import PurePosixPath

from cloud_publisher.initialising.agent_sources import FOLDER as AGENT
from cloud_publisher.initialising.agent_sources import PACKAGES, REQUIREMENTS, agent_files
from cloud_publisher.initialising.installation import files_of, shared
from shared_schema.config import Config

_OF_PEOPLE = {
    "greengrass-config.yml": "greengrass-config.yml",
    "deployment.json": "deployment.json",
}
_OF_INIT = {
    "buildspec.build.yml": "buildspec.build.yml",
    "buildspec.deploy.yml": "buildspec.deploy.yml",
    "README.md": "README.md",
    "Makefile": "Makefile",
    "gitignore": ".gitignore",
}
CONFIG = PurePosixPath("greengrass-config.yml")
DEVICE_PLATFORMS = ("manylinux_2_28_aarch64", "manylinux_2_28_x86_64")
"""Where nobody says what the fleet's machines are: every 64-bit one with glibc 2.28 or newer (Debian 10, RHEL 8)."""
_REGION = "eu-west-1"
_EXAMPLE = "model_components/digits"
_VERSION = "version: 0.2\n"
_NO_INDEX = """
env:
  variables:
    # Every wheel is in tools/: no pip of this stage asks an index, that of the agent's build neither.
    PIP_NO_INDEX: "1"
    PIP_FIND_LINKS: tools
"""


@dataclass(frozen=True, slots=True)
class Accounts:
    """What the new config says of the accounts, if they are known."""

    bucket: str
    region: str
    stages: str
    """The text of ``stages:``."""


def repository_files(
    accounts: Accounts | None = None, *, platforms: Sequence[str] = (), offline: bool = False
) -> dict[PurePosixPath, bytes]:
    """Return each file's content by its path in the new repository, without ``tools/``.

    ``platforms``: pip's tags of the devices. ``offline``: no stage of the pipeline asks an index.
    Raises ``WorkFailedError`` when the installation lacks a part.
    """
    contents = {**_written(_OF_PEOPLE, offline), **_written(_OF_INIT, offline)}
    config = contents[CONFIG].decode().replace("@PLATFORMS@", ", ".join(platforms or DEVICE_PLATFORMS))
    contents[CONFIG] = _config(config, accounts).encode()
    for path, content in files_of(shared(_EXAMPLE)):
        contents[PurePosixPath(_EXAMPLE) / path] = content
    manifest = PurePosixPath(_EXAMPLE) / "model.yaml"
    # In the new repository the schemas are with the tool.
    contents[manifest] = contents[manifest].replace(b"../../shared_schema/json_schemas/", b"../../tools/schemas/")
    return contents


def upgraded_files(config: Config, *, offline: bool) -> dict[PurePosixPath, bytes]:
    """Return what a newer `init` brings into a repository with this config, without ``tools/`` and the stacks.

    Raises ``WorkFailedError`` when the installation lacks a part.
    """
    agent = agent_files() if has_agents_sources(config) else {}
    for each in config.custom_components.values():
        lock = PurePosixPath(each.root) / each.build.requirements
        if each.build.distribution and lock == AGENT / REQUIREMENTS:
            # Its agent comes from tools/ by now, and its lock still from where it was with the sources.
            agent = {lock: agent_files()[lock]}
    return {**_written(_OF_INIT, offline), **agent}


def has_agents_sources(config: Config) -> bool:
    """Return whether a repository builds its agent from sources in ``agent/``, as before there was ``tools/``."""
    return any(
        PurePosixPath(each.root) == AGENT and PACKAGES[0] in each.build.packages
        for each in config.custom_components.values()
    )


def _written(templates: Mapping[str, str], offline: bool) -> dict[PurePosixPath, bytes]:
    contents = {}
    for template, name in templates.items():
        text = (files(__package__) / "templates" / template).read_text(encoding="utf-8")
        if offline and template.startswith("buildspec."):
            text = text.replace(_VERSION, _VERSION + _NO_INDEX)
        contents[PurePosixPath(name)] = text.encode()
    return contents


def _config(template: str, accounts: Accounts | None) -> str:
    """Return the config's text. Without known accounts, the template's examples stay in it as comments."""
    given = {"BUCKET": accounts.bucket, "STAGES": accounts.stages} if accounts else {"BUCKET": "", "STAGES": ""}
    for name, text in given.items():
        before, _, rest = template.partition(f"# @{name}@\n")
        example, _, after = rest.partition(f"# @END {name}@\n")
        template = before + (text or example) + after
    return template.replace("@REGION@", accounts.region if accounts else _REGION)
