"""What is believed of the fleet index, and what is asked of the shadows all the same, with recorded calls."""

import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cloud_publisher.errors import CloudError
from cloud_publisher.fleet.devices import CoreDevice, Execution, Observation, Standing
from cloud_publisher.fleet.following import Follower
from cloud_publisher.fleet.index import FleetIndex
from cloud_publisher.fleet.jobs import JobExecution, JobProgress
from cloud_publisher.fleet.outcome import Outcome, Quorum, Wanted
from cloud_publisher.fleet.status import status_of
from cloud_publisher.fleet.targets import Target, parse_target
from shared_schema.desired_state import DesiredModel, DesiredState
from shared_schema.shadow import ShadowReport

START = datetime(2026, 11, 24, tzinfo=UTC)
TARGET = parse_target("arn:aws:iot:eu-west-1:111111111111:thinggroup/lines")
GOOD, OTHER = "A" * 43, "Q" * 43
MODEL = DesiredModel(component="com.example.digits", version="2.0.0", digest=GOOD)
WANTED = Wanted("d-1", DesiredState(release="7", models={"digits": MODEL}))


def reported(thing: str, *, release: str = "7", digest: str = GOOD, verdict: str = "CONFIRMED") -> dict[str, Any]:
    model = {"serves": f"{MODEL.version}:{digest}", "said": f"{release}:{MODEL.version}:{digest}:{verdict}"}
    return {
        "schema": 1,
        "thing": thing,
        "timestamp": START.isoformat(),
        "agentVersion": "1.0.0",
        "state": "SERVING",
        "release": release,
        "models": {"digits": model},
    }


def report(thing: str, **more: str) -> ShadowReport:
    return ShadowReport.model_validate(reported(thing, **more))


@dataclass
class Fleet:
    """Devices whose deployments have all ended; ``shadows`` is the truth, ``indexed`` what the index shows."""

    size: int
    shadows: dict[str, ShadowReport] = field(default_factory=dict)
    indexed: dict[str, ShadowReport] | None = field(default_factory=dict)
    read: list[str] = field(default_factory=list)
    searches: int = 0

    @property
    def things(self) -> list[str]:
        return [f"thing-{number:03}" for number in range(self.size)]

    def confirm(self, *, release: str = "7") -> dict[str, ShadowReport]:
        return {thing: report(thing, release=release) for thing in self.things}

    def core_devices(self, target: Target) -> list[CoreDevice]:
        assert target is TARGET
        return [CoreDevice(thing, "HEALTHY", "aws_nucleus_lite", START) for thing in self.things]

    def observe(self, device: CoreDevice, deployment_id: str, *, with_report: bool) -> Observation:
        raise AssertionError(f"{deployment_id} has not failed on {device.thing} ({with_report=})")

    def report(self, thing: str) -> ShadowReport | None:
        self.read.append(thing)
        return self.shadows.get(thing)

    def progress(self, job_id: str) -> JobProgress:
        assert job_id == "job"
        return JobProgress(open=True, counts={"SUCCEEDED": self.size})

    def executions(self, job_id: str) -> dict[str, JobExecution]:
        assert job_id == "job"
        return {thing: JobExecution("SUCCEEDED", START) for thing in self.things}

    def reports(self, target: Target, things: int, *, release: str | None = None) -> Mapping[str, ShadowReport] | None:
        assert target is TARGET
        assert release == "7"
        assert 10 < things <= self.size
        self.searches += 1
        return self.indexed

    @property
    def follower(self) -> Follower:
        return Follower(self, self, TARGET, WANTED, Quorum(), "job", self)


def look(follower: Follower, at: float, *, last: bool = False) -> tuple[Outcome | None, set[Standing]]:
    state = follower.look(at, START + timedelta(seconds=at), last=last)
    return state.outcome, {each.standing for each in state.standings}


def test_a_fleet_that_the_index_shows_confirmed_is_read_in_one_search() -> None:
    fleet = Fleet(300)
    fleet.indexed = fleet.confirm()
    assert look(fleet.follower, 0.0) == (Outcome.CONFIRMED, {Standing.CONFIRMED})
    assert (fleet.searches, fleet.read) == (1, [])


def test_few_devices_are_read_themselves() -> None:
    fleet = Fleet(10)
    fleet.shadows = fleet.confirm()
    assert look(fleet.follower, 0.0) == (Outcome.CONFIRMED, {Standing.CONFIRMED})
    assert (fleet.searches, len(fleet.read)) == (0, 10)


