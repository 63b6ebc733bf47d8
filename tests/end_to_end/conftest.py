"""A small world for tests that go the whole way: real accounts, nuclei, agents and pipeline runs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from greengrass_emulator.rehearsal.acts import Models, Stagecraft
from greengrass_emulator.rehearsal.pipeline import Pipeline
from greengrass_emulator.rehearsal.registry import Registry
from greengrass_emulator.rehearsal.timeline import Timeline
from greengrass_emulator.rehearsal.world import BUCKET, PACKAGE_GROUP, Group, World

REPOSITORY = Path(__file__).parents[2]
Raise = Callable[[Mapping[str, Group]], Stagecraft]


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Raise]:
    """Give it the groups by account; what it starts is ended with the test."""
    with ExitStack() as stack:

        def raise_world(groups: Mapping[str, Group]) -> Stagecraft:
            world = stack.enter_context(World(tmp_path, groups))
            registry = Registry(
                REPOSITORY / "model_components" / "digits",
                tmp_path / "models",
                environment=world.environment(),
                bucket=BUCKET,
                group=PACKAGE_GROUP,
            )
            kinds = ("linear", "mlp", "shuffled")
            registry.train_all(list(kinds))
            models = Models(*(registry.register(kind) for kind in kinds))
            pipeline = Pipeline(
                REPOSITORY,
                tmp_path / "pipeline",
                environment=world.environment(),
                stages=world.stages(),
                told=lambda _words: None,
            )
            return Stagecraft(world, pipeline, registry, models, Timeline())

        yield raise_world
