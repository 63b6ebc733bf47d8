"""A release's processes, each under its real role, in accounts with the policies of ``infra_policies``."""

from collections.abc import Collection, Sequence
from pathlib import Path

from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.seeding import SeededCloud
from greengrass_emulator.iam.policy_sources import PolicySet
from greengrass_emulator.iam.recording import read_recording

from rehearsal.errors import RehearsalError
from rehearsal.pipeline import Stage
from rehearsal.policy_proof import installing
from rehearsal.policy_proof.documents import render_documents
from rehearsal.policy_proof.proving import of_ours, refusals
from rehearsal.policy_proof.rendered import Attached, RenderedStage
from rehearsal.processes import process_environment
from rehearsal.timeline import Proof
from rehearsal.world import BUCKET, World

_CODEBUILD = "codebuild.amazonaws.com"


class EnforcedRoles:
    """The roles of ``infra_policies`` in the three accounts. Its ``config`` names them as stages."""

    model_bucket = installing.MODEL_BUCKET

    def __init__(self, repository: Path, folder: Path, canaries: Collection[str] = ()) -> None:
        """``folder`` is the run's: the config and the recording are written there.

        ``canaries`` are the accounts that have a canary group.
        """
        self._canaries = canaries
        self._repository = repository
        self._folder = folder
        self._attached: Attached | None = None
        self.recording = folder / "calls.jsonl"
        self.config = folder / "greengrass-config.yml"
        self.external_id = ""
        self.rendered: tuple[RenderedStage, ...] = ()

    def prepare(self, cloud: Cloud, seeded: SeededCloud) -> None:
        """Attach every document to its role or resource. Raises ``RehearsalError``, ``InvalidPolicyError``."""
        self.external_id = seeded.external_id
        key_arn = installing.make_key_and_model_bucket(cloud, seeded.bucket)
        config = installing.write_config(
            self._repository, self._folder, cloud, seeded, canaries=self._canaries, key_arn=key_arn
        )
        self.rendered = render_documents(config, [account.name for account in cloud.accounts])
        self._attached = Attached(seeded.bucket, key_arn, cloud.region)
        installing.install(cloud, self._attached, self.rendered)
        installing.index_shadows(cloud)

    def build_environment(self, world: World) -> dict[str, str]:
        """The build's CodeBuild project."""
        return {**process_environment(), **self.project(world, "build-role", "build"), "ARTIFACT_BUCKET": BUCKET}

    def stages(self, world: World) -> Sequence[Stage]:
        """The deploy stages, which come to their deploy roles through the pipeline's."""
        return [
            Stage(each.name, {**each.variables, **self.project(world, "pipeline-role", f"deploy-{each.name}")})
            for each in world.stages()
        ]

    def project(self, world: World, document: str, project: str) -> dict[str, str]:
        """The credentials of a CodeBuild project of dev-account.yaml, which runs under its role."""
        cloud = world.cloud
        source = f"arn:aws:codebuild:{cloud.region}:{cloud.endpoints('dev').account.id}:project/mlops-{project}"
        role = installing.role_arn(cloud, document, "dev")
        return cloud.service_environment(role, service=_CODEBUILD, source_arn=source)

    def policies(self, cloud: Cloud) -> PolicySet:
        """The policies that decide on the run's calls. Raises ``RehearsalError`` before the accounts are prepared."""
        if self._attached is None:
            raise RehearsalError("the accounts hold no policies yet", "enter the world first")
        return installing.whole_policy_set(cloud, self._attached, self.rendered)

    def proof(self, world: World) -> Proof:
        """Return the proof that the policies allowed every call of our processes so far."""
        policies = self.policies(world.cloud)
        calls = [call for call in read_recording(self.recording) if of_ours(call, policies)]
        refused = list(refusals(calls, policies))
        who = {call.principal.arn for call in calls}
        return Proof(
            "permissions",
            "each call was allowed by the policies of its own role",
            not refused and bool(calls),
            refused[0] if refused else f"{len(calls)} different calls by {len(who)} roles and devices",
        )
