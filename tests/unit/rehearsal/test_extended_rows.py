"""The extended rehearsal's rows do not hold where they should not: each is shown evidence that is not as it must be."""

import json
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from greengrass_emulator.cloud.device_messages.messages import Message, Messages
from greengrass_emulator.cloud.provisioning import DeviceFolder

from rehearsal.extended import all_at_once, rows
from rehearsal.extended.context import ScenarioContext
from rehearsal.extended.deploy_repository import ASKING, BELT, CAMERA, LINE
from rehearsal.extended.made_models import part_on_belt
from rehearsal.extended.mqtt_listener import MqttListener
from rehearsal.feeder import read_predictions
from rehearsal.timeline import Timeline
from rehearsal.world import AgentPlace, Device

BEGAN = datetime(2026, 11, 24, 12, tzinfo=UTC)
DIGEST = "k" * 43


class NoCloud:
    """Takes the place of the accounts: nothing is asked of them here."""


class Fed:
    """Takes the place of the feeder: it has fed these frames to every device, and is about to feed one more."""

    def __init__(self, *names: str, next_one: str = "next.png") -> None:
        self._names = list(names)
        self._next = next_one

    def fed(self, _: str) -> list[str]:
        return list(self._names)

    def offered(self, _: str) -> set[str]:
        return {*self._names, self._next}


def prediction(source: str, frame: str, output: dict[str, Any], *, at: float = 0.0, **more: Any) -> str:
    told = {
        "source": source,
        "frame": frame,
        "model": "digits",
        "version": "1.0.0",
        "digest": DIGEST,
        "timestamp": (BEGAN + timedelta(seconds=at)).isoformat(),
        "latencyMs": 1.0,
        "output": output,
        **more,
    }
    return json.dumps(told)


def on_belt(frame: int, *, of: int | None = None) -> str:
    """What the detector says of a frame; ``of``: of another frame's part."""
    label, box = part_on_belt((of or frame) - 1)
    return prediction(BELT, f"{frame:08d}", {"detections": [{"label": label, "score": 0.99, "box": list(box)}]})


def answered(number: int, *, label: str = "worn", tries: int = 1, topic: str = "line/asks") -> str:
    output: dict[str, Any] = {"rows": [{"label": label, "score": 0.9}]}
    inputs: dict[str, Any] = {"rows": [[3.0, 2.0]]}
    if topic == "lab/asks":
        output, inputs = {"outputs": {"y": [4.5]}}, {"x": [1.5], "turns": 3}
    entry = {
        "topic": topic,
        "request": f"{topic}-{number}",
        "inputs": inputs,
        "tries": tries,
        "answer": {"predictions": [{"output": output}], "errors": []},
        "asked": 100.0 + number,
        "answered": 101.0 + number,
    }
    return json.dumps(entry)


