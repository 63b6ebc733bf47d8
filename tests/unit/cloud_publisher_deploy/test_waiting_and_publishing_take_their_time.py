"""Waiting loops with a clock that tests turn: what they ask, how often, and when they stop."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud_publisher.deploying.rollout.one_target import conflicts
from cloud_publisher.errors import CloudError, TimedOutError, VersionTakenError, WorkFailedError
from cloud_publisher.fleet.devices import CoreDevice, Execution, Observation, Standing
from cloud_publisher.fleet.following import FleetState, Follower
from cloud_publisher.fleet.jobs import JobExecution, JobProgress
from cloud_publisher.fleet.outcome import Outcome, Quorum, Wanted
from cloud_publisher.fleet.targets import Target, parse_target
from cloud_publisher.fleet.waiting import Clock, Patience, wait_for_fleet
from cloud_publisher.publishing.component_versions import PublishedVersion
from cloud_publisher.publishing.publish import client_token, publish
from shared_schema.desired_state import DesiredState
from shared_schema.release import Release
from shared_schema.shadow import ShadowReport

START = datetime(2026, 11, 24, tzinfo=UTC)
TARGET = parse_target("arn:aws:iot:eu-west-1:111111111111:thinggroup/lines")


@dataclass
class Hands:
    """A clock that only sleeping moves."""

    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.seconds, self.sleep, lambda: START + timedelta(seconds=self.seconds))


@dataclass
class RecordedFleet:
    """Devices that succeed at a second each; remembers whom it was asked about."""

    hands: Hands
    ends: dict[str, float]
    asked: list[str] = field(default_factory=list)

    def core_devices(self, target: Target) -> list[CoreDevice]:
        assert target is TARGET
        return [CoreDevice(thing, "HEALTHY", "aws_nucleus_lite", START) for thing in self.ends]

    def observe(self, device: CoreDevice, deployment_id: str, *, with_report: bool) -> Observation:
        assert not with_report
        self.asked.append(device.thing)
        status = "SUCCEEDED" if self.hands.seconds >= self.ends[device.thing] else "IN_PROGRESS"
        return Observation(device, Execution(deployment_id, TARGET.arn, status, START), None)

    def report(self, thing: str) -> ShadowReport | None:
        raise AssertionError(f"the shadow of {thing} is nobody's concern")


@dataclass
class RecordedJobs:
    """The same devices, as their job shows them."""

    fleet: RecordedFleet
    open: bool = True
    listed: int = 0
    looked: int = 0

    def progress(self, job_id: str) -> JobProgress:
        self.looked += 1
        done = sum(self.fleet.hands.seconds >= end for end in self.fleet.ends.values())
        assert job_id == "job"
        counts = {"QUEUED": len(self.fleet.ends) - done, "SUCCEEDED": done}
        return JobProgress(self.open, {status: count for status, count in counts.items() if count})

    def executions(self, job_id: str) -> dict[str, JobExecution]:
        assert job_id == "job"
        self.listed += 1
        return {
            thing: JobExecution("SUCCEEDED" if self.fleet.hands.seconds >= end else "QUEUED", START)
            for thing, end in self.fleet.ends.items()
        }


def waited(fleet: RecordedFleet, jobs: RecordedJobs | None = None, **more: Any) -> FleetState:
    given = {"still_current": lambda: None, "tell": lambda _: None} | more
    patience = Patience(timeout=given.pop("timeout", 60.0), interval=5.0)
    job = "job" if jobs else None
    follower = Follower(fleet, jobs or RecordedJobs(fleet), TARGET, Wanted("d-1", None), Quorum(), job)
    return wait_for_fleet(follower, patience=patience, clock=fleet.hands.clock, **given)


def test_a_job_is_looked_at_once_each_time_and_its_devices_only_when_it_changes() -> None:
    fleet = RecordedFleet(Hands(), {f"thing-{number}": 20.0 for number in range(40)} | {"late": 50.0})
    jobs = RecordedJobs(fleet)
    assert waited(fleet, jobs).outcome is Outcome.CONFIRMED
    assert fleet.asked == []
    assert jobs.listed == 3
    assert 15 < jobs.looked < 40


def test_a_job_that_was_cancelled_is_looked_into_at_once() -> None:
    def superseded() -> None:
        raise WorkFailedError("superseded", "look")

    fleet = RecordedFleet(Hands(), {"one": 1000.0})
    with pytest.raises(WorkFailedError, match="superseded"):
        waited(fleet, RecordedJobs(fleet, open=False), still_current=superseded)
    assert fleet.hands.slept == []


def test_it_looks_often_at_first_and_then_at_the_intervals_cap() -> None:
    fleet = RecordedFleet(Hands(), {"one": 40.0})
    assert waited(fleet).outcome is Outcome.CONFIRMED
    assert fleet.hands.slept[0] == pytest.approx(0.3)
    assert max(fleet.hands.slept) == 5.0
    assert fleet.hands.slept == sorted(fleet.hands.slept)


def test_a_device_that_has_ended_is_asked_no_more() -> None:
    fleet = RecordedFleet(Hands(), {"fast": 0.0, "slow": 20.0})
    assert waited(fleet).outcome is Outcome.CONFIRMED
    assert fleet.asked.count("fast") == 1
    assert fleet.asked.count("slow") > 3


def test_the_timeout_is_kept_to_the_second() -> None:
    fleet = RecordedFleet(Hands(), {"one": 1000.0})
    state = waited(fleet, timeout=30.0)
    assert state.outcome is Outcome.TIMED_OUT
    assert [each.standing for each in state.standings] == [Standing.IN_PROGRESS]
    assert fleet.hands.seconds == pytest.approx(30.0)


def test_a_target_without_devices_is_not_waited_for() -> None:
    fleet = RecordedFleet(Hands(), {})
    state = waited(fleet)
    assert (state.empty, state.outcome, fleet.hands.slept) == (True, None, [])


def test_a_superseded_deployment_is_not_waited_for() -> None:
    def superseded() -> None:
        raise WorkFailedError("superseded", "look")

    with pytest.raises(WorkFailedError, match="superseded"):
        waited(RecordedFleet(Hands(), {"one": 1000.0}), still_current=superseded)


@dataclass
class RecordedVersions:
    """An account whose versions go through the states that a test gives, one at each look after their creation."""

    states: dict[str, list[str]]
    there: dict[str, PublishedVersion] = field(default_factory=dict)
    calls: list[tuple[str, str]] = field(default_factory=list)
    taken: bool = False

    def find(self, name: str, version: str) -> PublishedVersion | None:
        assert version == "1.0.0"
        found = self.there.get(name)
        if found is None:
            return None
        following = self.states.get(name) or [found.state]
        state: Any = following.pop(0) if len(following) > 1 else following[0]
        return PublishedVersion(found.arn, state, found.created, found.digest, "denied", {"s3://b/k": "AccessDenied"})

    def create(
        self, name: str, version: str, recipe: str, *, digest: str, token: str, forms: Sequence[str] = ()
    ) -> None:
        assert (version, recipe, forms) == ("1.0.0", "{}", [])
        self.calls.append(("create", token))
        self.there[name] = PublishedVersion(f"arn:{name}", "REQUESTED", START, digest)
        if self.taken:
            raise VersionTakenError(name, "run it again")

    def delete(self, version: PublishedVersion) -> None:
        self.calls.append(("delete", version.arn))
        self.there.pop(version.arn.removeprefix("arn:"))


DIGITS = "com.example.digits"


@pytest.fixture
def release(make_release: Callable[..., Release]) -> Release:
    return make_release(agent=None)


def published(release: Release, versions: RecordedVersions, hands: Hands, timeout: float = 60.0) -> list[str]:
    done = publish(
        release, versions, timeout=timeout, tell=lambda _: None, monotonic=lambda: hands.seconds, sleep=hands.sleep
    )
    return [each.action for each in done]


def test_publish_waits_until_deployable(release: Release) -> None:
    versions = RecordedVersions({DIGITS: ["REQUESTED", "INITIATED", "INITIATED", "DEPLOYABLE"]})
    hands = Hands()
    assert published(release, versions, hands) == ["created"]
    assert len(hands.slept) == 3


def test_publish_that_is_not_done_in_time_ends_with_6(release: Release) -> None:
    with pytest.raises(TimedOutError, match=f"{DIGITS} 1.0.0"):
        published(release, RecordedVersions({DIGITS: ["INITIATED"]}), Hands(), timeout=10.0)


def test_publish_shows_the_reason_by_artifact(release: Release) -> None:
    with pytest.raises(WorkFailedError, match="s3://b/k: AccessDenied"):
        published(release, RecordedVersions({DIGITS: ["FAILED"]}), Hands())


def test_a_failed_version_is_deleted_and_created_with_another_token(release: Release) -> None:
    (component,) = release.components
    failed = PublishedVersion(f"arn:{DIGITS}", "FAILED", START, component.content_digest)
    versions = RecordedVersions({DIGITS: ["FAILED", "DEPLOYABLE"]}, {DIGITS: failed})
    assert published(release, versions, Hands()) == ["created again"]
    assert versions.calls == [("delete", f"arn:{DIGITS}"), ("create", client_token(component, failed))]
    assert client_token(component, failed) != client_token(component, None)


def test_a_version_that_a_concurrent_run_created_is_waited_for(release: Release) -> None:
    versions = RecordedVersions({DIGITS: ["REQUESTED", "DEPLOYABLE"]}, taken=True)
    assert published(release, versions, Hands()) == ["waited for"]


def test_each_other_deployment_is_looked_at_once() -> None:
    asked: list[str] = []

    def components_of(deployment_id: str) -> set[str]:
        asked.append(deployment_id)
        return {"ours", "theirs"}

    executions = {
        thing: [Execution("d-1", TARGET.arn, "SUCCEEDED", START), Execution("d-2", "arn:other", "SUCCEEDED", START)]
        for thing in ("one", "two")
    }
    found = conflicts(executions, TARGET.arn, {"ours", "more of ours"}, components_of)
    assert [(each.thing, each.components) for each in found] == [("one", ("ours",)), ("two", ("ours",))]
    assert asked == ["d-2"]


@dataclass
class TalkingFleet(RecordedFleet):
    """Devices whose agents confirm at a second each, after their deployments have ended."""

    confirms: float = 0.0
    read: int = 0

    def report(self, thing: str) -> ShadowReport | None:
        self.read += 1
        if self.hands.seconds < self.confirms:
            return None
        fields = {"thing": thing, "timestamp": START, "agentVersion": "1.0.0", "state": "IDLE", "release": "7"}
        return ShadowReport.model_validate(fields)


@pytest.mark.parametrize("confirms", [2.0, 100.0, 299.5])
def test_an_agent_that_confirms_late_is_asked_ever_less_and_once_more_at_the_end(confirms: float) -> None:
    fleet = TalkingFleet(Hands(), {"one": 1.0}, confirms=confirms)
    wanted = Wanted("d-1", DesiredState(release="7"))
    follower = Follower(fleet, RecordedJobs(fleet), TARGET, wanted, Quorum(), "job")
    state = wait_for_fleet(
        follower,
        patience=Patience(timeout=300.0, interval=5.0),
        still_current=lambda: None,
        tell=lambda _: None,
        clock=fleet.hands.clock,
    )
    assert state.outcome is Outcome.CONFIRMED
    assert fleet.read < 25
    assert fleet.hands.seconds <= confirms + max(0.35 * confirms, 5.0)


def test_a_role_that_may_not_look_at_jobs_asks_the_devices() -> None:
    fleet = RecordedFleet(Hands(), {"one": 3.0})

    class Denied(RecordedJobs):
        def progress(self, job_id: str) -> JobProgress:
            raise CloudError(f"cannot look at {job_id}", "let it", code="AccessDeniedException")

    assert waited(fleet, Denied(fleet)).outcome is Outcome.CONFIRMED
    assert fleet.asked.count("one") > 3


def test_a_listing_that_lags_behind_its_counters_is_made_again() -> None:
    fleet = RecordedFleet(Hands(), {"one": 1.0})

    class Lagging(RecordedJobs):
        def executions(self, job_id: str) -> dict[str, JobExecution]:
            now, self.fleet.hands.seconds = self.fleet.hands.seconds, self.fleet.hands.seconds - 5.0
            listed = super().executions(job_id)
            self.fleet.hands.seconds = now
            return listed

    jobs = Lagging(fleet)
    assert waited(fleet, jobs).outcome is Outcome.CONFIRMED
    assert jobs.listed > 3
