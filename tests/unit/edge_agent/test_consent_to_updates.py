"""While the line is busy, deployments wait, but not for ever."""

from pathlib import Path

import pytest

from edge_agent.control.busy_topic import BusyTopic
from edge_agent.control.consent import Consent
from edge_agent.errors import NucleusAwayError
from edge_agent.nucleus.events import LocalTopics
from shared_schema.settings import BusySettings

BUSY = BusySettings(file="busy", recheck=10, limit=25)


def consent_of(work: Path, link: "Link", topics: LocalTopics | None = None, topic: str | None = None) -> Consent:
    heard = BusyTopic(topics or LocalTopics())
    heard.listen(topic)
    return Consent(work, heard, link)


class Link:
    def __init__(self) -> None:
        self.said: list[tuple[str, int, str | None]] = []
        self.away = False

    def answer_update(self, deployment: str, *, recheck_ms: int, words: str | None = None) -> None:
        if self.away:
            raise NucleusAwayError("gone")
        self.said.append((deployment, recheck_ms, words))


def test_a_free_line_lets_it_go_on_at_once(tmp_path: Path) -> None:
    link = Link()
    consent_of(tmp_path, link).asked("d-1", BUSY, 0.0)
    consent_of(tmp_path, link).asked("d-2", BusySettings(), 0.0)
    assert link.said == [("d-1", 0, None), ("d-2", 0, None)]


def test_a_busy_line_defers_until_it_is_free(tmp_path: Path) -> None:
    link, busy = Link(), tmp_path / "busy"
    consent = consent_of(tmp_path, link)
    busy.touch()
    consent.asked("d-1", BUSY, 0.0)
    busy.unlink()
    consent.asked("d-1", BUSY, 10.0)
    assert [ms for _, ms, _ in link.said] == [10_000, 0]
    assert "busy is there" in (link.said[0][2] or "")


def test_a_line_that_stays_busy_is_disturbed_at_the_limit_each_deployment_by_itself(tmp_path: Path) -> None:
    link = Link()
    consent = consent_of(tmp_path, link)
    (tmp_path / "busy").touch()
    for now in (0.0, 10.0, 20.0, 25.0):
        consent.asked("d-1", BUSY, now)
    consent.asked("d-2", BUSY, 25.0)
    assert [ms for _, ms, _ in link.said] == [10_000, 10_000, 5_000, 0, 10_000]


def test_an_answer_that_cannot_be_given_ends_nothing(tmp_path: Path) -> None:
    link = Link()
    link.away = True
    consent_of(tmp_path, link).asked("d-1", BUSY, 0.0)
    assert link.said == []


def test_the_last_word_on_the_topic_counts_until_the_next(tmp_path: Path) -> None:
    link, topics = Link(), LocalTopics()
    consent = consent_of(tmp_path, link, topics, "line/busy")
    busy = BusySettings(topic="line/busy", recheck=10, limit=25)
    consent.asked("d-1", busy, 0.0)
    topics.came("line/busy", b'{"busy": true, "since": "08:00"}')
    consent.asked("d-2", busy, 0.0)
    topics.came("line/busy", b"busy or not")
    consent.asked("d-2", busy, 10.0)
    consent.asked("d-2", busy, 25.0)
    topics.came("line/busy", b'{"busy": false}')
    consent.asked("d-3", busy, 30.0)
    assert [ms for _, ms, _ in link.said] == [0, 10_000, 10_000, 0, 0]
    assert "line/busy says so" in (link.said[1][2] or "")


@pytest.mark.parametrize("words", [b"true", b'{"busy": "yes"}', b'{"busy": 1}', b"{}", b"", b"\xff", b"[" * 100_000])
def test_what_says_neither_changes_nothing(words: bytes) -> None:
    topics = LocalTopics()
    topic = BusyTopic(topics)
    topic.listen("line/busy")
    for said in (True, False):
        topics.came("line/busy", b'{"busy": true}' if said else b'{"busy": false}')
        topics.came("line/busy", words)
        assert topic.busy is said


def test_another_topic_begins_with_a_free_line_and_the_old_one_counts_no_more() -> None:
    topics = LocalTopics()
    topic = BusyTopic(topics)
    topic.listen("line/busy")
    topics.came("line/busy", b'{"busy": true}')
    topic.listen("line/busy")
    assert topic.busy, "the same settings anew forget nothing"
    topic.listen("cell/busy")
    assert not topic.busy
    topics.came("line/busy", b'{"busy": true}')
    assert not topic.busy
    topics.came("cell/busy", b'{"busy": true}')
    assert topic.busy
