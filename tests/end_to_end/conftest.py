"""A small world for tests that go the whole way: real accounts, nuclei, agents and pipeline runs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import pytest

from rehearsal.context import Rehearsal
from rehearsal.device_python import make_python
from rehearsal.pipeline import Pipeline
from rehearsal.registry import Kind, Registrations, Registry, Trainings
from rehearsal.timeline import Timeline
from rehearsal.world import BUCKET, PACKAGE_GROUP, Group, World

REPOSITORY = Path(__file__).parents[2]
SCRIPTS = REPOSITORY / "model_components" / "digits"
KINDS: tuple[Kind, ...] = ("linear", "shuffled")
"""A good model and a bad one."""
StartRehearsal = Callable[[Mapping[str, Group]], Rehearsal]


@pytest.fixture(scope="session")
def trainings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Trainings]:
    """The digits models, trained once for all tests: each test registers them in a cloud of its own."""
    with Trainings(SCRIPTS, tmp_path_factory.mktemp("models"), KINDS) as running:
        yield running


@pytest.fixture(scope="session")
def device_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The devices' Python, which has what the agent requires."""
    folder = tmp_path_factory.mktemp("pythons") / "agent"
    make_python(folder)
    return folder


@pytest.fixture
def start(tmp_path: Path, trainings: Trainings, device_python: Path) -> Iterator[StartRehearsal]:
    """Give it the groups by account; what it starts is ended with the test."""
    with ExitStack() as stack:

        def start_rehearsal(groups: Mapping[str, Group]) -> Rehearsal:
            world = stack.enter_context(World(tmp_path, groups, python=device_python))
            registry = Registry(SCRIPTS, environment=world.environment(), bucket=BUCKET, group=PACKAGE_GROUP)
            models = stack.enter_context(Registrations(registry, trainings, KINDS))
            pipeline = Pipeline(
                REPOSITORY,
                tmp_path / "pipeline",
                environment=world.environment(),
                stages=world.stages(),
                report=lambda _words: None,
            )
            return Rehearsal(world, pipeline, [models.candidates("digits")], Timeline())

        yield start_rehearsal
