"""The whole rehearsal in its order: the world, the data scientist's part, five acts, the report."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from greengrass_emulator.errors import WrongUse
from greengrass_emulator.rehearsal import acts
from greengrass_emulator.rehearsal.acts import Stagecraft
from greengrass_emulator.rehearsal.feeder import Feeder, accuracy, read_predictions, read_scans
from greengrass_emulator.rehearsal.memory import MemoryWatch
from greengrass_emulator.rehearsal.permissions import Permissions
from greengrass_emulator.rehearsal.pipeline import Pipeline
from greengrass_emulator.rehearsal.registry import Registrations, Registry, Trainings
from greengrass_emulator.rehearsal.report import Summary, write_report
from greengrass_emulator.rehearsal.timeline import Proof, Timeline
from greengrass_emulator.rehearsal.world import BUCKET, PACKAGE_GROUP, Group, Runtime, World

SCANS_A_SECOND = 8.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """How the rehearsal went."""

    proofs: tuple[Proof, ...]
    summary: Summary
    report: Path
    failed_log: Path | None
    """The log of the last pipeline run's first failed stage, where it is to be looked for why a row does not hold."""

    @property
    def holds(self) -> bool:
        return all(proof.holds for proof in self.proofs)


def groups_of(devices: int) -> dict[str, Group]:
    """One lite device in dev, and ``devices`` classic ones between preprod and prod, prod having the larger half.

    Raises ``WrongUse`` for fewer than two: each of the two accounts wants one.
    """
    if not 2 <= devices <= 100:
        raise WrongUse(f"--devices {devices}: between 2 and 100 devices stand in preprod and prod; name such a number")
    classic: Runtime = "classic"
    preprod = devices // 2
    return {
        "dev": Group({"dev-1": "lite"}),
        "preprod": Group({f"preprod-{number + 1}": classic for number in range(preprod)}),
        "prod": Group({f"prod-{number + 1}": classic for number in range(devices - preprod)}),
    }


def rehearse(
    repository: Path,
    folder: Path,
    *,
    devices: int,
    tell: Callable[[str, Proof | None], None],
    permissions: Permissions | None = None,
) -> Outcome:
    """Run it all in ``folder``, which is emptied first. ``tell`` hears each step, and each proof as it is made.

    With ``permissions`` each process has its own role, and a last row says whether they sufficed.

    Raises ``RehearsalError`` when it cannot go on; a proof that does not hold ends it too, with its row.
    """
    groups = groups_of(devices)
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    scripts = repository / "model_components" / "digits"
    timeline = Timeline()
    proofs: list[Proof] = []
    with ExitStack() as stack:
        memory = stack.enter_context(MemoryWatch())
        trainings = stack.enter_context(Trainings(scripts, folder / "models"))
        world = stack.enter_context(
            World(folder, groups, recording=permissions.recording, prepare=permissions.prepare)
            if permissions
            else World(folder, groups)
        )
        tell(f"three accounts and {len(world.devices)} devices are up", None)
        timeline.add("world", "accounts and devices are up", began=0.0)
        bucket = permissions.model_bucket if permissions else BUCKET
        registry = Registry(scripts, environment=world.environment(), bucket=bucket, group=PACKAGE_GROUP)
        # Entered after the trainings, so that it ends before them; the later two are registered during act 1.
        models = stack.enter_context(Registrations(registry, trainings))
        scans = read_scans(trainings.scans())
        timeline.add("registry", f"{models.linear.name} trained and registered", began=0.0)
        tell("the first of three versions of the model is trained and registered, none approved", None)
        pipeline = Pipeline(
            repository,
            folder / "pipeline",
            environment=permissions.build_environment(world) if permissions else world.environment(),
            stages=permissions.stages(world) if permissions else world.stages(),
            told=lambda words: tell(words, None),
        )
        stagecraft = Stagecraft(world, pipeline, registry, models, timeline)
        feeder = Feeder(scans, {device.name: device.images for device in world.devices}, rate=SCANS_A_SECOND)
        for proof in _acts(stagecraft, feeder, stack):
            proofs.append(proof)
            tell("", proof)
        if permissions:
            proofs.append(permissions.proof(world))
            tell("", proofs[-1])
        predictions = [prediction for device in world.devices for prediction in read_predictions(device.predictions)]
    summary = Summary(timeline.now(), memory.peak, accuracy(predictions))
    report = folder / "report.html"
    write_report(report, proofs, timeline.moments(), summary)
    failed = pipeline.last.failed() if pipeline.last else None
    return Outcome(tuple(proofs), summary, report, failed.log if failed else None)


def _acts(stagecraft: Stagecraft, feeder: Feeder, stack: ExitStack) -> Iterator[Proof]:
    """Act by act; after one with a row that does not hold, the rest would only tell of that row."""
    first = acts.first_release(stagecraft)
    yield from first
    if not all(proof.holds for proof in first):
        return
    stack.enter_context(feeder)
    for act in (acts.better_model, acts.bad_model, acts.way_back):
        rows = act(stagecraft, feeder)
        yield from rows
        if not all(proof.holds for proof in rows):
            return
    yield from acts.nothing_to_do(stagecraft)
