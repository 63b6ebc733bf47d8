"""Health, confirmations, the named shadow and commands, over a real broker and the shadow store of the cloud."""

import itertools
import json
import re
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import provision_device

from shared_schema.messages import Health, PublishedPrediction, Verdict
from shared_schema.shadow import ShadowReport

from .ear import ACCOUNT, Ear

Devices = Callable[..., Any]
Eventually = Callable[..., Any]


@pytest.fixture
def online(
    device_of: Devices, greengrass_cloud: Cloud, tmp_path: Path
) -> Iterator[Callable[[str], tuple[Any, Ear, Callable[[], ShadowReport | None]]]]:
    """Start a device of a runtime that is connected to the cloud: the device, an ear, and its shadow."""
    ears: list[Ear] = []

    def start(runtime: str) -> tuple[Any, Ear, Callable[[], ShadowReport | None]]:
        thing = f"t{uuid.uuid4().hex[:8]}"
        folder = provision_device(greengrass_cloud, tmp_path / thing, account=ACCOUNT, thing=thing)
        ear = Ear(greengrass_cloud, tmp_path, thing)
        ears.append(ear)
        device = device_of(runtime, folder)
        data = greengrass_cloud.client("iot-data", account=ACCOUNT)

        def shadow() -> ShadowReport | None:
            try:
                payload = data.get_thing_shadow(thingName=thing, shadowName="mlops")["payload"].read()
            except data.exceptions.ResourceNotFoundException:
                return None
            return ShadowReport.model_validate(json.loads(payload)["state"]["reported"])

        device.add_agent()
        device.add_desired()
        device.add_model("1.0.0")
        assert device.deploy_release("1.0.0").returncode == 0, device.log()
        return device, ear, shadow

    yield start
    for ear in ears:
        ear.close()


@pytest.mark.parametrize("runtime", ["classic", "lite"])
def test_a_release_and_a_refusal_are_confirmed_in_message_and_shadow(
    online: Any, runtime: str, eventually: Eventually
) -> None:
    device, ear, shadow = online(runtime)
    first = eventually(ear.confirmations, what="the confirmation")[0]
    assert (first.model, first.verdict, first.version) == ("halves", Verdict.CONFIRMED, "1.0.0")
    assert (first.release, first.digest) == (str(device.release), device.digests["1.0.0"])
    assert {"digest", "graph", "load", "golden", "swap"} <= first.steps_ms.keys()
    eventually(lambda: (said := shadow()) and "halves" in said.models and said.state == "SERVING", what="the shadow")
    device.feed("a.png", "top")
    device.prediction_of("a.png")
    health = eventually(
        lambda: [
            each
            for each in map(Health.model_validate_json, ear.on("/health"))
            if each.models and each.models["halves"].requests
        ],
        what="health with a request",
    )[-1]
    assert health.state == "SERVING"
    assert health.channels == (["validated", "subscribed"] if runtime == "classic" else ["subscribed"])
    assert health.rss > 0
    assert health.models["halves"].provider == "CPUExecutionProvider"

    device.add_model("2.0.0", sharpness=-1.0)
    device.deploy_release("2.0.0")
    refusal = eventually(lambda: [c for c in ear.confirmations() if c.version == "2.0.0"], what="the refusal")[0]
    assert (refusal.verdict, refusal.reason, refusal.release) == (Verdict.REJECTED, "golden", str(device.release))
    assert bool(refusal.deployment) is (runtime == "classic")

    def refused() -> bool:
        said = shadow()
        confirmation = said.models["halves"].said if said else None
        return confirmation is not None and confirmation.verdict == Verdict.REJECTED

    eventually(refused, what="the refusal in the shadow")
    assert shadow().models["halves"].version == "1.0.0"


