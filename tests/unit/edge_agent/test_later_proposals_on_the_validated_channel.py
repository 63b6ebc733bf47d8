"""A nucleus that asks again has given up the earlier deployment: its vetting ends, and it gets an answer."""

from pathlib import Path
from typing import Any, cast

from edge_agent.control.reconciler import Reconciler
from edge_agent.control.validation import Validation
from edge_agent.nucleus.events import ValidationAsked
from edge_agent.serving.loader import Judge, Judged, Loader
from edge_agent.serving.served_models import Target
from edge_agent.vetting.protocol import Outcome
from shared_schema.desired_state import DesiredModel, DesiredState


class Desk:
    """Takes jobs like the loader, and reports like the link to the nucleus."""

    def __init__(self) -> None:
        self.jobs: list[Judge] = []
        self.said: list[tuple[str, bool, str | None]] = []

    def submit(self, job: Judge) -> bool:
        self.jobs.append(job)
        return True

    def folder_of(self, _: str) -> Path | None:
        return None

    def report_validity(self, deployment: str, *, accepted: bool, words: str | None = None) -> None:
        self.said.append((deployment, accepted, words))


def asked(deployment: str, version: str) -> ValidationAsked:
    models = {
        "halves": DesiredModel(
            component="com.example.halves", version=version, digest="AEIMQUYcgk"[int(version[0])] * 43
        )
    }
    document = DesiredState(release="1800000000", models=models, settings={}).sealed()
    return ValidationAsked(deployment, {"desired": document})


def passed(target: Target) -> tuple[Target, Outcome]:
    return target, Outcome(accepted=True, digest=target.digest)


def test_the_later_one_wins_and_the_earlier_is_answered_and_its_vetting_ended(tmp_path: Path) -> None:
    for version in ("1.0.0", "2.0.0"):
        (tmp_path / "packages" / "artifacts-unarchived" / "com.example.halves" / version / "halves").mkdir(parents=True)
    desk = Desk()
    validation = Validation(tmp_path, cast(Loader, desk), cast(Reconciler, cast(Any, desk)), desk)
    validation.asked(asked("d-1", "1.0.0"))
    assert not desk.jobs[0].abandoned.is_set()
    validation.asked(asked("d-2", "2.0.0"))
    assert desk.jobs[0].abandoned.is_set()
    assert not desk.jobs[1].abandoned.is_set()
    assert [(deployment, accepted) for deployment, accepted, _ in desk.said] == [("d-1", False)]
    assert "a later deployment took this one's place" in (desk.said[0][2] or "")
    # An answer to the earlier question that comes late is ignored.
    validation.judged(Judged(desk.jobs[0], tuple(passed(target) for target, _ in desk.jobs[0].targets)))
    assert len(desk.said) == 1
    validation.judged(Judged(desk.jobs[1], tuple(passed(target) for target, _ in desk.jobs[1].targets)))
    assert desk.said[1][:2] == ("d-2", True)
