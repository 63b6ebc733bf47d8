"""The parts of a recipe that a nucleus keeps, once the manifest for its platform is chosen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from greengrass_emulator.json_value import JsonObject

Who = Literal["NONE", "OWNER", "ALL"]


@dataclass(frozen=True, slots=True)
class Step:
    """One lifecycle step. ``timeout`` in seconds, or None for the step's own default. ``privileged``: run as root."""

    script: str
    timeout: float | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    skip_if: str | None = None
    privileged: bool = False


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """The steps of a component by their names in lower case, and their common environment.

    ``numbers`` has the paths of the recipe's numbers, such as ``("startup", "timeout")``.
    """

    steps: Mapping[str, Step] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    numbers: frozenset[tuple[str, ...]] = field(default=frozenset(), compare=False)


@dataclass(frozen=True, slots=True)
class Artifact:
    """A file that a component needs. ``digest`` is base64 SHA-256, absent in local recipes."""

    uri: str
    unzip: bool
    read: Who
    execute: Who
    digest: str | None

    @property
    def file_name(self) -> str:
        return self.uri.rstrip("/").rpartition("/")[2]


@dataclass(frozen=True, slots=True)
class Dependency:
    """Another component that is required, in a range of versions (npm's)."""

    requirement: str
    hard: bool


@dataclass(frozen=True, slots=True)
class Component:
    """One version of a component, for this device's platform."""

    name: str
    version: str
    defaults: JsonObject
    dependencies: Mapping[str, Dependency]
    lifecycle: Lifecycle
    artifacts: tuple[Artifact, ...]

    @property
    def hard_dependencies(self) -> frozenset[str]:
        return frozenset(name for name, dependency in self.dependencies.items() if dependency.hard)
