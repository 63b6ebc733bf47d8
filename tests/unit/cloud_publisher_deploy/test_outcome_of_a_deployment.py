"""What observations of devices make of a deployment."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud_publisher.fleet.devices import CoreDevice, DeviceStanding, Execution, Observation, Standing
from cloud_publisher.fleet.outcome import (
    CONFIRMATION_GRACE,
    Outcome,
    Quorum,
    Wanted,
    outcome_at_deadline,
    outcome_of,
    standing_of,
)
from shared_schema.desired_state import DesiredState
from shared_schema.messages import not_brought_up
from shared_schema.shadow import ShadowReport

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LONG_AGO = NOW - timedelta(hours=1)
DIGEST, OTHER = "A" * 43, "Q" * 43
STATE = DesiredState.model_validate({"release": "100", "models": {"digits": f"com.example.digits:2.0.0:{DIGEST}"}})
WANTED = Wanted("d-1", STATE)


def observed(status: str | None, report: ShadowReport | None = None, **more: Any) -> Observation:
    device = CoreDevice("press-4", "HEALTHY", "aws_nucleus_classic", more.pop("reported", NOW))
    if status is None:
        return Observation(device, None, report)
    execution = {"modified": LONG_AGO} | more
    return Observation(device, Execution("d-1", "arn", status, **execution), report)


def shadow(
    verdict: str | None = "CONFIRMED",
    *,
    release: str = "100",
    of: str = "100",
    digest: str = DIGEST,
    serves: str | None = DIGEST,
    why: str | None = None,
) -> ShadowReport:
    """``release`` is what the agent applies, ``of`` the release that its confirmation speaks of; ``why`` no install."""
    words = ":golden:3 of 20 agree" if verdict == "REJECTED" else ""
    model = {
        "serves": f"2.0.0:{serves}" if serves else None,
        "said": f"{of}:2.0.0:{digest}:{verdict}{words}" if verdict else None,
    }
    return ShadowReport.model_validate(
        {
            "thing": "press-4",
            "timestamp": NOW,
            "agentVersion": "1.0.0",
            "state": "DEGRADED" if why else "SERVING",
            "release": release,
            "models": {"digits": model},
            "reason": "install" if why else None,
            "why": why,
        }
    )


@pytest.mark.parametrize(
    ("seen", "standing", "words"),
    [
        (observed(None), Standing.QUEUED, "has not received"),
        (observed("QUEUED"), Standing.QUEUED, ""),
        (observed("IN_PROGRESS", shadow("REJECTED")), Standing.IN_PROGRESS, ""),
        (observed("SUCCEEDED"), Standing.UNCONFIRMED, "shadow"),
        (observed("SUCCEEDED", shadow()), Standing.CONFIRMED, "2.0.0"),
        (observed("COMPLETED", shadow()), Standing.CONFIRMED, ""),
        (observed("SUCCEEDED", shadow(of="90")), Standing.CONFIRMED, ""),
        (observed("SUCCEEDED", shadow(of="90", release="90")), Standing.UNCONFIRMED, "not confirmed yet"),
        (observed("SUCCEEDED", shadow(digest=OTHER)), Standing.UNCONFIRMED, ""),
        (observed("SUCCEEDED", shadow(serves=OTHER)), Standing.UNCONFIRMED, ""),
        (observed("SUCCEEDED", shadow(None)), Standing.UNCONFIRMED, ""),
        (observed("SUCCEEDED", shadow("REJECTED", serves=OTHER)), Standing.REJECTED, "golden: 3 of 20 agree"),
        (observed("FAILED", shadow("REJECTED", release="90", serves=OTHER)), Standing.REJECTED, "golden"),
        (observed("FAILED", shadow("REJECTED", of="90"), reason="r"), Standing.FAILED, "r"),
        (observed("SUCCEEDED", shadow("HELD", serves=OTHER)), Standing.HELD, "operator"),
        (observed("SUCCEEDED", shadow("FAILED", serves=OTHER)), Standing.FAILED, ""),
        (observed("FAILED", shadow(), errors=("A", "B")), Standing.FAILED, "B"),
        (observed("REJECTED"), Standing.FAILED, ""),
        (observed("TIMED_OUT"), Standing.FAILED, ""),
        (observed("CANCELED"), Standing.FAILED, ""),
    ],
)
def test_the_standing_of_a_device(seen: Observation, standing: Standing, words: str) -> None:
    found = standing_of(seen, WANTED, Quorum(), NOW)
    assert found.standing is standing
    assert words in found.words


def test_a_deployment_that_has_just_failed_is_given_time_for_its_confirmation() -> None:
    just = observed("FAILED", modified=NOW - CONFIRMATION_GRACE / 2)
    assert standing_of(just, WANTED, Quorum(), NOW).standing is Standing.IN_PROGRESS
    assert standing_of(just, WANTED, Quorum(), NOW + CONFIRMATION_GRACE).standing is Standing.FAILED


def test_a_failure_that_lies_ahead_by_our_clock_is_given_the_time_that_we_have_seen_it() -> None:
    ahead = observed("FAILED", modified=NOW + timedelta(hours=1))
    for waited, standing in (
        (timedelta(0), Standing.IN_PROGRESS),
        (CONFIRMATION_GRACE, Standing.FAILED),
        (None, Standing.FAILED),
    ):
        assert standing_of(ahead, WANTED, Quorum(), NOW, waited).standing is standing


def test_a_validation_without_a_confirmation_is_failed_and_names_both_causes() -> None:
    seen = observed("FAILED", reason="FAILED_NO_STATE_CHANGE: Error while waiting for validation report of it")
    found = standing_of(seen, Wanted("d-1", STATE, ("their.component",)), Quorum(), NOW)
    assert found.standing is Standing.FAILED
    for words in ("the agent died while it vetted", "their.component", "--retry"):
        assert words in found.words


def test_a_refusal_in_the_nucleus_words_stands_as_it_is() -> None:
    words = (
        "Components reported that their to-be-deployed configuration is invalid: { name = a, message = bad settings }"
    )
    found = standing_of(observed("FAILED", reason=words), WANTED, Quorum(), NOW)
    assert (found.standing, found.words) == (Standing.FAILED, words)


def test_without_a_desired_state_the_deployment_is_enough() -> None:
    assert standing_of(observed("SUCCEEDED"), Wanted("d-1", None), Quorum(), NOW).standing is Standing.CONFIRMED


@pytest.mark.parametrize(("release", "standing"), [("100", Standing.CONFIRMED), ("90", Standing.UNCONFIRMED)])
def test_a_desired_state_without_models_is_confirmed_by_its_release(release: str, standing: Standing) -> None:
    wanted = Wanted("d-1", DesiredState(release="100"))
    assert standing_of(observed("SUCCEEDED", shadow(release=release)), wanted, Quorum(), NOW).standing is standing


def test_a_device_not_seen_lately_is_away() -> None:
    seen = observed(None, reported=NOW - timedelta(hours=25))
    assert not standing_of(seen, WANTED, Quorum(), NOW).seen
    assert standing_of(seen, WANTED, Quorum(seen_within=timedelta(hours=26)), NOW).seen


def fleet(*standings: Standing, away: int = 0) -> list[DeviceStanding]:
    here = [DeviceStanding(f"d{index}", standing, "") for index, standing in enumerate(standings)]
    return here + [DeviceStanding(f"a{index}", Standing.QUEUED, "", seen=False) for index in range(away)]


C, R, F, Q = Standing.CONFIRMED, Standing.REJECTED, Standing.FAILED, Standing.QUEUED


@pytest.mark.parametrize(
    ("standings", "percent", "outcome", "at_deadline"),
    [
        (fleet(C, C), 100, Outcome.CONFIRMED, None),
        (fleet(C, C, away=3), 100, Outcome.CONFIRMED, None),
        (fleet(C, Q), 100, None, Outcome.TIMED_OUT),
        (fleet(C, R), 100, Outcome.REJECTED, None),
        (fleet(C, F), 100, Outcome.FAILED, None),
        (fleet(F, R), 100, Outcome.REJECTED, None),
        (fleet(R, Q), 100, None, Outcome.REJECTED),
        (fleet(C, C, Q), 60, Outcome.CONFIRMED, None),
        (fleet(C, R, Q), 60, None, Outcome.TIMED_OUT),
        (fleet(C, F, F), 60, Outcome.FAILED, None),
        (fleet(), 100, None, Outcome.TIMED_OUT),
        (fleet(away=2), 100, None, Outcome.TIMED_OUT),
    ],
)
def test_the_outcome_of_a_fleet(
    standings: list[DeviceStanding], percent: float, outcome: Outcome | None, at_deadline: Outcome | None
) -> None:
    assert outcome_of(standings, Quorum(percent)) is outcome
    if at_deadline is not None:
        assert outcome_at_deadline(standings, Quorum(percent)) is at_deadline


@pytest.mark.parametrize(("seen", "percent", "needed"), [(1, 1, 1), (3, 60, 2), (100, 29, 29), (1000, 99.9, 999)])
def test_how_many_a_quorum_needs(seen: int, percent: float, needed: int) -> None:
    assert Quorum(percent).needed(seen) == needed


@pytest.mark.parametrize(
    ("stack", "words"),
    [
        (("DEPLOYMENT_FAILURE", "ARTIFACT_DOWNLOAD_ERROR", "IO_ERROR", "DISK_SPACE_CRITICAL"), "free disk space"),
        (("DEPLOYMENT_FAILURE", "S3_ERROR", "S3_HEAD_OBJECT_ACCESS_DENIED", "OF_TOMORROW"), "s3:GetObject is refused"),
        ((), "the nucleus's log on the device"),
    ],
)
def test_a_failure_says_what_to_do_about_its_last_known_cause(stack: tuple[str, ...], words: str) -> None:
    standing = standing_of(observed("FAILED", errors=stack), WANTED, Quorum(), NOW)
    assert standing.standing is Standing.FAILED
    assert words in (standing.remedy or "")
    assert stack[-1:] == () or stack[-1] in standing.words


def test_what_did_not_fail_needs_no_remedy() -> None:
    assert standing_of(observed("SUCCEEDED", shadow()), WANTED, Quorum(), NOW).remedy is None


NEEDS = Wanted("d-1", STATE, agent="1.1.0")
NOT_INSTALLED = not_brought_up("1.1.0", "No matching distribution found for onnxruntime==1.32")


@pytest.mark.parametrize(
    ("seen", "standing", "words"),
    [
        (observed("SUCCEEDED", shadow()), Standing.UNCONFIRMED, "its agent is still 1.0.0, and the deployment names"),
        # The one that is named may take what this one refuses.
        (observed("SUCCEEDED", shadow("REJECTED", serves=OTHER)), Standing.UNCONFIRMED, "its agent is still 1.0.0"),
        (observed("SUCCEEDED", shadow(why=NOT_INSTALLED)), Standing.FAILED, NOT_INSTALLED),
        # What was said of an earlier one that could not be installed either.
        (observed("SUCCEEDED", shadow(why=NOT_INSTALLED.replace("1.1.0", "1.0.9"))), Standing.UNCONFIRMED, "still"),
        # Classic asked the earlier one, or went back to it.
        (observed("FAILED", shadow("REJECTED", serves=OTHER)), Standing.REJECTED, "golden"),
    ],
)
def test_a_release_that_names_an_agent_is_confirmed_by_no_other_version(
    seen: Observation, standing: Standing, words: str
) -> None:
    found = standing_of(seen, NEEDS, Quorum(), NOW)
    assert found.standing is standing
    assert words in found.words


def test_it_is_confirmed_by_that_version() -> None:
    seen = observed("SUCCEEDED", shadow().model_copy(update={"agent_version": "1.1.0"}))
    assert standing_of(seen, NEEDS, Quorum(), NOW).standing is Standing.CONFIRMED


def test_an_agent_of_another_version_that_obeys_a_release_without_models_does_not_confirm_it() -> None:
    wanted = Wanted("d-1", DesiredState(release="100"), agent="1.1.0")
    assert standing_of(observed("SUCCEEDED", shadow()), wanted, Quorum(), NOW).standing is Standing.UNCONFIRMED
