"""A device that fails in our clock's future: its agent gets the moment to say why, and no more than that."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from cloud_publisher.fleet.devices import CoreDevice, Execution, Observation
from cloud_publisher.fleet.following import Follower
from cloud_publisher.fleet.jobs import JobExecution, JobProgress
from cloud_publisher.fleet.outcome import Outcome, Quorum, Wanted
from cloud_publisher.fleet.targets import Target, parse_target
from shared_schema.desired_state import DesiredModel, DesiredState
from shared_schema.shadow import ShadowReport

NOW = datetime(2026, 11, 24, tzinfo=UTC)
AHEAD = NOW + timedelta(hours=1)
TARGET = parse_target("arn:aws:iot:eu-west-1:111111111111:thinggroup/lines")
MODEL = {"component": "com.example.digits", "version": "2.0.0", "digest": "A" * 43}
WANTED = Wanted("d-1", DesiredState(release="7", models={"digits": DesiredModel.model_validate(MODEL)}))
REFUSED = {
    "schema": 1,
    "thing": "one",
    "timestamp": AHEAD.isoformat(),
    "agentVersion": "1.0.0",
    "state": "SERVING",
    "release": "6",
    "models": {"digits": {"said": f"7:2.0.0:{MODEL['digest']}:REJECTED"}},
}


@dataclass
class Failed:
    """One device whose deployment has failed; ``says`` is what its shadow has."""

    says: ShadowReport | None = None

    def core_devices(self, _target: Target) -> list[CoreDevice]:
        return [CoreDevice("one", "HEALTHY", "aws_nucleus_classic", NOW)]

    def observe(self, device: CoreDevice, deployment_id: str, *, with_report: bool) -> Observation:
        assert with_report
        return Observation(device, Execution(deployment_id, TARGET.arn, "FAILED", AHEAD), self.says)

    def report(self, thing: str) -> ShadowReport | None:
        raise AssertionError(f"{thing} has failed: what it says comes with why")

    def progress(self, _job_id: str) -> JobProgress:
        return JobProgress(open=True, counts={"FAILED": 1})

    def executions(self, _job_id: str) -> dict[str, JobExecution]:
        return {"one": JobExecution("FAILED", AHEAD)}


def outcome(follower: Follower, after: float) -> Outcome | None:
    return follower.look(after, NOW + timedelta(seconds=after)).outcome


def test_a_refusal_that_comes_a_moment_after_the_failure_is_heard() -> None:
    device = Failed()
    follower = Follower(device, device, TARGET, WANTED, Quorum(), "job")
    assert outcome(follower, 0.0) is None
    device.says = ShadowReport.model_validate(REFUSED)
    assert outcome(follower, 1.0) is Outcome.REJECTED


def test_a_device_that_says_nothing_has_failed_soon() -> None:
    device = Failed()
    follower = Follower(device, device, TARGET, WANTED, Quorum(), "job")
    assert outcome(follower, 0.0) is None
    assert outcome(follower, 6.0) is Outcome.FAILED
