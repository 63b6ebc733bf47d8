"""What a rehearsal with enforced permissions needs of the policies' owner.

Without enforced permissions every process is dev's administrator and may do anything.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.seeding import SeededCloud

from rehearsal.pipeline import Stage
from rehearsal.timeline import Proof
from rehearsal.world import World


class Permissions(Protocol):
    """Gives each process of a release its own role, and checks what the roles were allowed."""

    @property
    def recording(self) -> Path:
        """The file that every call is written to."""

    @property
    def model_bucket(self) -> str:
        """The bucket for model data. It is not the artifact bucket, to which only the build writes."""

    def prepare(self, cloud: Cloud, seeded: SeededCloud) -> None:
        """Attach the policies, before the accounts have a device."""

    def build_environment(self, world: World) -> Mapping[str, str]:
        """Return the environment of the build's CodeBuild project."""

    def stages(self, world: World) -> Sequence[Stage]:
        """Return the deploy stages, each with its project's credentials."""

    def proof(self, world: World) -> Proof:
        """Return the proof that every call so far was allowed."""
