"""How many API calls `plan`, `publish`, `deploy --wait` and `status` make, for fleets of 10, 100 and 1,000 devices.

With the account's fleet index off, and on. The devices are played into the emulator's control plane, on a clock that
the waiting turns: each takes the deployment some time within five minutes, and confirms. The baseline is what asking
every device at every look would have cost.
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.control_plane.plane import AccountPlane
from greengrass_emulator.cloud.device_messages.reserved_topics import take_message, write_shadow
from moto.iot.models import iot_backends

from cloud_publisher.deploying.plan.build import built_already
from cloud_publisher.deploying.plan.release import plan_release
from cloud_publisher.deploying.rollout.delivery import Delivery, RolloutOptions
from cloud_publisher.deploying.rollout.deploy import deploy
from cloud_publisher.deploying.rollout.steps import Order
from cloud_publisher.deploying.rollout.target_access import TargetAccess
from cloud_publisher.deploying.target_deployments import TargetDeployments
from cloud_publisher.deploying.target_state import wanted_of
from cloud_publisher.fleet.index import FleetIndex
from cloud_publisher.fleet.jobs import Jobs
from cloud_publisher.fleet.observing import FleetView
from cloud_publisher.fleet.outcome import Outcome, Quorum
from cloud_publisher.fleet.status import status_of
from cloud_publisher.fleet.targets import parse_target
from cloud_publisher.fleet.waiting import Clock
from cloud_publisher.publishing.component_versions import ComponentVersions
from cloud_publisher.publishing.publish import publish
from cloud_publisher.session import Access, Account, open_account
from shared_schema.deployment import DeploymentTemplate
from shared_schema.desired_state import FORMS, DesiredState, read_desired_state
from shared_schema.documents import read_text_document
from shared_schema.json_value import JsonObject
from shared_schema.names import digest_text
from shared_schema.release import Release

ACCOUNT = "preprod"
SIZES = (10, 100, 1000)
SPREAD = 300.0
"""Seconds within which every device has taken the deployment."""


@dataclass
class PlayedFleet:
    """The devices of a group, and the clock that brings them on, and the cloud with them."""

    cloud: Cloud
    plane: AccountPlane
    things: list[str]
    seconds: float = 0.0
    looks: int = 0
    waiting: list[tuple[float, str]] = field(default_factory=list)

    @property
    def clock(self) -> Clock:
        start = datetime.now(UTC)
        return Clock(lambda: self.seconds, self.sleep, lambda: start + timedelta(seconds=self.seconds))

    def begin(self) -> None:
        """Every device will have taken the deployment within the spread, one after the other."""
        step = SPREAD / len(self.things)
        self.waiting = [(self.seconds + step * (index + 1), thing) for index, thing in enumerate(self.things)]

    def sleep(self, seconds: float) -> None:
        self.looks += 1
        self.seconds += seconds
        self.cloud.turn_clock(seconds)
        while self.waiting and self.waiting[0][0] <= self.seconds:
            self._take(self.waiting.pop(0)[1])

    def _take(self, thing: str) -> None:
        with self.plane.lock:
            execution = self.plane.jobs.next_of(thing)
        assert execution is not None
        for status in ("IN_PROGRESS", "SUCCEEDED"):
            topic = f"$aws/things/{thing}/jobs/{execution.job.job_id}/update"
            take_message(self.plane, thing, topic, json.dumps({"status": status}).encode())
        components = execution.job.document["components"].values()
        (desired,) = [
            spec["configurationUpdate"]["merge"]["desired"] for spec in components if spec.get("configurationUpdate")
        ]
        reported = _report(thing, desired)
        write_shadow(self.plane, thing, "mlops", json.dumps({"state": {"reported": reported}}).encode())


def main() -> None:
    """Print a table of calls by fleet size, and the operations behind the largest."""
    print("API calls by fleet size (deploy --wait while the devices come on within 5 minutes)")
    print(
        f"  {'devices':>8} {'index':>5} {'plan':>6} {'publish':>8} {'deploy':>7} {'again':>6} {'status':>7} "
        f"{'asking each':>12} {'ratio':>7}"
    )
    for index in ("off", "on"):
        operations = Counter[str]()
        with Cloud() as cloud:
            if index == "on":
                _turn_indexing_on(cloud)
            for size in SIZES:
                operations = _measure(cloud, size, index)
        named = ", ".join(f"{name} {count}" for name, count in operations.most_common())
        print(f"  deploy to {SIZES[-1]}, index {index}: {named}")


def _turn_indexing_on(cloud: Cloud) -> None:
    settings = {"thingIndexingMode": "REGISTRY", "namedShadowIndexingMode": "ON"}
    things = {**settings, "filter": {"namedShadowNames": ["mlops"]}}
    cloud.client("iot", account=ACCOUNT).update_indexing_configuration(thingIndexingConfiguration=things)
    cloud.turn_clock(60)


def _measure(cloud: Cloud, size: int, index: str) -> Counter[str]:
    plane, arn, things = _make_fleet(cloud, size)
    account = _account(cloud)
    calls = Counter[str]()
    account.session.events.register("before-call.*.*", lambda model, **_: calls.update([model.name]))
    target = parse_target(arn)
    fleet = PlayedFleet(cloud, plane, things)
    release = _release(f"fleet{size}")
    order = Order(release, read_text_document("{}", DeploymentTemplate, file="deployment.json"))

    def access() -> TargetAccess:
        return TargetAccess(
            deployments=TargetDeployments(account.greengrass, account.iot, target),
            fleet=FleetView(account.greengrass, account.iot_data),
            jobs=Jobs(account.iot),
            index=FleetIndex(account.iot),
            forms_of=lambda *_: FORMS,
            clock=fleet.clock,
        )

    def delivery() -> Delivery:
        return Delivery(access(), RolloutOptions(wait=True), _Silent())

    def counted() -> Counter[str]:
        taken = Counter(calls)
        calls.clear()
        return taken

    plan_release(built_already(release), account, order, [access()])
    planned = counted()
    publish(release, ComponentVersions(account), timeout=60, tell=lambda _: None)
    published = counted()
    fleet.begin()
    report = deploy(order, delivery())
    assert report.outcome is Outcome.CONFIRMED, report.outcome
    deployed = counted()
    deploy(order, delivery())
    again = counted()
    _look(account, access())
    looked = counted()
    asking = fleet.looks * (2 * size + (size + 99) // 100 + 1)
    made = deployed.total()
    print(
        f"  {size:>8} {index:>5} {planned.total():>6} {published.total():>8} {made:>7} {again.total():>6} "
        f"{looked.total():>7} {asking:>12} {made / asking:>6.3f}x",
        flush=True,
    )
    return deployed


def _look(account: Account, access: TargetAccess) -> None:
    current = access.deployments.current()
    assert current is not None
    looked = status_of(
        FleetView(account.greengrass, account.iot_data),
        FleetIndex(account.iot),
        Jobs(account.iot),
        access.target,
        wanted_of(current),
        list(current.content.components),
        job_id=current.job_id,
        quorum=Quorum(),
        now=access.clock.now(),
    )
    assert looked.as_released


def _make_fleet(cloud: Cloud, size: int) -> tuple[AccountPlane, str, list[str]]:
    """Core devices that have spoken once, written into the cloud's memory: their making is nobody's calls."""
    group = f"fleet{size}"
    arn = cloud.client("iot", account=ACCOUNT).create_thing_group(thingGroupName=group)["thingGroupArn"]
    account_id = parse_target(arn).account
    plane = cloud._planes[account_id]
    backend = iot_backends[account_id][cloud.region]
    things = [f"{group}-{number:04}" for number in range(size)]
    for thing in things:
        backend.create_thing(thing, "", None)
        backend.add_thing_to_thing_group(group, None, thing, None)
        status = {"ggcVersion": "2.14.3", "runtime": "aws_nucleus_classic", "messageType": "COMPLETE"}
        topic = f"$aws/things/{thing}/greengrassv2/health/json"
        take_message(plane, thing, topic, json.dumps(status).encode())
    with plane.lock:
        plane.index.registry_changed()
    return plane, arn, things


def _account(cloud: Cloud) -> Account:
    import os  # noqa: PLC0415

    os.environ.update(cloud.environment(ACCOUNT))
    return open_account(Access(cloud.region))


def _release(prefix: str) -> Release:
    kinds = {"agent": "agent", "agent.desired": "desired", "digits": "model"}
    components: list[JsonObject] = []
    for key, kind in kinds.items():
        name = f"{prefix}.{key}"
        recipe = {
            "RecipeFormatVersion": "2020-01-25",
            "ComponentName": name,
            "ComponentVersion": "1.0.0",
            "Manifests": [{"Platform": {"os": "linux"}, "Lifecycle": {"run": "exit 0"}}],
        }
        model: JsonObject = (
            {"model": {"digest": digest_text(bytes(32)), "vetting-timeout": 60}} if kind == "model" else {}
        )
        components.append(
            {
                "key": key,
                "forms": [*FORMS] if kind == "agent" else [],
                "name": name,
                "version": "1.0.0",
                "kind": kind,
                "content-digest": "c" * 64,
                "reused": False,
                "recipe": json.dumps(recipe),
                **model,
            }
        )
    document = {"schema": 1, "built": "2026-11-24T00:00:00Z", "bucket": "artifacts", "region": "eu-west-1"}
    return Release.model_validate({**document, "application": "lines", "settings": {}, "components": components})


def _report(thing: str, document: object) -> JsonObject:
    """Return the shadow of a device that serves what this desired state names."""
    desired = read_desired_state(document)
    assert isinstance(desired, DesiredState)
    model = desired.models["digits"]
    said = f"{desired.release}:{model.version}:{model.digest}:CONFIRMED"
    return {
        "schema": 1,
        "thing": thing,
        "timestamp": datetime.now(UTC).isoformat(),
        "agentVersion": "1.0.0",
        "state": "SERVING",
        "release": desired.release,
        "models": {"digits": {"serves": f"{model.version}:{model.digest}", "said": said}},
    }


class _Silent:
    """A watch that shows nothing."""

    def say(self, text: str) -> None:
        """Nobody listens."""

    def devices(self, standings: object) -> None:
        """Nobody looks."""


if __name__ == "__main__":
    main()
