"""Scenario 1: one release of four models, which read four sources and write to four sinks."""

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from rehearsal.extended import rows
from rehearsal.extended.context import ScenarioContext, where_it_comes_true
from rehearsal.extended.deploy_repository import (
    A_SECOND,
    HARD_SAMPLES,
    KEPT_PICTURES,
    MAX_BYTES,
    MODELS,
    SOURCES,
    SURE,
    UNSURE,
)
from rehearsal.extended.made_models import MADE, write_belt
from rehearsal.extended.recorded_answers import received_on, refused_on
from rehearsal.feeder import read_predictions
from rehearsal.rows import as_another_user, installed_by_each_stage, with_their_own_python
from rehearsal.timeline import Proof
from rehearsal.world import Device
from shared_schema.diagnostics import first_few
from shared_schema.messages import Prediction, PublishedPrediction

SCENARIO = "1 all at once"
_JITTER = 0.25
"""Seconds. A prediction's timestamp is taken before it reaches the sinks, which may be late on a busy machine."""
_OVERLAP = 2
"""Entries that a bounded folder may have above its bound while one is being written."""


def all_at_once(context: ScenarioContext) -> Iterator[Proof]:
    """Run the first release, and check what the sinks got."""
    for device in context.devices:
        write_belt(device.work / "belt.avi")
    for model in MADE:
        context.upload_make(model, make=0)
    context.rehearsal.approve(context.digits.good[0])
    run = context.rehearsal.run_pipeline()
    yield Proof(
        SCENARIO, "build, and publish and deploy in both accounts", rows.went_well(context, run), rows.codes(run)
    )
    if not rows.went_well(context, run):
        return
    confirmed = [device.name for device in context.devices if context.confirmed(device)]
    yield Proof(
        SCENARIO,
        f"each device serves and confirms {len(MODELS)} models in one agent",
        rows.on_all(context, confirmed),
        ", ".join(f"{name} {version}" for name, version in context.versions().items()),
    )
    yield installed_by_each_stage(SCENARIO, context.rehearsal, run)
    yield as_another_user(SCENARIO, context.rehearsal)
    yield with_their_own_python(SCENARIO, context.rehearsal)
    yield rows.every_scan_once(SCENARIO, context)
    yield rows.every_picture_of_the_belt(SCENARIO, context)
    yield rows.every_request(SCENARIO, context, 0.0, first=False)
    refused = {device.name: refused_on(device) for device in context.devices}
    yield Proof(
        SCENARIO,
        "a component is refused a topic that its access control does not name",
        set(refused.values()) == {"UnauthorizedError"},
        ", ".join(f"{name} {error}" for name, error in refused.items()),
    )
    yield from _sinks(context)


def _sinks(context: ScenarioContext) -> Iterator[Proof]:
    turned = where_it_comes_true(context.devices, lambda device: len(_turned_over(device)) > 0)
    sizes = [path.stat().st_size for device in context.devices for path in _turned_over(device)]
    yield Proof(
        SCENARIO,
        "JSON-lines files are rotated when they are full, and every line is whole",
        rows.on_all(context, turned) and max(sizes, default=0) <= MAX_BYTES,
        f"{len(sizes)} full files of {MAX_BYTES} bytes at most",
    )
    received = where_it_comes_true(
        context.devices, lambda device: {source for source, _ in received_on(device)} == set(SOURCES)
    )
    foreign = sum(len(set(received_on(device)) - _written(device)) for device in context.devices)
    yield Proof(
        SCENARIO,
        "another component receives the predictions of every source on the local topic",
        rows.on_all(context, received) and foreign == 0,
        f"{sum(len(received_on(device)) for device in context.devices)} predictions, {foreign} of them not in the file",
    )
    yield to_the_cloud(context)
    kept = where_it_comes_true(context.devices, lambda device: len(_pictures(device)) >= KEPT_PICTURES)
    most = max(len(_pictures(device)) for device in context.devices)
    yield Proof(
        SCENARIO,
        f"annotated images are kept, the newest {KEPT_PICTURES}",
        rows.on_all(context, kept) and most <= KEPT_PICTURES + _OVERLAP,
        ", ".join(f"{device.name} {len(_pictures(device))}" for device in context.devices),
    )
    kept = where_it_comes_true(context.devices, lambda device: len(_hard(device)) >= HARD_SAMPLES)
    least = [_least(each) for device in context.devices for each in _hard(device)]
    most = max(len(_hard(device)) for device in context.devices)
    yield Proof(
        SCENARIO,
        f"hard samples are kept with their predictions, the newest {HARD_SAMPLES}, and only those below {UNSURE}",
        rows.on_all(context, kept) and most <= HARD_SAMPLES + _OVERLAP and max(least, default=1.0) < UNSURE,
        f"scores {min(least, default=0.0):.2f} to {max(least, default=0.0):.2f}",
    )


def to_the_cloud(context: ScenarioContext) -> Proof:
    """Return the proof that the broker gets only sure and new predictions, at no more than the rate."""
    came = where_it_comes_true(context.devices, lambda device: len(_published(context, device)) >= len(SOURCES))
    faults, sent, lines = [], 0, 0
    for device in context.devices:
        published = _published(context, device)
        sent += len(published)
        lines += len(_written(device))
        for source in SOURCES:
            own = sorted((each for each in published if each.source == source), key=lambda each: each.timestamp)
            if any(_best(each) < SURE for each in own):
                faults.append(f"{device.name}: {source} below {SURE}")
            if any(_labels(one) == _labels(other) for one, other in pairwise(own)):
                faults.append(f"{device.name}: {source} sent the same twice")
            span = (own[-1].timestamp - own[0].timestamp).total_seconds() if own else 0.0
            if len(own) > (span + _JITTER) * A_SECOND + 1:
                faults.append(f"{device.name}: {source} sent {len(own)} in {span:.1f} s")
    return Proof(
        SCENARIO,
        f"IoT Core gets only sure ({SURE} and more) and new predictions, at most {A_SECOND:g} a second and source",
        rows.on_all(context, came) and not faults,
        "; ".join(first_few(faults, 3)) or f"{sent} of {lines} predictions",
    )


def _published(context: ScenarioContext, device: Device) -> list[PublishedPrediction]:
    return context.listener(device).predictions(device.name, MODELS)


def _turned_over(device: Device) -> list[Path]:
    return list(device.predictions.parent.glob(f"{device.predictions.name}.*"))


def _written(device: Device) -> set[tuple[str, str]]:
    return {(each.source, each.frame) for each in read_predictions(device.predictions)}


def _pictures(device: Device) -> list[str]:
    return [path.name for path in (device.work / "annotated").glob("[!.]*.jpg")]


def _hard(device: Device) -> list[Prediction]:
    found = []
    for path in (device.work / "hard-samples").glob("[!.]*.json"):
        try:
            found.append(Prediction.model_validate_json(path.read_bytes()))
        except FileNotFoundError:
            # It was the oldest, and the agent has just deleted it.
            continue
    return found


def _scores(prediction: Prediction) -> list[float]:
    output = prediction.output
    found = output.get("detections") or output.get("rows") or [output]
    return [float(each["score"]) for each in found if "score" in each]


def _least(prediction: Prediction) -> float:
    return min(_scores(prediction), default=1.0)


def _best(prediction: Prediction) -> float:
    return max(_scores(prediction), default=0.0)


def _labels(prediction: Prediction) -> tuple[str, ...]:
    output = prediction.output
    found = output.get("detections") or output.get("rows") or [output]
    return tuple(str(each.get("label")) for each in found)
