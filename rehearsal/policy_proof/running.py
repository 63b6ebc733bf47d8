"""The proof's run: whole releases with enforced permissions, each process under its own role."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from greengrass_emulator.iam.recording import read_recording

from infra_policies import FOLDER
from rehearsal.device_python import make_python
from rehearsal.errors import RehearsalError
from rehearsal.pipeline import DIST, RELEASE, SOURCE, Pipeline
from rehearsal.policy_proof import beside_pipeline, installing
from rehearsal.policy_proof.attacks import Attack, Attacks, Targets
from rehearsal.policy_proof.documents import read_unneeded
from rehearsal.policy_proof.enforcing import EnforcedRoles
from rehearsal.policy_proof.proving import WholeProof, prove
from rehearsal.registry import Kind, Registry, Trainings
from rehearsal.repository_config import read_config
from rehearsal.world import BUCKET, PACKAGE_GROUP, Group, World
from shared_schema.topics import COMMANDS, Topics

GROUPS = {
    "dev": Group({"dev-1": "lite"}),
    "preprod": Group({"preprod-1": "classic"}),
    "prod": Group({"prod-1": "classic"}, canary={"prod-canary": "classic"}),
}
_CONFIRMED = {"build": 0, "dev": 0, "preprod": 0, "prod": 0}
_REFUSED = {"build": 0, "dev": 5}
"""A bad model is built; the first fleet rejects it, which ends the run."""
_NOT_AS_RELEASED = 4
_SECONDS_TO_REPLY = 15.0


@dataclass(frozen=True, slots=True)
class Found:
    """The proof, and the attacks that were tried."""

    proof: WholeProof
    attacks: tuple[Attack, ...]

    @property
    def holds(self) -> bool:
        """Whether every call was allowed, nothing more is allowed, and every attack was denied."""
        return not self.proof.faults and all(attack.denied for attack in self.attacks)


def run_and_prove(repository: Path, folder: Path, tell: Callable[[str], None]) -> Found:
    """Release, release a bad model, roll back, read the status as an operator, attack; then return the proof.

    Raises ``RehearsalError``, with the log, if a stage ends with an unexpected code.
    """
    roles = EnforcedRoles(repository, folder, canaries=[name for name, group in GROUPS.items() if group.canary])
    scripts = repository / "model_components" / "digits"
    python = folder / "python"
    make_python(python)
    with (
        Trainings(scripts, folder / "models", ("linear", "shuffled")) as trainings,
        World(folder, GROUPS, recording=roles.recording, prepare=roles.prepare, python=python) as world,
    ):
        tell("three accounts hold the policies; permissions are enforced")
        registry = Registry(scripts, environment=world.environment(), bucket=roles.model_bucket, group=PACKAGE_GROUP)
        pipeline = Pipeline(
            repository,
            folder / "pipeline",
            environment=roles.build_environment(world),
            stages=roles.stages(world),
            report=tell,
        )
        releases: dict[Kind, Mapping[str, int]] = {"linear": _CONFIRMED, "shuffled": _REFUSED}
        for kind, wanted in releases.items():
            registry.set_status(registry.register(trainings.model(kind)), "Approved")
            _must_end_so(pipeline.run(gated=True).exit_codes(), wanted, folder)
        _beside_the_pipeline(world, roles, folder, tell)
        _send_commands(world, roles)
        tell("a device has answered every command")
        attacks = tuple(Attacks(world.cloud, _targets(world, roles.external_id)).made())
        tell(f"{len(attacks)} attacks were tried")
        policies = roles.policies(world.cloud)
    proof = prove(read_recording(roles.recording), roles.rendered, policies, read_unneeded(FOLDER / "unused.yml"))
    return Found(proof, attacks)


def _must_end_so(exit_codes: Mapping[str, int], wanted: Mapping[str, int], folder: Path) -> None:
    if dict(exit_codes) == dict(wanted):
        return
    name, code = next(iter(set(exit_codes.items()) - set(wanted.items())), ("a stage", 1))
    log = next(iter(sorted(folder.glob(f"pipeline/run-*/{name}.log"), reverse=True)), None)
    tail = log.read_text(errors="replace")[-3000:] if log else ""
    problem = f"{name} ended with {code} under its own policies; its log ends:\n{tail}"
    raise RehearsalError(problem, f"see {log or folder}")


def _beside_the_pipeline(world: World, roles: EnforcedRoles, folder: Path, tell: Callable[[str], None]) -> None:
    """Run what people and other projects run, each under its own role."""
    cloud = world.cloud
    # Devices that have not confirmed the release are read in another way than those that have.
    beside_pipeline.status_as_operator(cloud, "dev", world.accounts["dev"].target_arn, ends=_NOT_AS_RELEASED)
    deploying = next(each.variables for each in roles.stages(world) if each.name == "dev")
    stage = folder / "pipeline" / "run-1" / "dev"
    source, dist = stage / SOURCE, str(stage / RELEASE / DIST)
    doctor = ("doctor", "--stage", "dev", "--config", str(roles.config), "--dist", dist)
    beside_pipeline.publisher(*doctor, environment={**deploying, "ARTIFACT_BUCKET": BUCKET}, folder=source)
    beside_pipeline.publisher("rollback", "--wait", environment=deploying, folder=source)
    tell("dev was examined, and has gone back to the release before")
    for name, account in world.accounts.items():
        for arn in filter(None, (account.target_arn, account.canary_arn)):
            beside_pipeline.status_as_operator(cloud, name, arn)
    tell("an operator has looked at each fleet")
    beside_pipeline.build_large(cloud, folder, roles.build_environment(world))
    tell("a large component was built from a prefix of model data")


def _send_commands(world: World, roles: EnforcedRoles) -> None:
    """Send every command to one device, so that its topics are used. The replies are recorded as calls."""
    topics = Topics(read_config(roles.config).application, "prod-1")
    for command in COMMANDS:
        world.cloud.publish(topics.command(command), b"{}", account="prod")
    wanted = {topics.reply(command) for command in COMMANDS}
    ends = time.monotonic() + _SECONDS_TO_REPLY
    while time.monotonic() < ends:
        recorded = roles.recording.read_text(encoding="utf-8")
        if all(f':topic/{topic}"' in recorded for topic in wanted):
            return
        time.sleep(0.2)
    raise RehearsalError(f"prod-1 did not answer its commands within {_SECONDS_TO_REPLY:.0f} s", "see its logs")


def _targets(world: World, external_id: str) -> Targets:
    s3 = world.cloud.client("s3")
    artifacts = s3.list_objects_v2(Bucket=BUCKET, Prefix="artifacts/greengrass/")["Contents"]
    models = s3.list_objects_v2(Bucket=installing.MODEL_BUCKET)["Contents"]
    return Targets(
        bucket=BUCKET,
        artifact=next(each["Key"] for each in artifacts if each["Key"].endswith(".zip")),
        model=models[0]["Key"],
        thing="prod-1",
        target_arn=world.accounts["prod"].target_arn,
        external_id=external_id,
    )