@pytest.fixture
def context(tmp_path: Path) -> Callable[..., ScenarioContext]:
    """A context whose one device has written these files, and published these messages."""

    def make(
        *, lines: list[str] | None = None, answers: list[str] | None = None, fed: Fed | None = None, sent: Any = ()
    ) -> ScenarioContext:
        device = Device("dev-1", "dev", "lite", DeviceFolder("dev-1", tmp_path), NoCloud(), AgentPlace())  # type: ignore[arg-type]
        device.work.mkdir(parents=True)
        device.predictions.write_text("".join(f"{line}\n" for line in lines or []))
        asking = device.folder.root / "work" / ASKING
        asking.mkdir(parents=True)
        (asking / "answers.jsonl").write_text("".join(f"{line}\n" for line in answers or []))
        messages = Messages("#")
        for payload in sent:
            messages.take(Message("dt/extended/dev-1/prediction/digits", payload.encode()))
        rehearsal = SimpleNamespace(
            world=SimpleNamespace(devices=[device], accounts={"dev": None}), timeline=Timeline()
        )
        listener = MqttListener(NoCloud(), "dev", "extended", messages)  # type: ignore[arg-type]
        return ScenarioContext(rehearsal, fed or Fed(), {"dev": listener}, ExitStack())  # type: ignore[arg-type]

    return make


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing more will come."""
    monkeypatch.setattr(rows, "PATIENCE", 0.1)
    monkeypatch.setattr("rehearsal.extended.context.PATIENCE", 0.1)


def test_the_belt_holds_with_every_frame_once_and_the_part_in_its_place(
    context: Callable[..., ScenarioContext],
) -> None:
    earlier = [on_belt(frame) for frame in (1, 2, 9)]
    proof = rows.every_picture_of_the_belt(
        "scenario", context(lines=[*earlier, *(on_belt(frame) for frame in range(1, 21))])
    )
    assert proof.holds, proof.seen
    assert proof.seen == "20 frames on 1 devices", "an agent that starts anew counts from 1"


@pytest.mark.parametrize(
    ("lines", "seen"),
    [
        ([on_belt(1), on_belt(2), on_belt(4), on_belt(5)], "frames are missing, or there twice"),
        ([on_belt(1), on_belt(2), on_belt(2), on_belt(3)], "frames are missing, or there twice"),
        ([on_belt(1), on_belt(2, of=7), on_belt(3)], "frame 00000002"),
        ([on_belt(1), on_belt(2), prediction(BELT, "00000003", {"detections": []})], "frame 00000003"),
        ([on_belt(1)], "1 frames only"),
    ],
)
def test_the_row_of_the_belt_fails_for_missing_or_wrong_frames(
    context: Callable[..., ScenarioContext], lines: list[str], seen: str
) -> None:
    proof = rows.every_picture_of_the_belt("scenario", context(lines=lines))
    assert not proof.holds
    assert seen in proof.seen


LAB = [answered(number, topic="lab/asks") for number in range(3)]


def test_requests_hold_when_each_is_answered_rightly_at_once(context: Callable[..., ScenarioContext]) -> None:
    proof = rows.every_request("scenario", context(answers=[answered(1), answered(2), answered(3), *LAB]), 0.0)
    assert proof.holds, proof.seen
    assert proof.seen.startswith("6 requests")


@pytest.mark.parametrize(
    ("answers", "since", "seen"),
    [
        ([answered(1, label="fine"), *LAB], 0.0, "line/asks-1 wrongly"),
        ([answered(1, tries=2), *LAB], 0.0, "line/asks-1 at asking 2"),
        ([answered(1), json.dumps({"again": "line/asks-1", "asked": 100.0}), *LAB], 0.0, "line/asks-1 twice"),
        ([answered(1), *LAB], 101.5, "not both topics were answered"),
        ([], 0.0, "not both topics were answered"),
    ],
)
def test_the_row_of_requests_fails_for_wrong_or_late_answers(
    context: Callable[..., ScenarioContext], answers: list[str], since: float, seen: str
) -> None:
    proof = rows.every_request("scenario", context(answers=answers), since)
    assert not proof.holds
    assert seen in proof.seen


def scan(name: str) -> str:
    return prediction(CAMERA, name, {"label": "3", "score": 0.9})


def test_a_scan_may_not_be_predicted_twice(context: Callable[..., ScenarioContext]) -> None:
    made = context(lines=[scan("a"), scan("b"), on_belt(1)], fed=Fed("a", "b"))
    assert rows.every_scan_once("scenario", made).holds
    made.devices[0].predictions.write_text("\n".join([scan("a"), scan("a"), scan("b"), ""]))
    proof = rows.every_scan_once("scenario", made)
    assert not proof.holds
    assert proof.seen == "dev-1: 0 lost, 1 twice, 0 foreign"


def test_a_scan_without_a_prediction_is_lost(context: Callable[..., ScenarioContext]) -> None:
    proof = rows.every_scan_once("scenario", context(lines=[scan("a")], fed=Fed("a", "b")))
    assert not proof.holds
    assert "1 lost" in proof.seen


def test_a_scan_may_be_predicted_before_its_feeder_has_gone_on(context: Callable[..., ScenarioContext]) -> None:
    made = context(lines=[scan("a"), scan("b")], fed=Fed("a", next_one="b"))
    assert rows.every_scan_once("scenario", made).holds
    made.devices[0].predictions.write_text("\n".join([scan("a"), scan("c"), ""]))
    proof = rows.every_scan_once("scenario", made)
    assert not proof.holds
    assert proof.seen == "dev-1: 0 lost, 0 twice, 1 foreign"


def published(at: float, label: str, score: float = 0.95, source: str = CAMERA) -> str:
    output = {"label": label, "score": score}
    return prediction(source, f"{at:g}", output, at=at, thing="dev-1", sequence=int(at * 10))


def test_the_row_of_iot_core_holds_for_sure_and_new_predictions_within_the_rate(
    context: Callable[..., ScenarioContext],
) -> None:
    good = [published(at, label) for at, label in ((0.0, "1"), (0.6, "2"), (1.2, "1"), (5.0, "2"))]
    proof = all_at_once.to_the_cloud(context(sent=good))
    assert proof.holds, proof.seen


@pytest.mark.parametrize(
    ("sent", "seen"),
    [
        ([published(0, "1"), published(1, "2"), published(2, "1"), published(3, "2", 0.7)], "camera below 0.8"),
        ([published(0, "1"), published(1, "1"), published(2, "2"), published(3, "1")], "sent the same twice"),
        ([published(at / 10, str(at % 2)) for at in range(6)], "camera sent 6 in 0.5 s"),
        ([published(0, "1"), published(1, "2", source=LINE)], ""),
    ],
)
def test_the_row_of_iot_core_fails_for_other_predictions_than_those(
    context: Callable[..., ScenarioContext], sent: list[str], seen: str
) -> None:
    proof = all_at_once.to_the_cloud(context(sent=sent))
    assert not proof.holds
    assert seen in proof.seen


def test_lines_that_were_turned_over_are_read_in_the_order_of_time(tmp_path: Path) -> None:
    path = tmp_path / "predictions.jsonl"
    for number in range(12, 0, -1):
        path.with_name(f"{path.name}.{number}").write_text(scan(f"{12 - number:02}") + "\n")
    path.write_text(scan("12") + "\n" + scan("13")[:40])
    assert [each.frame for each in read_predictions(path)] == [f"{number:02}" for number in range(13)]
