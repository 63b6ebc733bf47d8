"""What an agent says in words that this publisher does not know is shown as it was said, and decides nothing."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from .conftest import digest_of

Run = Callable[..., Any]


@pytest.fixture
def newer(run: Run, release: Any, device: Any, deployed: Any) -> Any:
    """A device whose deployment succeeded, and whose agent speaks as one of next year."""
    release.write(agent="9.9.9")
    assert run("publish").code == 0
    one = device()
    one.part = "says nothing"
    assert run("deploy", "--wait", "--timeout", "2", "--interval", "0.3").code == 6
    desired = deployed()["components"][release.agent]["configurationUpdate"]["merge"]["desired"]
    said = f"{desired['release']}:1.0.0:{digest_of('1.0.0')}:QUARANTINED:toxicity:it was rude"
    reported = {
        "schema": 1,
        "thing": one.thing,
        "timestamp": "2027-01-01T00:00:00Z",
        "agentVersion": "9.9.9",
        "state": "MEDITATING",
        "reason": "moon",
        "release": desired["release"],
        "models": {"digits": {"serves": f"0.9.0:{digest_of('before')}", "said": said, "mood": "calm"}},
        "horoscope": {"sign": "leo"},
    }
    one.writes(reported)
    return one


def test_status_shows_what_it_says(newer: Any, run: Run) -> None:
    done = run("status")
    assert done.code == 4
    assert "MEDITATING 9.9.9" in done.out
    assert "QUARANTINED 1.0.0" in done.out
    assert "QUARANTINED: toxicity: it was rude" in done.err
    assert "never spoke" not in done.out + done.err
    found = json.loads(run("status", "--json").out)["devices"][0]
    assert (found["standing"], found["agent"]["state"], found["agent"]["reason"]) == (
        "unconfirmed",
        "MEDITATING",
        "moon",
    )
    assert ":QUARANTINED:toxicity:" in found["agent"]["models"]["digits"]["said"]


def test_deploy_waits_for_what_it_knows_and_shows_what_it_says(newer: Any, run: Run, revisions: Any) -> None:
    done = run("deploy", "--wait", "--timeout", "2", "--interval", "0.3")
    assert done.code == 6
    assert "QUARANTINED: toxicity: it was rude" in done.out
    assert "its agent is MEDITATING (moon) and serves 0.9.0" in done.out
    assert "has not written the shadow" not in done.out
    assert run("plan", "--built").code == 0
    assert len(revisions()) == 1
