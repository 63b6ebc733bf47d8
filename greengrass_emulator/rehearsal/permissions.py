"""What a rehearsal under enforced permissions asks of whoever has the policies; without them everybody is dev's
administrator and may do anything.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.seeding import SeededCloud
from greengrass_emulator.rehearsal.pipeline import Stage
from greengrass_emulator.rehearsal.timeline import Proof
from greengrass_emulator.rehearsal.world import World


class Permissions(Protocol):
    """Gives each process of a release its own role, and looks at what they were allowed."""

    @property
    def recording(self) -> Path:
        """The file that every call is written to."""

    @property
    def model_bucket(self) -> str:
        """Where model data belong: not to the artifact bucket, which the build alone writes to."""

    def prepare(self, cloud: Cloud, seeded: SeededCloud) -> None:
        """Attach the policies, before there is a device in the accounts."""

    def build_environment(self, world: World) -> Mapping[str, str]:
        """What the build's CodeBuild project finds in its environment."""

    def stages(self, world: World) -> Sequence[Stage]:
        """The deploy stages, each with its project's credentials."""

    def proof(self, world: World) -> Proof:
        """Whether every call so far was allowed."""