def test_without_an_index_every_device_is_read_and_it_is_asked_no_more() -> None:
    fleet = Fleet(50, indexed=None)
    follower = fleet.follower
    assert look(follower, 0.0) == (None, {Standing.UNCONFIRMED})
    fleet.shadows = fleet.confirm()
    assert look(follower, 10.0) == (Outcome.CONFIRMED, {Standing.CONFIRMED})
    assert (fleet.searches, len(fleet.read)) == (1, 100)


def test_an_index_that_lags_is_given_its_time_and_the_shadows_are_not_read_meanwhile() -> None:
    fleet = Fleet(300)
    fleet.shadows = fleet.confirm()
    follower = fleet.follower
    for at in (0.0, 2.0, 4.0, 6.0):
        assert look(follower, at) == (None, {Standing.UNCONFIRMED})
    assert fleet.read == []
    fleet.indexed = fleet.confirm()
    assert look(follower, 16.0) == (Outcome.CONFIRMED, {Standing.CONFIRMED})
    assert (fleet.read, fleet.searches) == ([], 5)


@pytest.mark.parametrize("stale", [{"release": "6"}, {"digest": OTHER}, {"verdict": "HELD"}, {"verdict": "REJECTED"}])
def test_what_a_stale_index_shows_makes_no_device_confirmed_nor_refused(stale: dict[str, str]) -> None:
    fleet = Fleet(30)
    fleet.indexed = {thing: report(thing, **stale) for thing in fleet.things}
    follower = fleet.follower
    assert look(follower, 0.0) == (None, {Standing.UNCONFIRMED})
    fleet.shadows = fleet.confirm()
    assert look(follower, 60.0) == (Outcome.CONFIRMED, {Standing.CONFIRMED})


def test_a_refusal_that_the_index_shows_is_read_in_the_shadow() -> None:
    fleet = Fleet(30)
    fleet.indexed = fleet.confirm()
    refusing = fleet.things[3]
    fleet.indexed[refusing] = fleet.shadows[refusing] = report(refusing, verdict="REJECTED")
    assert look(fleet.follower, 0.0) == (Outcome.REJECTED, {Standing.CONFIRMED, Standing.REJECTED})
    assert fleet.read == [refusing]


def test_devices_that_the_index_never_shows_are_read_later_and_so_many_in_a_look() -> None:
    fleet = Fleet(400)
    fleet.indexed = dict(list(fleet.confirm().items())[:100])
    follower = fleet.follower
    look(follower, 0.0)
    look(follower, 20.0)
    assert fleet.read == []
    look(follower, 40.0)
    assert len(fleet.read) == 100
    fleet.shadows = fleet.confirm()
    for at in (100.0, 160.0, 220.0):
        look(follower, at)
    assert look(follower, 300.0) == (Outcome.CONFIRMED, {Standing.CONFIRMED})
    assert len(fleet.read) <= 500


def test_an_index_that_shows_no_device_at_all_is_given_up() -> None:
    fleet = Fleet(400)
    fleet.shadows = fleet.confirm()
    follower = fleet.follower
    look(follower, 0.0)
    look(follower, 40.0)
    assert look(follower, 41.0) == (Outcome.CONFIRMED, {Standing.CONFIRMED})
    assert (fleet.searches, len(fleet.read)) == (2, 400)


def test_the_last_look_reads_whatever_is_not_shown() -> None:
    fleet = Fleet(400)
    fleet.shadows = fleet.confirm()
    fleet.indexed = dict(list(fleet.confirm().items())[:250])
    assert look(fleet.follower, 0.0, last=True) == (Outcome.CONFIRMED, {Standing.CONFIRMED})
    assert (fleet.searches, len(fleet.read)) == (1, 150)


def test_a_search_of_many_pages_comes_seldom() -> None:
    fleet = Fleet(2000)
    fleet.indexed = dict(list(fleet.confirm().items())[:1500])
    follower = fleet.follower
    for at in range(0, 600, 5):
        look(follower, float(at))
    assert fleet.searches <= 25
    assert len(set(fleet.read)) == 500


@dataclass
class Client:
    """Answers ``search_index`` with the pages that a test gives, and remembers what it was asked."""

    pages: list[dict[str, Any] | Exception]
    asked: list[dict[str, Any]] = field(default_factory=list)

    def search_index(self, **asked: Any) -> dict[str, Any]:
        self.asked.append(asked)
        page = self.pages.pop(0) if len(self.pages) > 1 else self.pages[0]
        if isinstance(page, Exception):
            raise page
        return page


