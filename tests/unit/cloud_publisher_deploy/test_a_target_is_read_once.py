"""What `deploy` reads of a target before it decides, and how often."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from cloud_publisher.deploying.deployment import Deployment, DeploymentContent
from cloud_publisher.deploying.rollout.steps import Order, steps_of
from cloud_publisher.deploying.rollout.target_access import TargetAccess
from cloud_publisher.deploying.target_state import TargetState
from cloud_publisher.fleet.devices import CoreDevice
from cloud_publisher.fleet.outcome import Outcome
from cloud_publisher.fleet.targets import Target, parse_target
from shared_schema.deployment import DeploymentTemplate
from shared_schema.documents import read_text_document
from shared_schema.release import Release

TARGET = parse_target("arn:aws:iot:eu-west-1:111111111111:thinggroup/lines")
NOW = datetime(2026, 11, 24, tzinfo=UTC)
Make = Callable[..., Release]


@dataclass
class RecordedTarget:
    """A target's deployments, the newest first, and one device; remembers what it was asked."""

    deployments: list[Deployment] = field(default_factory=list)
    devices: int = 1
    calls: list[str] = field(default_factory=list)
    target: Target = TARGET

    def check_target(self) -> None:
        self.calls.append("check")

    def current(self) -> Deployment | None:
        self.calls.append("current")
        return next(iter(self.deployments), None)

    def history(self) -> Iterator[Deployment]:
        for each in self.deployments:
            self.calls.append(f"get {each.id}")
            yield each

    def record(self, deployment: Deployment, outcome: Outcome) -> None:
        self.calls.append(f"record {deployment.id} {outcome}")

    def core_devices(self, target: Target) -> list[CoreDevice]:
        assert target is TARGET
        self.calls.append("devices")
        return [CoreDevice("press-4", "HEALTHY", "aws_nucleus_classic", NOW)] * self.devices

    @property
    def access(self) -> TargetAccess:
        recorded: Any = self
        return TargetAccess(recorded, recorded, recorded, None, lambda *_: None)


def deployed(name: str, content: DeploymentContent, outcome: Outcome) -> Deployment:
    return Deployment(name, TARGET.arn, "ACTIVE", NOW, content).with_outcome(outcome)


@pytest.fixture
def order(make_release: Make) -> Callable[[str], Order]:
    template = read_text_document(json.dumps({}), DeploymentTemplate, file="deployment.json")
    return lambda version: Order(make_release(models={"digits": version}), template)


@pytest.fixture
def content(order: Callable[[str], Order]) -> Callable[[str], DeploymentContent]:
    device = CoreDevice("press-4", "HEALTHY", "aws_nucleus_classic", NOW)
    state = TargetState(TARGET, None, (device,), int(NOW.timestamp()))
    return lambda version: steps_of(order(version), state)[-1].build(state.channel)


def test_with_a_confirmed_deployment_nothing_earlier_is_read(order: Any, content: Any) -> None:
    target = RecordedTarget([deployed("d-2", content("1.0.0"), Outcome.CONFIRMED)])
    state = target.access.read(order("2.0.0"))
    assert target.calls == ["check", "current", "devices"]
    assert state.confirmed == state.content


def test_earlier_deployments_are_read_until_one_was_confirmed(order: Any, content: Any) -> None:
    confirmed = [deployed(f"d-{number}", content(f"{number}.0.0"), Outcome.CONFIRMED) for number in (2, 1)]
    target = RecordedTarget([deployed("d-3", content("3.0.0"), Outcome.FAILED), *confirmed])
    state = target.access.read(order("4.0.0"))
    assert target.calls == ["check", "current", "devices", "get d-3", "get d-2"]
    assert state.confirmed == confirmed[0].content


@pytest.mark.parametrize(("version", "devices"), [("3.0.0", 1), ("4.0.0", 0)])
def test_a_release_that_is_there_or_a_target_without_devices_needs_no_earlier_one(
    order: Any, content: Any, version: str, devices: int
) -> None:
    failed = deployed("d-3", content("3.0.0"), Outcome.FAILED)
    target = RecordedTarget([failed, deployed("d-2", content("2.0.0"), Outcome.CONFIRMED)], devices)
    assert target.access.read(order(version)).confirmed is None
    assert target.calls == ["check", "current", "devices"]


def test_after_a_deployment_only_the_devices_are_read_again(order: Any, content: Any) -> None:
    target = RecordedTarget([deployed("d-1", content("1.0.0"), Outcome.CONFIRMED)])
    state = target.access.read(order("2.0.0"))
    target.calls.clear()
    made = replace(deployed("d-2", content("2.0.0"), Outcome.CONFIRMED), job_id="job")
    assert target.access.read_after(state, made).current is made
    assert target.calls == ["devices"]
