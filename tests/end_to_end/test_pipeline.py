"""The pipeline's own promises, beside the rehearsal: the gate, and a group of both runtimes."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from rehearsal import scenarios
from rehearsal.candidates import Candidate
from rehearsal.cloud_view import DeviceOutcome
from rehearsal.context import Rehearsal
from rehearsal.pipeline import DIST, RELEASE, SOURCE
from rehearsal.world import Device, Group
from shared_schema.messages import Channel, Verdict

StartRehearsal = Callable[[Mapping[str, Group]], Rehearsal]
DIGITS = "digits"
pytestmark = [pytest.mark.slow, pytest.mark.timeout(240)]


def bad_version(rehearsal: Rehearsal) -> Candidate:
    bad = rehearsal.of(DIGITS).bad
    assert bad is not None
    return bad


def model_of(device: Device) -> tuple[str | None, Verdict | None]:
    model = device.view.shadow(device.name).models[DIGITS]
    return model.version, model.said.verdict if model.said else None


def test_deploy_stages_run_the_source_beside_a_release_and_a_refusal_in_dev_leaves_preprod_untouched(
    start: StartRehearsal, tmp_path: Path
) -> None:
    rehearsal = start({"dev": Group({"gate-dev": "lite"}), "preprod": Group({"gate-preprod": "classic"})})
    assert all(proof.holds for proof in scenarios.first_release(rehearsal)), (
        "the first release is the ground of this test"
    )
    for stage in ("dev", "preprod"):
        folder = tmp_path / "pipeline" / "run-1" / stage
        assert (folder / SOURCE / "greengrass-config.yml").is_file()
        assert not (folder / SOURCE / DIST).exists(), "the release comes as an input of its own, if it comes"
        assert {path.name for path in (folder / RELEASE).iterdir()} == {DIST}
        handed_over = {path.name for path in (folder / RELEASE).rglob("*") if path.is_file()}
        assert handed_over == {"release.json", "deployment.json", "recipe.json", "gdk-config.json"}
    before = rehearsal.world.published()
    rehearsal.approve(bad_version(rehearsal))

    run = rehearsal.pipeline.run(gated=True)

    after = rehearsal.world.published()
    assert run.exit_codes() == {"build": 0, "dev": 5}
    assert after.versions["preprod"] == before.versions["preprod"]
    assert after.deployments["preprod"] == before.deployments["preprod"]
    assert after.deployments["dev"] != before.deployments["dev"]
    preprod = next(device for device in rehearsal.world.devices if device.account == "preprod")
    assert model_of(preprod) == (rehearsal.of(DIGITS).good[0].released_as, Verdict.CONFIRMED)


def test_a_group_of_both_runtimes_is_released_by_the_subscribed_channel(start: StartRehearsal) -> None:
    group = Group({"mixed-classic": "classic", "mixed-lite": "lite"})
    rehearsal = start({"dev": group})
    target = rehearsal.world.accounts["dev"]

    first = scenarios.first_release(rehearsal)
    rehearsal.approve(bad_version(rehearsal))
    refused = rehearsal.pipeline.run()

    proofs = {proof.claim: proof.seen for proof in first}
    assert target.view.channel(target.target_arn, "com.example.edge-agent") is Channel.SUBSCRIBED, proofs
    assert refused.exit_codes() == {"build": 0, "dev": 5}
    for device in rehearsal.world.devices:
        version, verdict = model_of(device)
        assert (version, verdict) == (rehearsal.of(DIGITS).good[0].released_as, Verdict.REJECTED)
        # Nobody validates on the subscribed channel: to Greengrass the deployment is a success on either runtime.
        outcome: DeviceOutcome = device.view.outcome(device.name)
        assert outcome.status == "SUCCEEDED"
