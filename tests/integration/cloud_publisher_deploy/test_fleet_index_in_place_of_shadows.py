"""`deploy --wait`, `plan` and `status` of a large fleet: with the fleet index in place of its shadows, and without."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.client import BaseClient
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.control_plane.plane import AccountPlane
from greengrass_emulator.cloud.device_messages.reserved_topics import take_message, write_shadow
from moto.iot.models import iot_backends

Run = Callable[..., Any]
ACCOUNT = "preprod"
WAITING = ("--wait", "--timeout", "60", "--interval", "0.3", "--json")
ON = {
    "thingIndexingMode": "REGISTRY",
    "namedShadowIndexingMode": "ON",
    "filter": {"namedShadowNames": ["mlops"]},
}
SIZE = 120


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each operation was called."""
    counted: Counter[str] = Counter()
    make = BaseClient._make_api_call  # type: ignore[attr-defined]

    def counting(client: BaseClient, operation: str, parameters: dict[str, Any]) -> Any:
        counted[operation] += 1
        return make(client, operation, parameters)

    monkeypatch.setattr(BaseClient, "_make_api_call", counting)
    return counted


@pytest.fixture
def index(cloud: Cloud) -> Iterator[None]:
    """Fleet indexing as fleet-health.yaml turns it on. It sees everything at once until a test lets it lag."""
    cloud.faults.lag_index(0, account=ACCOUNT)
    iot = cloud.client("iot", account=ACCOUNT)
    iot.update_indexing_configuration(thingIndexingConfiguration=ON)
    yield
    cloud.faults.clear()
    iot.update_indexing_configuration(thingIndexingConfiguration={"thingIndexingMode": "OFF"})


@dataclass
class LargeFleet:
    """Core devices of the target, written into the account's memory: each does what a test tells all of them to."""

    plane: AccountPlane
    things: list[str]

    def take_the_deployment(self) -> dict[str, Any]:
        """Every device's execution ends well. Returns the desired state in it."""
        components: Any = ()
        for thing in self.things:
            with self.plane.lock:
                execution = self.plane.jobs.next_of(thing)
            assert execution is not None
            components = execution.job.document["components"].values()
            for status in ("IN_PROGRESS", "SUCCEEDED"):
                topic = f"$aws/things/{thing}/jobs/{execution.job.job_id}/update"
                take_message(self.plane, thing, topic, json.dumps({"status": status}).encode())
        desired: dict[str, Any] = next(
            each["configurationUpdate"]["merge"]["desired"] for each in components if each.get("configurationUpdate")
        )
        return desired

    def say(self, desired: dict[str, Any], verdict: str = "CONFIRMED", things: list[str] | None = None) -> None:
        """Every device's agent writes its shadow."""
        _, version, digest = desired["models"]["digits"].split(":")
        for thing in self.things if things is None else things:
            said = f"{desired['release']}:{version}:{digest}:{verdict}"
            reported = {
                "schema": 1,
                "thing": thing,
                "timestamp": "2026-11-24T20:00:00Z",
                "agentVersion": "1.0.0",
                "state": "SERVING",
                "release": desired["release"],
                "models": {"digits": {"serves": f"{version}:{digest}", "said": said}},
            }
            self.write(thing, reported)

    def write(self, thing: str, reported: object) -> None:
        write_shadow(self.plane, thing, "mlops", json.dumps({"state": {"reported": reported}}).encode())


@pytest.fixture
def fleet(cloud: Cloud, target: str, unique: str) -> LargeFleet:
    _, _, _, _, account, _ = target.split(":")
    plane, backend = cloud._planes[account], iot_backends[account][cloud.region]
    things = [f"{unique}-{number:03}" for number in range(SIZE)]
    status = json.dumps({"ggcVersion": "2.14.3", "runtime": "aws_nucleus_classic", "messageType": "COMPLETE"}).encode()
    for thing in things:
        backend.create_thing(thing, "", None)
        backend.add_thing_to_thing_group(unique, None, thing, None)
        take_message(plane, thing, f"$aws/things/{thing}/greengrassv2/health/json", status)
    plane.index.registry_changed()
    return LargeFleet(plane, things)


