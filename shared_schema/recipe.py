"""A component's recipe, in the one spelling that both nuclei read (lite compares keys by case).

Reads the seed's spellings too (``URI``, ``SetEnv``, ``Install``) and writes the canonical ones. Sources: AWS's
component recipe reference; docs/greengrass-facts.md, "Recipes". The linter checks what a nucleus would refuse later.
"""

import json
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer, model_validator

from shared_schema.json_value import JsonObject
from shared_schema.names import ComponentName, Version

MAXIMUM_BYTES = 16_000
"""GDK's limit of a recipe."""

_STEPS = ("bootstrap", "install", "recover", "run", "shutdown", "startup", "uninstall")


class _RecipePart(BaseModel):
    """PascalCase as AWS writes it; ``model_dump(by_alias=True)`` is the canonical spelling."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _boolean(value: object) -> object:
    # The seed writes "true" in quotes; so do AWS's own examples.
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    return value


def _seconds(value: object) -> object:
    return int(value) if isinstance(value, str) and value.isdigit() else value


Flag = Annotated[bool, BeforeValidator(_boolean, json_schema_input_type=bool | Literal["true", "false"])]
Seconds = Annotated[
    int,
    Field(gt=0),
    BeforeValidator(_seconds, json_schema_input_type=int | str),
    PlainSerializer(str, when_used="json"),
]
"""Read as a number or text, written as text: to classic, a number in a lifecycle step counts as changed at the first
deployment after each of its starts, so it reinstalls the component
(docs/greengrass-facts.md, "What restarts a component"). Lite reads text too
(docs/greengrass-facts.md, "Spelling and sizes")."""


class Permission(_RecipePart):
    """Who may read and execute an artifact: ``NONE``, ``OWNER`` (the component's user) or ``ALL``."""

    read: Literal["NONE", "OWNER", "ALL"] | None = Field(default=None, alias="Read")
    execute: Literal["NONE", "OWNER", "ALL"] | None = Field(default=None, alias="Execute")


class Artifact(_RecipePart):
    """One file that the nucleus downloads. ``Digest`` and ``Algorithm`` are filled in by the cloud."""

    uri: str = Field(validation_alias=AliasChoices("Uri", "URI"), serialization_alias="Uri", min_length=1)
    unarchive: Literal["NONE", "ZIP"] | None = Field(default=None, alias="Unarchive")
    permission: Permission | None = Field(default=None, alias="Permission")
    digest: str | None = Field(default=None, alias="Digest")
    algorithm: Literal["SHA-256"] | None = Field(default=None, alias="Algorithm")


class Step(_RecipePart):
    """One lifecycle step as a mapping. ``timeout`` is in seconds (default 120)."""

    script: str = Field(alias="Script", min_length=1)
    requires_privilege: Flag | None = Field(default=None, alias="RequiresPrivilege")
    skip_if: str | None = Field(
        default=None, validation_alias=AliasChoices("Skipif", "SkipIf"), serialization_alias="Skipif"
    )
    timeout: Seconds | None = Field(default=None, alias="Timeout")
    set_env: dict[str, str] | None = Field(
        default=None, validation_alias=AliasChoices("Setenv", "SetEnv"), serialization_alias="Setenv"
    )


class BootstrapStep(Step):
    """The step ``bootstrap``, which may say that an update restarts the nucleus."""

    bootstrap_on_rollback: Flag | None = Field(default=None, alias="BootstrapOnRollback")


def _step(name: str) -> Any:
    """Return a field for a step, whose name is read in either case."""
    return Field(default=None, validation_alias=AliasChoices(name, name.capitalize()), serialization_alias=name)


class Lifecycle(_RecipePart):
    """What the nucleus runs, and when. A step is a script, or a mapping with ``Script``.

    Exactly one of ``run`` and ``startup`` (docs/greengrass-facts.md, "Run and startup").
    """

    set_env: dict[str, str] | None = Field(
        default=None, validation_alias=AliasChoices("Setenv", "SetEnv"), serialization_alias="Setenv"
    )
    bootstrap: str | BootstrapStep | None = _step("bootstrap")
    install: str | Step | None = _step("install")
    run: str | Step | None = _step("run")
    startup: str | Step | None = _step("startup")
    shutdown: str | Step | None = _step("shutdown")
    recover: str | Step | None = _step("recover")
    uninstall: str | Step | None = _step("uninstall")

    @model_validator(mode="after")
    def _one_way_to_live(self) -> "Lifecycle":
        if self.run is not None and self.startup is not None:
            raise ValueError("has both run and startup; keep one of them: a nucleus takes exactly one")
        return self

    def scripts(self) -> dict[str, str]:
        """Return the script of each given step, by the step's name."""
        found = {step: getattr(self, step) for step in _STEPS}
        return {
            step: value.script if isinstance(value, Step) else value
            for step, value in found.items()
            if value is not None
        }


class Platform(_RecipePart):
    """The devices that a manifest is for. Lite takes only manifests that name a ``runtime``; classic ignores it."""

    os: str | None = None
    architecture: str | None = None
    runtime: str | None = None


class Manifest(_RecipePart):
    """One platform's lifecycle and artifacts. Lite needs a list ``Artifacts`` in every manifest; it may be empty."""

    name: str | None = Field(default=None, alias="Name")
    platform: Platform | None = Field(default=None, alias="Platform")
    lifecycle: Lifecycle | None = Field(default=None, alias="Lifecycle")
    selections: list[str] | None = Field(default=None, alias="Selections")
    artifacts: list[Artifact] = Field(default_factory=list, alias="Artifacts")


class Dependency(_RecipePart):
    """A component that this one needs. ``HARD`` restarts this one with it, ``SOFT`` never does."""

    version_requirement: str = Field(alias="VersionRequirement", min_length=1)
    """npm's range syntax, such as ``>=2.0.3 <3.1.0``; ``x.x.x`` is filled in with this release's version."""
    dependency_type: Literal["HARD", "SOFT"] = Field(default="HARD", alias="DependencyType")


class Configuration(_RecipePart):
    """``DefaultConfiguration``: any JSON object; ``accessControl`` in it is the component's IPC rights."""

    default_configuration: dict[str, Any] = Field(default_factory=dict, alias="DefaultConfiguration")


class Recipe(_RecipePart):
    """A whole recipe, format version 2020-01-25."""

    recipe_format_version: Literal["2020-01-25"] = Field(default="2020-01-25", alias="RecipeFormatVersion")
    component_name: ComponentName = Field(alias="ComponentName")
    component_version: Version = Field(alias="ComponentVersion")
    component_description: str | None = Field(default=None, alias="ComponentDescription")
    component_publisher: str | None = Field(default=None, alias="ComponentPublisher")
    component_type: str | None = Field(default=None, alias="ComponentType")
    component_configuration: Configuration | None = Field(default=None, alias="ComponentConfiguration")
    component_dependencies: dict[ComponentName, Dependency] | None = Field(default=None, alias="ComponentDependencies")
    manifests: list[Manifest] = Field(alias="Manifests", min_length=1)
    lifecycle: dict[str, Lifecycle] | None = Field(default=None, alias="Lifecycle")
    """The global lifecycle, in sections: a manifest without a lifecycle uses those that its ``Selections`` name."""

    def canonical(self) -> JsonObject:
        """Return the recipe as a JSON object in the canonical spelling, without the keys that were not given."""
        written: JsonObject = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return written

    def text(self) -> str:
        """Return the JSON text that is published. Equal recipes have equal texts, so that prod gets what dev got.

        JSON, not YAML: lite turns a YAML default configuration's numbers and booleans into strings.
        """
        return json.dumps(self.canonical(), indent=2, sort_keys=True, ensure_ascii=False) + "\n"