def test_commands_are_done_and_answered(online: Any, eventually: Eventually) -> None:
    device, ear, _ = online("classic")
    device.serves("1.0.0")
    device.add_model("2.0.0", sharpness=2.0)
    assert device.deploy_release("2.0.0").returncode == 0
    device.serves("2.0.0")

    ear.command("rollback", request="r-1")
    reply = eventually(lambda: ear.replies("rollback"), what="the reply")[0]
    assert (reply.ok, reply.request) == (True, "r-1")
    device.feed("a.png", "top")
    assert device.prediction_of("a.png")["version"] == "1.0.0"
    held = eventually(lambda: [c for c in ear.confirmations() if c.verdict == Verdict.HELD], what="HELD")[0]
    assert held.digest == device.digests["2.0.0"]

    # The mark outlives a new release of the same digest, which is accepted and held.
    assert device.deploy_release("2.0.0").returncode == 0
    eventually(
        lambda: [c for c in ear.confirmations() if c.verdict == Verdict.HELD and c.release == str(device.release)],
        what="HELD for the new release",
    )
    ear.command("release-hold", model="halves")
    eventually(lambda: ear.replies("release-hold"), what="the reply")
    device.serves("2.0.0")
    device.feed("b.png", "top")
    assert device.prediction_of("b.png")["version"] == "2.0.0"

    ear.command("release-hold")
    refused = eventually(lambda: ear.replies("release-hold")[1:], what="the second reply")[0]
    assert not refused.ok
    assert "is not held" in refused.words
    before = len(ear.on("/health"))
    ear.command("report")
    assert eventually(lambda: ear.replies("report"), what="the reply to report")[0].ok
    eventually(lambda: len(ear.on("/health")) > before, what="health on demand")


def test_a_model_that_is_deployed_no_more_leaves_the_shadow(online: Any, eventually: Eventually) -> None:
    device, _, shadow = online("lite")
    eventually(lambda: (said := shadow()) and "halves" in said.models, what="the model in the shadow")
    assert device.deploy_release(None).returncode == 0

    def gone() -> bool:
        said = shadow()
        return said is not None and said.release == str(device.release) and not said.models

    eventually(gone, what="an empty shadow")
    assert shadow().state == "IDLE"


def test_sequence_numbers_rise_and_every_message_is_small(online: Any, eventually: Eventually) -> None:
    _, ear, _ = online("classic")
    eventually(lambda: len(ear.on("/health")) >= 3, what="three health messages")
    numbers = [json.loads(payload)["sequence"] for _, payload in ear.heard]
    assert sorted(set(numbers)) == sorted(numbers)
    assert all(len(payload) < 5_000 for _, payload in ear.heard)
    assert all(re.search(rb'"schema":\s*1', payload) for _, payload in ear.heard)


def test_predictions_reach_the_cloud_where_that_is_asked_for(online: Any, eventually: Eventually) -> None:
    device, ear, _ = online("classic")
    assert ear.on("/prediction/halves") == []
    sinks = {"file": {"type": "json-lines"}, "cloud": {"type": "iot-core", "on-change": "true", "rate": "100"}}
    assert device.deploy_release("1.0.0", sinks=sinks).returncode == 0, device.log()
    numbers = itertools.count()

    def fed_and_heard() -> bool:
        # The first pictures may be looked at before the new sinks are open.
        name = f"{next(numbers)}.png"
        device.feed(name, "top")
        device.prediction_of(name)
        return bool(ear.on("/prediction/halves"))

    eventually(fed_and_heard, what="the first prediction")
    for name, label in {"same.png": "top", "other.png": "bottom"}.items():
        device.feed(name, label)
        device.prediction_of(name)
    heard = eventually(lambda: (said := ear.on("/prediction/halves")) and len(said) >= 2 and said, what="predictions")
    told = [PublishedPrediction.model_validate_json(each) for each in heard]
    assert [each.output["label"] for each in told] == ["top", "bottom"]
    assert told[1].frame == "other.png"
    assert told[0].thing == ear.thing
    assert told[0].digest == device.digests["1.0.0"]
