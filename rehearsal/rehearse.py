"""The whole rehearsal: the world, the data scientist's part, a program's scenarios, the report."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.seeding import SeededCloud

from rehearsal.build_containers import containers_of
from rehearsal.device_python import name_python
from rehearsal.feeder import Feeder, accuracy, read_predictions, read_scans
from rehearsal.memory import MemoryWatch
from rehearsal.other_user import OtherUser, other_user
from rehearsal.pipeline import Pipeline, Stage
from rehearsal.program import Program
from rehearsal.registry import Registrations, Registry, Trainings
from rehearsal.report import Summary, write_report
from rehearsal.scenarios import MODEL, Rehearsal
from rehearsal.timeline import Proof, Timeline
from rehearsal.world import BUCKET, PACKAGE_GROUP, World

SCANS_A_SECOND = 8.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the rehearsal went."""

    proofs: tuple[Proof, ...]
    summary: Summary
    report: Path
    failed_log: Path | None
    """The log of the last pipeline run's first failed stage: it may tell why a row failed."""

    @property
    def holds(self) -> bool:
        return all(proof.holds for proof in self.proofs)


class Permissions(Protocol):
    """Gives each process of a release its own role, and checks what the roles were allowed.

    Without it every process is dev's administrator and may do anything.
    """

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


def rehearse(
    repository: Path,
    folder: Path,
    *,
    program: Program,
    tell: Callable[[str, Proof | None], None],
    permissions: Permissions | None = None,
) -> Outcome:
    """Run the program in ``folder``, which is empty (see ``own_folder``), and return the outcome.

    ``tell`` is called at each step, and with each proof as soon as there is one. With ``permissions`` each process has
    its own role, and a last row says whether the roles sufficed. A failed proof ends the run, with its row.

    Raises ``RehearsalError`` if it cannot go on.
    """
    scripts = repository / "model_components" / "digits"
    timeline = Timeline()
    proofs: list[Proof] = []
    with ExitStack() as stack:
        memory = stack.enter_context(MemoryWatch())
        trainings = stack.enter_context(Trainings(scripts, folder / "models"))
        other = stack.enter_context(other_user(folder))
        user = other if isinstance(other, OtherUser) else None
        world = stack.enter_context(
            World(
                folder,
                program.groups,
                recording=permissions.recording if permissions else None,
                prepare=permissions.prepare if permissions else None,
                other=user,
            )
        )
        tell(f"three accounts and {len(world.devices)} devices are up", None)
        timeline.add("world", "accounts and devices are up", began=0.0)
        bucket = permissions.model_bucket if permissions else BUCKET
        registry = Registry(scripts, environment=world.environment(), bucket=bucket, group=PACKAGE_GROUP)
        # Entered after the trainings, so that it ends before them. Two models are registered during scenario 1.
        models = stack.enter_context(Registrations(registry, trainings))
        timeline.add("registry", f"{models.linear.name} trained and registered", began=0.0)
        tell("the first of three versions of the model is trained and registered, none approved", None)
        first = next(iter(world.accounts))
        containers = stack.enter_context(containers_of(folder, user, stages=[first])) if program.bare else None
        pipeline = Pipeline(
            repository,
            folder / "pipeline",
            environment=permissions.build_environment(world) if permissions else world.environment(),
            stages=permissions.stages(world) if permissions else world.stages(),
            report=lambda words: tell(words, None),
            containers=containers,
        )
        program.write(pipeline.source)
        if user is not None:
            name_python(pipeline.source, user.python)
        rehearsal = Rehearsal(world, pipeline, registry, models, timeline, other)
        images = {device.name: device.images for device in world.devices}
        feeder = Feeder(lambda: read_scans(trainings.scans()), images, rate=SCANS_A_SECOND)
        for proof in program.scenarios(rehearsal, feeder, stack):
            proofs.append(proof)
            tell("", proof)
        if permissions:
            proofs.append(permissions.proof(world))
            tell("", proofs[-1])
        predictions = [
            prediction
            for device in world.devices
            for prediction in read_predictions(device.predictions)
            if prediction.model == MODEL
        ]
    summary = Summary(timeline.now(), memory.peak, accuracy(predictions))
    report = folder / "report.html"
    write_report(report, proofs, timeline.moments(), summary)
    failed = pipeline.last.failed() if pipeline.last else None
    return Outcome(tuple(proofs), summary, report, failed.log if failed else None)
