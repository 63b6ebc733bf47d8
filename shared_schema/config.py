"""``greengrass-config.yml``: the one file that a data scientist edits, with every key of the seed's example.

Only single values are checked here. `validate` checks what concerns several components, folders or other files.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from shared_schema.names import (
    ApplicationName,
    BucketName,
    ComponentName,
    ModelName,
    Region,
    alike_but_for_case,
)
from shared_schema.recipe import Artifact, Configuration, Dependency, Lifecycle, Manifest
from shared_schema.settings import AgentSettings
from shared_schema.stages import Stage, StageName
from shared_schema.strict_model import WrittenByPeople

CONFIG_FILES = ("greengrass-config.yml", "gg-config.yml")
"""The file's names. The seed uses both; the second is read if the first is missing."""

Platform = Annotated[str, StringConstraints(pattern=r"^(this|(manylinux|musllinux)[a-z0-9_]+|linux_[a-z0-9_]+)$")]
PackageGroup = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}$")]


class Build(WrittenByPeople):
    """How a component is packaged: ``zip`` (default), ``custom``, or ``python`` (docs/building.md)."""

    build_system: Literal["zip", "custom", "python"] = Field(default="zip", alias="build_system")
    """``zip``: the root as it is; ``custom``: the output of a command; ``python``: packages, and what they require."""
    custom_build_command: Annotated[list[str], Field(min_length=1)] | None = Field(
        default=None, alias="custom_build_command"
    )
    """The command and its arguments; run without a shell in the component's root."""
    timeout: float = Field(default=1800.0, gt=0)
    """Seconds after which a custom build is ended."""
    exclude: list[str] = Field(default_factory=list)
    """Globs in gitignore's syntax of files to leave out of a zip, besides the defaults; `build -v` lists the files."""
    packages: list[str] = Field(default_factory=list)
    """``python``: the packages below the root that go in, sources only."""
    distribution: Literal["mlops-at-edge"] | None = None
    """``python``, for the agent: its own packages come from the wheel of this distribution in the repository's
    ``tools/``, whose hash ``tools/requirements.txt`` has; ``packages`` then has only what goes in beside them."""
    extra: str | None = None
    """``python``: the extra whose requirements go in as wheels, of the root's pyproject.toml or of ``distribution``."""
    requirements: str = Field(default="requirements.txt", min_length=1)
    """``python``: the lock of those requirements, below the root: each package with one version and its files' hashes,
    as `uv pip compile --universal --generate-hashes` writes it."""
    platforms: list[Platform] = Field(default_factory=lambda: ["this"])
    """``python``: pip's platform tags, such as ``manylinux_2_28_aarch64``; ``this`` is the builder's own. There is an
    artifact for each architecture among them."""
    python: str = Field(default="3.11", pattern=r"^3\.\d{1,2}$")
    """``python``: the Python version of the wheels."""
    wheels: bool = True
    """``python``: false if the device's Python has the requirements already."""

    @model_validator(mode="after")
    def _fits_its_system(self) -> "Build":
        if self.build_system == "custom" and not self.custom_build_command:
            raise ValueError(
                "build_system is custom and there is no custom_build_command; add it beside build_system, a word a line"
            )
        if self.build_system != "custom" and self.custom_build_command:
            raise ValueError(
                f'custom_build_command is given and build_system is {self.build_system}; set build_system: "custom"'
            )
        if self.build_system == "python" and not self.packages and not self.distribution:
            raise ValueError("build_system is python and names no packages; list them, such as packages: [edge_agent]")
        if self.build_system != "python" and (self.packages or self.distribution or self.extra):
            raise ValueError(
                "packages, distribution and extra belong to build_system: python, and this one is "
                f"{self.build_system}; take them out"
            )
        return self


class Model(WrittenByPeople):
    """Where a model component's model comes from.

    With ``sagemaker-managed`` the latest Approved package of ``package-group``; else the object ``name`` of ``bucket``.
    """

    sagemaker_managed: bool
    """True: the registry decides, by approval. False: the object as it is."""
    package_group: PackageGroup | None = None
    """The model package group of the registry."""
    name: str = Field(default="model.tar.gz", min_length=1)
    """The name of the model's archive as the component's build sees it."""

    @model_validator(mode="after")
    def _comes_from_somewhere(self) -> "Model":
        if self.sagemaker_managed and not self.package_group:
            raise ValueError("is sagemaker-managed and names no package-group; add package-group")
        if not self.sagemaker_managed and self.package_group:
            raise ValueError("names a package-group and is not sagemaker-managed; set sagemaker-managed: true")
        return self