def shown(thing: str, **more: str) -> dict[str, Any]:
    shadow = {"name": {"mlops": {"reported": reported(thing, **more), "hasDelta": False}}}
    return {"thingName": thing, "thingGroupNames": ["lines"], "shadow": json.dumps(shadow)}


def test_pages_are_gone_through_and_the_group_and_release_asked_for() -> None:
    client: Any = Client([{"things": [shown("one")], "nextToken": "next"}, {"things": [shown("two")]}])
    found = FleetIndex(client).reports(TARGET, 5, release="7")
    assert found is not None
    assert set(found) == {"one", "two"}
    query = 'thingGroupNames:"lines" AND shadow.name.mlops.reported.release:"7"'
    assert [each["queryString"] for each in client.asked] == [query, query]
    assert [each.get("nextToken") for each in client.asked] == [None, "next"]
    assert {each["maxResults"] for each in client.asked} == {100}


def test_an_index_that_says_nonsense_says_nothing(caplog: pytest.LogCaptureFixture) -> None:
    nonsense = [
        {},
        {"thingName": "no-shadow"},
        {"thingName": "half", "shadow": '{"name": {"mlops"'},
        {"thingName": "a-list", "shadow": "[1, 2]"},
        {"thingName": "no-name", "shadow": '{"reported": {}}'},
        {"thingName": "text", "shadow": '{"name": {"mlops": "yes"}}'},
        {"thingName": "other-things", "shadow": shown("another")["shadow"]},
        {"thingName": "not-ours", "shadow": '{"name": {"mlops": {"reported": {"models": "yes"}}}}'},
        shown("one"),
    ]
    client: Any = Client([{"things": nonsense, "nextToken": "for ever"}])
    found = FleetIndex(client).reports(TARGET, 3)
    assert found is not None
    assert set(found) == {"one"}
    assert client.asked[0]["queryString"] == 'thingGroupNames:"lines" AND shadow.name.mlops.reported.schema:1'
    assert len(client.asked) == 3, "never more calls than reading each shadow would take"
    assert "other-things" in {getattr(each, "thing", None) for each in caplog.records}


@pytest.mark.parametrize(
    ("code", "level"),
    [
        ("ResourceNotFoundException", logging.INFO),
        ("IndexNotReadyException", logging.INFO),
        ("AccessDeniedException", logging.INFO),
        ("InvalidQueryException", logging.WARNING),
    ],
)
def test_an_index_that_is_off_or_denied_is_said_once(caplog: pytest.LogCaptureFixture, code: str, level: int) -> None:
    client: Any = Client([ClientError({"Error": {"Code": code, "Message": "no"}}, "SearchIndex")])
    index = FleetIndex(client)
    with caplog.at_level(logging.INFO):
        assert index.reports(TARGET, 50) is None
        assert index.reports(TARGET, 50) is None
    assert len(client.asked) == 1
    (said,) = caplog.records
    assert (said.levelno, code in said.getMessage()) == (level, True)


def test_a_single_thing_is_not_searched_for() -> None:
    client: Any = Client([{"things": []}])
    assert FleetIndex(client).reports(parse_target("arn:aws:iot:eu-west-1:111111111111:thing/one"), 1) is None
    assert client.asked == []


@pytest.mark.parametrize(
    ("refusal", "asked"), [(None, 0), ("AccessDeniedException", 3)], ids=["the job is listed", "it may not be"]
)
def test_status_asks_each_device_where_the_job_may_not_be_listed(refusal: str | None, asked: int) -> None:
    fleet = Fleet(3)
    executions: list[str] = []

    class View(Fleet):
        def installed(self, thing: str) -> list[Any]:
            assert thing in self.things
            return []

        def execution(self, thing: str, deployment_id: str) -> Execution:
            executions.append(thing)
            return Execution(deployment_id, TARGET.arn, "SUCCEEDED", START)

    class MaybeDenied:
        def executions(self, job_id: str) -> dict[str, JobExecution]:
            if refusal:
                raise CloudError(f"cannot list {job_id}", "let it", code=refusal)
            return fleet.executions(job_id)

    client: Any = Client([{"things": [shown(thing) for thing in fleet.things]}])
    view: Any = View(3, shadows=fleet.confirm())
    jobs: Any = MaybeDenied()
    found = status_of(*(view, FleetIndex(client), jobs, TARGET, WANTED, []), job_id="job", quorum=Quorum(), now=START)
    assert found.as_released
    assert (len(executions), len(view.read)) == (asked, asked)