@pytest.fixture
def ended(run: Run, release: Any, fleet: LargeFleet) -> dict[str, Any]:
    """A release is deployed to the fleet, and every device's deployment has ended. The desired state."""
    release.write()
    assert run("publish").code == 0
    assert run("deploy").code == 0
    return fleet.take_the_deployment()


def test_a_fleet_is_waited_for_and_looked_at_by_pages_of_the_index(
    run: Run, index: None, fleet: LargeFleet, ended: dict[str, Any], calls: Counter[str]
) -> None:
    fleet.say(ended)
    done = run("deploy", *WAITING)
    assert (done.code, done.json["outcome"]) == (0, "confirmed"), done.err
    assert (calls["SearchIndex"], calls["GetThingShadow"]) == (2, 0)
    calls.clear()
    seen = run("status", "--json")
    assert seen.code == 0, seen.err
    assert {each["agent"]["models"]["digits"]["said"].split(":")[3] for each in seen.json["devices"]} == {"CONFIRMED"}
    assert (calls["SearchIndex"], calls["GetThingShadow"]) == (2, 0)
    assert (calls["ListJobExecutionsForJob"], calls["ListEffectiveDeployments"]) == (1, 0)


def test_without_indexing_each_shadow_is_read_and_that_is_logged_once(
    run: Run, fleet: LargeFleet, ended: dict[str, Any], calls: Counter[str]
) -> None:
    fleet.say(ended)
    assert run("deploy", *WAITING).code == 0
    assert (calls["SearchIndex"], calls["GetThingShadow"]) == (1, SIZE)
    seen = run("--debug", "status", "--json")
    assert seen.code == 0
    assert seen.err.count("no fleet index (ResourceNotFoundException): each shadow is read by itself") == 1
    assert "fleet index" not in run("status", "--json").err


def test_what_the_index_does_not_show_yet_is_read_in_the_shadows(
    run: Run, index: None, cloud: Cloud, fleet: LargeFleet, ended: dict[str, Any], calls: Counter[str]
) -> None:
    fleet.say(ended, things=fleet.things[20:])
    cloud.faults.lag_index(3600, account=ACCOUNT)
    fleet.say(ended, things=fleet.things[:20])
    # A command looks once at what the deployment came to, and makes sure of every device. A hundred are one page.
    done = run("plan", "--built", "--json")
    assert done.code == 0, done.err
    assert (calls["SearchIndex"], calls["GetThingShadow"]) == (1, 20)
    calls.clear()
    assert run("status", "--json").code == 0
    assert (calls["SearchIndex"], calls["GetThingShadow"], calls["ListEffectiveDeployments"]) == (1, 20, 20)


def test_an_index_that_shows_the_release_before_confirms_nobody(
    run: Run, index: None, cloud: Cloud, fleet: LargeFleet, ended: dict[str, Any], release: Any
) -> None:
    fleet.say(ended)
    assert run("deploy", *WAITING).code == 0
    release.write(model="2.0.0")
    assert run("publish").code == 0
    assert run("deploy").code == 0
    desired = fleet.take_the_deployment()
    assert desired["release"] != ended["release"]
    late = run("deploy", "--wait", "--timeout", "1", "--interval", "0.3", "--json")
    assert (late.code, late.json["outcome"]) == (6, "timed-out")
    assert run("status").code == 4
    for thing in fleet.things[:3]:
        fleet.write(thing, {"models": "yes"})
    cloud.faults.lag_index(3600, account=ACCOUNT)
    fleet.say(desired, things=fleet.things[3:])
    partly = run("status", "--json")
    assert partly.code == 4
    assert {each["thing"] for each in partly.json["devices"] if not each["as-released"]} == set(fleet.things[:3])
