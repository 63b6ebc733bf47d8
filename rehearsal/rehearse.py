"""The whole rehearsal: the world, the data scientist's part, a program's scenarios, the report."""

import itertools
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.seeding import SeededCloud

from rehearsal.build_containers import containers_of
from rehearsal.candidates import Candidates
from rehearsal.context import Rehearsal
from rehearsal.device_python import make_python
from rehearsal.feeder import Feeder, Frame, answered_by, read_predictions, read_scans
from rehearsal.given_versions import register_folders
from rehearsal.memory import MemoryWatch
from rehearsal.model_data import ModelToRelease
from rehearsal.other_user import PYTHONS, OtherUser, other_user
from rehearsal.pipeline import Pipeline, Stage
from rehearsal.program import Program
from rehearsal.registry import Registrations, Registry, Trainings
from rehearsal.rehearsed_config import folder_of
from rehearsal.report import Summary, write_report
from rehearsal.subject import Subject
from rehearsal.timeline import Proof, Timeline
from rehearsal.world import BUCKET, PACKAGE_GROUP, World

FRAMES_A_SECOND = 8.0
"""To each device, over all its sources."""


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
    subject: Subject,
    folder: Path,
    *,
    program: Program,
    tell: Callable[[str, Proof | None], None],
    permissions: Permissions | None = None,
) -> Outcome:
    """Rehearse the subject by the program in ``folder``, which is empty (see ``own_folder``), and return the outcome.

    ``tell`` is called at each step, and with each proof as soon as there is one. With ``permissions`` each process has
    its own role, and a last row says whether the roles sufficed. A failed proof ends the run, with its row.

    Raises ``RehearsalError`` if it cannot go on.
    """
    timeline = Timeline()
    proofs: list[Proof] = []
    with ExitStack() as stack:
        memory = stack.enter_context(MemoryWatch())
        training = [
            (each, stack.enter_context(Trainings(each.root, folder / "models" / each.key)))
            for each in subject.models
            if each.scripted
        ]
        other = stack.enter_context(other_user(folder))
        user = other if isinstance(other, OtherUser) else None
        python = user.python if user else folder / PYTHONS / "agent"
        if user is None:
            stack.callback(shutil.rmtree, python.parent, ignore_errors=True)
            make_python(python)
        world = stack.enter_context(
            World(
                folder,
                program.groups,
                recording=permissions.recording if permissions else None,
                prepare=permissions.prepare if permissions else None,
                other=user,
                agent=subject.place,
                python=python,
            )
        )
        tell(f"three accounts and {len(world.devices)} devices are up", None)
        timeline.add("world", "accounts and devices are up", began=0.0)
        bucket = permissions.model_bucket if permissions else BUCKET
        candidates = list(_registered(subject, training, world, bucket, folder / "models", stack))
        for each in candidates:
            timeline.add("registry", f"the first version of {each.key} is registered: {each.good[0].name}", began=0.0)
            tell(_in_words(each), None)
        first = next(iter(world.accounts))
        containers = stack.enter_context(containers_of(folder, user, stages=[first])) if program.bare else None
        pipeline = Pipeline(
            subject.repository,
            folder / "pipeline",
            environment=permissions.build_environment(world) if permissions else world.environment(),
            stages=permissions.stages(world) if permissions else world.stages(),
            report=lambda words: tell(words, None),
            containers=containers,
        )
        for change in subject.write_into(pipeline.source, region=world.cloud.region):
            tell(f"added to the pipeline's copy of the config: {change}", None)
        program.write(pipeline.source)
        rehearsal = Rehearsal(world, pipeline, candidates, timeline, other)
        feeders = list(_feeders(subject, training, world))
        for proof in itertools.chain(program.scenarios(rehearsal, feeders, stack), subject.unfed()):
            proofs.append(proof)
            tell("", proof)
        if permissions:
            proofs.append(permissions.proof(world))
            tell("", proofs[-1])
        predictions = [
            prediction
            for device in world.devices
            for prediction in read_predictions(device.predictions)
            if prediction.model in {each.key for each in candidates}
        ]
    answered = answered_by(predictions, {lane.model for lane in subject.feeding.lanes if not lane.frames})
    summary = Summary(timeline.now(), memory.peak, answered)
    report = folder / "report.html"
    write_report(report, proofs, timeline.moments(), summary)
    failed = pipeline.last.failed() if pipeline.last else None
    return Outcome(tuple(proofs), summary, report, failed.log if failed else None)


Training = Sequence[tuple[ModelToRelease, Trainings]]


def _registered(
    subject: Subject, training: Training, world: World, bucket: str, work: Path, stack: ExitStack
) -> Iterator[Candidates]:
    """Yield the versions of each model once the first is registered, none of them approved."""
    scripted = {each.key: trainings for each, trainings in training}
    for model in subject.models:
        trainings = scripted.get(model.key)
        if trainings is None:
            yield register_folders(model, world, artifacts=BUCKET, packages=bucket, work=work / model.key)
            continue
        group = model.component.model.package_group if model.component.model else None
        registry = Registry(model.root, environment=world.environment(), bucket=bucket, group=group or PACKAGE_GROUP)
        # Entered after the trainings, so that it ends before them. Later versions are registered during scenario 1.
        candidates = stack.enter_context(Registrations(registry, trainings)).candidates(model.key)
        _ = candidates.good[0].released_as
        yield candidates


def _in_words(model: Candidates) -> str:
    versions = "1 version" if len(model.good) == 1 else f"{len(model.good)} versions"
    bad = " and one that devices must refuse" if model.bad else ""
    return f"{model.key} has {versions}{bad}; the first is registered, none approved"


def _feeders(subject: Subject, training: Training, world: World) -> Iterator[Feeder]:
    scans = {model.key: trainings for model, trainings in training}
    for lane in subject.feeding.lanes:
        frames = (
            partial(_scans, scans[lane.model])
            if lane.model in scans and not lane.frames
            else partial(list, lane.frames)
        )
        folders = {device.name: folder_of(lane, device) for device in world.devices}
        rate = FRAMES_A_SECOND / len(subject.feeding.lanes)
        yield Feeder(frames, folders, rate=rate, model=lane.model, source=lane.source, asks=lane.by_topic)


def _scans(trainings: Trainings) -> list[Frame]:
    return read_scans(trainings.scans())
