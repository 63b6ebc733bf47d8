"""While the line may not be disturbed, deployments are made to wait, and never for ever."""

from pathlib import Path

from edge_agent.control.consent import Consent
from edge_agent.errors import NucleusAwayError
from shared_schema.settings import BusySettings

BUSY = BusySettings(file="busy", recheck=10, limit=25)


class Mouth:
    def __init__(self) -> None:
        self.said: list[tuple[str, int, str | None]] = []
        self.away = False

    def answer_update(self, deployment: str, *, recheck_ms: int, words: str | None = None) -> None:
        if self.away:
            raise NucleusAwayError("gone")
        self.said.append((deployment, recheck_ms, words))


def test_a_free_line_lets_it_go_on_at_once(tmp_path: Path) -> None:
    mouth = Mouth()
    Consent(tmp_path, mouth).asked("d-1", BUSY, 0.0)
    Consent(tmp_path, mouth).asked("d-2", BusySettings(), 0.0)
    assert mouth.said == [("d-1", 0, None), ("d-2", 0, None)]


def test_a_busy_line_defers_until_it_is_free(tmp_path: Path) -> None:
    mouth, busy = Mouth(), tmp_path / "busy"
    consent = Consent(tmp_path, mouth)
    busy.touch()
    consent.asked("d-1", BUSY, 0.0)
    busy.unlink()
    consent.asked("d-1", BUSY, 10.0)
    assert [ms for _, ms, _ in mouth.said] == [10_000, 0]
    assert "busy is there" in (mouth.said[0][2] or "")


def test_a_line_that_stays_busy_is_disturbed_at_the_limit_each_deployment_by_itself(tmp_path: Path) -> None:
    mouth = Mouth()
    consent = Consent(tmp_path, mouth)
    (tmp_path / "busy").touch()
    for now in (0.0, 10.0, 20.0, 25.0):
        consent.asked("d-1", BUSY, now)
    consent.asked("d-2", BUSY, 25.0)
    assert [ms for _, ms, _ in mouth.said] == [10_000, 10_000, 5_000, 0, 10_000]


def test_an_answer_that_cannot_be_given_ends_nothing(tmp_path: Path) -> None:
    mouth = Mouth()
    mouth.away = True
    Consent(tmp_path, mouth).asked("d-1", BUSY, 0.0)
    assert mouth.said == []
