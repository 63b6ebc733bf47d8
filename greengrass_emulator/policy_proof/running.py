"""The run that the proof stands on: a release's way with permissions enforced, each process under its own role."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.seeding import SeededCloud
from greengrass_emulator.errors import RehearsalError
from greengrass_emulator.iam.recording import read_recording
from greengrass_emulator.policy_proof import by_hand, installing
from greengrass_emulator.policy_proof.attacks import Attack, Attacks, Prey
from greengrass_emulator.policy_proof.documents import read_unneeded, render_documents
from greengrass_emulator.policy_proof.proving import WholeProof, prove
from greengrass_emulator.policy_proof.rendered import Attached, RenderedStage
from greengrass_emulator.rehearsal.pipeline import Pipeline, Stage, process_environment
from greengrass_emulator.rehearsal.registry import Registry, Trainings
from greengrass_emulator.rehearsal.world import BUCKET, GROUP, PACKAGE_GROUP, Group, World
from infra_policies import FOLDER
from shared_schema.topics import COMMANDS, Topics

GROUPS = {
    "dev": Group({"dev-1": "lite"}),
    "preprod": Group({"preprod-1": "classic"}),
    "prod": Group({"prod-1": "classic"}),
}
_CODEBUILD = "codebuild.amazonaws.com"
_CONFIRMED = {"build": 0, "dev": 0, "preprod": 0, "prod": 0}
_REFUSED = {"build": 0, "dev": 5}
"""A bad model is built, and ends at the first fleet, which rejects it."""
_SECONDS_TO_REPLY = 15.0


@dataclass(frozen=True, slots=True)
class Found:
    """The proof, and the attacks that were tried."""

    proof: WholeProof
    attacks: tuple[Attack, ...]

    @property
    def holds(self) -> bool:
        """Whether every call was allowed, nothing more was, and every attack was denied."""
        return not self.proof.faults and all(attack.denied for attack in self.attacks)


class _Preparation:
    """What is done to the accounts before there is a device in them."""

    def __init__(self, repository: Path, folder: Path) -> None:
        self._repository = repository
        self._folder = folder
        self._attached: Attached | None = None
        self.external_id = ""
        self.stages: tuple[RenderedStage, ...] = ()

    def __call__(self, cloud: Cloud, seeded: SeededCloud) -> None:
        self.external_id = seeded.external_id
        key_arn = installing.make_key_and_model_bucket(cloud, seeded.bucket)
        config = installing.write_config(self._repository, self._folder, cloud, seeded, group=GROUP, key_arn=key_arn)
        self.stages = render_documents(config, list(GROUPS))
        self._attached = Attached(seeded.bucket, key_arn, cloud.region)
        installing.install(cloud, self._attached, self.stages)

    @property
    def attached(self) -> Attached:
        """What the documents are attached to. Raises ``RehearsalError`` before the accounts are prepared."""
        if self._attached is None:
            raise RehearsalError("the accounts hold no policies yet; enter the world first")
        return self._attached


def run_and_prove(repository: Path, folder: Path, tell: Callable[[str], None]) -> Found:
    """Release, release a bad model, go back, look at it as an operator, attack; then the proof.

    Raises ``RehearsalError`` when a stage does not end as it should, with its log.
    """
    recording = folder / "calls.jsonl"
    preparation = _Preparation(repository, folder)
    scripts = repository / "model_components" / "digits"
    with (
        Trainings(scripts, folder / "models", ("linear", "shuffled")) as trainings,
        World(folder, GROUPS, recording=recording, prepare=preparation) as world,
    ):
        tell("three accounts hold the policies; permissions are enforced")
        models = installing.MODEL_BUCKET
        registry = Registry(scripts, environment=world.environment(), bucket=models, group=PACKAGE_GROUP)
        pipeline = _pipeline(repository, folder, world, tell)
        for kind, wanted in (("linear", _CONFIRMED), ("shuffled", _REFUSED)):
            registry.set_status(registry.register(trainings.model(kind)), "Approved")
            _must_end_so(pipeline.run(gated=True).exit_codes(), wanted, folder)
        _beside_the_pipeline(world, folder, tell)
        _send_commands(world, recording)
        tell("a device has answered every command")
        attacks = tuple(Attacks(world.cloud, _prey(world, preparation.external_id)).made())
        tell(f"{len(attacks)} attacks were tried")
        policies = installing.whole_policy_set(world.cloud, preparation.attached, preparation.stages)
    proof = prove(read_recording(recording), preparation.stages, policies, read_unneeded(FOLDER / "unused.yml"))
    return Found(proof, attacks)


def _pipeline(repository: Path, folder: Path, world: World, tell: Callable[[str], None]) -> Pipeline:
    return Pipeline(
        repository,
        folder / "pipeline",
        environment={**process_environment(), **_project(world, "build-role", "build"), "ARTIFACT_BUCKET": BUCKET},
        stages=[
            Stage(each.name, {**each.variables, **_project(world, "pipeline-role", f"deploy-{each.name}")})
            for each in world.stages()
        ],
        told=tell,
    )


def _project(world: World, document: str, project: str) -> dict[str, str]:
    """The environment of a CodeBuild project of dev-account.yaml, which runs under its role."""
    cloud = world.cloud
    source = f"arn:aws:codebuild:{cloud.region}:{cloud.doors('dev').account.id}:project/mlops-{project}"
    role = installing.role_arn(cloud, document, "dev")
    return cloud.service_environment(role, service=_CODEBUILD, source_arn=source)


def _must_end_so(exit_codes: Mapping[str, int], wanted: Mapping[str, int], folder: Path) -> None:
    if dict(exit_codes) == dict(wanted):
        return
    name, code = next(iter(set(exit_codes.items()) - set(wanted.items())), ("a stage", 1))
    log = next(iter(sorted(folder.glob(f"pipeline/run-*/{name}.log"), reverse=True)), None)
    tail = log.read_text(errors="replace")[-3000:] if log else ""
    raise RehearsalError(f"{name} ended with {code} under its own policies; its log ends:\n{tail}")


def _beside_the_pipeline(world: World, folder: Path, tell: Callable[[str], None]) -> None:
    """Everything that people and other projects run, each under its own role."""
    cloud = world.cloud
    stage = next(each for each in world.stages() if each.name == "dev")
    deploying = {**stage.variables, **_project(world, "pipeline-role", "deploy-dev")}
    released = folder / "pipeline" / "run-1" / "dev"
    config = ("--stage", "dev", "--config", str(folder / "greengrass-config.yml"))
    by_hand.publisher("doctor", *config, environment={**deploying, "ARTIFACT_BUCKET": BUCKET}, folder=released)
    by_hand.publisher("rollback", "--wait", environment=deploying, folder=released)
    tell("dev was examined, and has gone back to the release before")
    for name, account in world.accounts.items():
        by_hand.status_as_operator(cloud, name, account.target_arn)
    tell("an operator has looked at each fleet")
    by_hand.build_large(cloud, folder, _project(world, "build-role", "build"))
    tell("a large component was built from a prefix of model data")


def _send_commands(world: World, recording: Path) -> None:
    """Every command to one device, so that its topics are used; a reply is seen as the call that it is."""
    application = yaml.safe_load((recording.parent / "greengrass-config.yml").read_text(encoding="utf-8"))[
        "application"
    ]
    topics = Topics(application, "prod-1")
    for command in COMMANDS:
        world.cloud.publish(topics.command(command), b"{}", account="prod")
    wanted = {topics.reply(command) for command in COMMANDS}
    ends = time.monotonic() + _SECONDS_TO_REPLY
    while time.monotonic() < ends:
        said = recording.read_text(encoding="utf-8")
        if all(f':topic/{topic}"' in said for topic in wanted):
            return
        time.sleep(0.2)
    raise RehearsalError(f"prod-1 did not answer its commands within {_SECONDS_TO_REPLY:.0f} s; see its logs")


def _prey(world: World, external_id: str) -> Prey:
    s3 = world.cloud.client("s3")
    artifacts = s3.list_objects_v2(Bucket=BUCKET, Prefix="artifacts/greengrass/")["Contents"]
    models = s3.list_objects_v2(Bucket=installing.MODEL_BUCKET)["Contents"]
    return Prey(
        bucket=BUCKET,
        artifact=next(each["Key"] for each in artifacts if each["Key"].endswith(".zip")),
        model=models[0]["Key"],
        thing="prod-1",
        target_arn=world.accounts["prod"].target_arn,
        external_id=external_id,
    )