class Agent(WrittenByPeople):
    """Marks the component that is the edge agent; its recipe's lifecycle and access control are then generated."""

    settings: AgentSettings = Field(default_factory=AgentSettings)
    """They are sent in the desired state, and are applied without a restart."""
    startup_timeout: int = Field(default=900, ge=30)
    """Seconds for ``startup``, with vetting at a first start. On lite also the time in which a new version must run."""
    python: str = Field(default="python3", min_length=1)
    """The device's interpreter."""


class Component(WrittenByPeople):
    """One component of ``custom-components``."""

    component_name: ComponentName
    """Its name in Greengrass, such as ``com.example.digits``."""
    root: str = Field(min_length=1)
    """The folder that holds the component, relative to the config file."""
    bucket: str | None = None
    """The bucket that holds what the component is made from, if not the artifact bucket.

    Its name is checked by `validate`, not here: the seed's example has a sentence in its place.
    """
    region: Region | None = None
    """The region of ``bucket``."""
    description: str | None = None
    """The recipe's ``ComponentDescription``."""
    publisher: str | None = None
    """The recipe's ``ComponentPublisher``; the file's if not given."""
    build: Build = Field(default_factory=Build)
    model: Model | None = None
    """For a model component: where the model comes from."""
    agent: Agent | None = None
    """For the component that is the edge agent."""
    component_configuration: Configuration | None = Field(default=None, alias="ComponentConfiguration")
    component_dependencies: dict[ComponentName, Dependency] = Field(default_factory=dict, alias="ComponentDependencies")
    artifacts: list[Artifact] | None = Field(default=None, alias="Artifacts")
    lifecycle: Lifecycle | None = Field(default=None, alias="Lifecycle")
    manifests: Annotated[list[Manifest], Field(min_length=1)] | None = Field(default=None, alias="Manifests")
    """Instead of ``Artifacts`` and ``Lifecycle``: a manifest for each platform, as in a recipe."""

    @model_validator(mode="after")
    def _one_way_to_say_it(self) -> "Component":
        if self.manifests is not None and (self.artifacts is not None or self.lifecycle is not None):
            raise ValueError(
                "has Manifests and also Artifacts or Lifecycle; move these into the manifests, or take Manifests out"
            )
        if self.agent is not None and self.model is not None:
            raise ValueError("is both agent and model; make two components of it: a model changes more often")
        return self


class Config(WrittenByPeople):
    """The whole file."""

    application: ApplicationName | None = None
    """The first level of the fleet's topics after ``dt/`` and ``cmd/``; required with an agent."""
    artifact_bucket: BucketName | None = None
    """The dev account's bucket of artifacts; if not given, ``ARTIFACT_BUCKET`` or ``--bucket``."""
    region: Region | None = None
    """The region; if not given, ``AWS_REGION`` or ``--region``."""
    publisher: str | None = None
    """The recipes' ``ComponentPublisher``."""
    stages: dict[StageName, Stage] = Field(default_factory=dict)
    """The accounts that a release goes through; ``dev`` builds it."""
    custom_components: Annotated[dict[ModelName, Component], Field(min_length=1)] = Field(alias="custom-components")
    """The components by a short key of your choice; a model's key is its name on the device and in its topics."""

    @field_validator("custom_components")
    @classmethod
    def _keys_differ_in_more_than_case(cls, components: dict[str, Component]) -> dict[str, Component]:
        alike = alike_but_for_case(components)
        if alike:
            raise ValueError(
                f"has {', '.join(alike)}, which differ in case alone: the classic nucleus takes them for one key; "
                "rename one"
            )
        return components

    @model_validator(mode="after")
    def _the_agent_has_an_application(self) -> "Config":
        agents = [key for key, component in self.custom_components.items() if component.agent is not None]
        if len(agents) > 1:
            raise ValueError(f"has {len(agents)} agents ({', '.join(agents)}); keep one: a device runs one agent")
        if agents and self.application is None:
            raise ValueError("has an agent and no application; add application: the first level of its topics")
        return self


def find_config(folder: Path) -> Path:
    """Return the path of a repository's config: ``greengrass-config.yml``, or ``gg-config.yml`` if that is missing.

    If there is neither, return the first path, so that the reader's error names it.
    """
    for name in CONFIG_FILES:
        if (folder / name).is_file():
            return folder / name
    return folder / CONFIG_FILES[0]
