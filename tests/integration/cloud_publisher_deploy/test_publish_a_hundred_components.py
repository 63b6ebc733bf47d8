"""`publish` of many components: a few calls in flight, the outcome in the release's order, a failure that stops it."""

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloud_publisher.publishing.component_versions import ComponentVersions
from cloud_publisher.publishing.in_flight import AT_A_TIME

Run = Callable[..., Any]
COUNT = 100


@pytest.fixture
def hundred(release: Any, unique: str) -> list[str]:
    """A release of a hundred components. Returns their names, in its order."""
    path = release.write()
    document = json.loads(path.read_text())
    names = [f"{unique}.part-{number:03d}" for number in range(COUNT)]
    document["components"] = [
        release.component(f"part-{number}", name, "1.0.0", "application") for number, name in enumerate(names)
    ]
    path.write_text(json.dumps(document))
    return names


@pytest.fixture
def in_flight(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many creations were under way whenever one began."""
    seen: list[int] = []
    now = 0
    lock = threading.Lock()
    create = ComponentVersions.create

    def counted(self: ComponentVersions, *words: Any, **more: Any) -> None:
        nonlocal now
        with lock:
            now += 1
            seen.append(now)
        try:
            create(self, *words, **more)
        finally:
            with lock:
                now -= 1

    monkeypatch.setattr(ComponentVersions, "create", counted)
    return seen


def test_a_few_are_in_flight_and_all_are_told_in_the_release_s_order(
    run: Run, hundred: list[str], in_flight: list[int]
) -> None:
    done = run("publish", "--json")
    assert done.code == 0, done.err
    assert [(each["component"], each["action"]) for each in done.json["components"]] == [
        (name, "created") for name in hundred
    ]
    told = [line.split()[0] for line in done.err.splitlines() if line.endswith(": created")]
    assert told == hundred
    assert len(in_flight) == COUNT
    assert max(in_flight) == AT_A_TIME
    again = run("publish", "--json")
    assert {each["action"] for each in again.json["components"]} == {"unchanged"}
    assert len(in_flight) == COUNT


def test_after_a_refusal_nothing_more_is_begun_and_a_rerun_makes_the_rest(
    run: Run, hundred: list[str], in_flight: list[int], tmp_path: Path
) -> None:
    path = tmp_path / "dist/release.json"
    text = path.read_text()
    document = json.loads(text)
    # The service refuses a recipe of 16,001 bytes and more.
    refused = document["components"][10]
    refused["recipe"] = json.dumps(json.loads(refused["recipe"]) | {"ComponentDescription": "x" * 40_000})
    path.write_text(json.dumps(document))
    done = run("publish", "--json")
    assert done.code == 1
    assert hundred[10] in done.json["problem"]
    assert 11 <= len(in_flight) <= 10 + 2 * AT_A_TIME
    path.write_text(text)
    rest = run("publish", "--json")
    assert rest.code == 0, rest.err
    # Not one of them was made twice, and none is missing.
    assert len([each for each in rest.json["components"] if each["action"] == "created"]) >= COUNT - 10 - 2 * AT_A_TIME
    assert {each["action"] for each in rest.json["components"][:10]} == {"unchanged"}
