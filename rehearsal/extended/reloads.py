"""Scenarios 2 and 5: a release changes two of four models; a release has one good and one bad model."""

import time
from collections.abc import Iterator

from rehearsal.extended import rows
from rehearsal.extended.context import ScenarioContext, comes_true, pids, serving
from rehearsal.extended.deploy_repository import DIGITS, MODELS
from rehearsal.extended.made_models import PARTS, WEAR
from rehearsal.scenarios import REJECTED
from rehearsal.timeline import Proof
from shared_schema.messages import AgentState, Reason, Verdict


def two_at_once(context: ScenarioContext) -> Iterator[Proof]:
    """Release the better digits and another make of the detector together, while all four models get requests."""
    scenario = "2 hot reload"
    before, was, began = pids(context), context.versions(), time.time()
    context.rehearsal.approve(context.digits.good[1])
    context.upload_make(PARTS, make=1)
    run = context.rehearsal.run_pipeline()
    yield Proof(
        scenario, "the pipeline brings two new models in one release", rows.went_well(context, run), rows.codes(run)
    )
    changed = sorted(name for name, version in context.versions().items() if version != was[name])
    confirmed = [device.name for device in context.devices if context.confirmed(device)]
    yield Proof(
        scenario,
        "each device serves and confirms both, and the other two as they were",
        changed == sorted([DIGITS, PARTS]) and rows.on_all(context, confirmed),
        ", ".join(f"{name} {was[name]} → {context.versions()[name]}" for name in changed),
    )
    yield rows.same_processes(scenario, context, before)
    yield rows.every_scan_once(scenario, context)
    yield rows.every_picture_of_the_belt(scenario, context)
    yield rows.every_request(scenario, context, began)


def one_of_two_is_bad(context: ScenarioContext) -> Iterator[Proof]:
    """Release a bad digits model and a good tabular one together.

    Classic validates the whole document, and takes neither. Lite does not validate, and decides on each model
    (docs/architecture.md, "Two channels")."""
    scenario = "5 one of two is bad"
    before, was, began = pids(context), context.versions(), time.time()
    context.rehearsal.approve(context.bad_digits)
    context.upload_make(WEAR, make=1)
    run = context.rehearsal.run_pipeline(gated=False)
    wanted = dict.fromkeys(context.rehearsal.world.accounts, REJECTED)
    yield Proof(
        scenario,
        "each deploy exits with 5: rejected by the devices' own checks",
        run.build.exit_code == 0 and {name: each.exit_code for name, each in run.deploys.items()} == wanted,
        rows.codes(run),
    )
    released = context.versions()
    classic, lite = context.classic, context.lite
    detailed = classic.detailed_status()
    yield Proof(
        scenario,
        "classic refuses the whole release, the good model included",
        detailed == "FAILED_NO_STATE_CHANGE" and serving(context, classic) == was,
        f"{classic.name} {detailed}, serves {_shown(serving(context, classic))}",
    )
    comes_true(lambda: serving(context, lite) == {**was, WEAR: released[WEAR]})
    models = context.shadow(lite).models
    verdicts = {name: each.said.verdict for name, each in models.items() if each.said}
    yield Proof(
        scenario,
        "lite refuses the bad one, and serves and confirms the good one",
        serving(context, lite) == {**was, WEAR: released[WEAR]}
        and verdicts == {**dict.fromkeys(MODELS, Verdict.CONFIRMED), DIGITS: Verdict.REJECTED},
        f"{lite.name} {DIGITS} {verdicts.get(DIGITS)}, {WEAR} {verdicts.get(WEAR)} {serving(context, lite).get(WEAR)}",
    )
    yield _reason_is_reported(scenario, context)
    yield rows.same_processes(scenario, context, before)
    yield rows.every_scan_once(scenario, context)
    yield rows.every_picture_of_the_belt(scenario, context)
    yield rows.every_request(scenario, context, began)


def _reason_is_reported(scenario: str, context: ScenarioContext) -> Proof:
    """Return the proof that each device names the golden samples as the reason, and lite reports what it lacks."""
    reasons = {
        device.name: {
            each.reason
            for each in context.listener(device).confirmations(device.name)
            if each.model == DIGITS and each.verdict is Verdict.REJECTED
        }
        for device in context.devices
    }
    health = context.listener(context.lite).health(context.lite.name)[-1]
    return Proof(
        scenario,
        "the refusal is reported with its reason, and lite's health is DEGRADED and says why",
        all(each == {Reason.GOLDEN} for each in reasons.values())
        and health.state is AgentState.DEGRADED
        and DIGITS in (health.why or ""),
        f"{health.state}: {(health.why or '')[:90]}…",
    )


def _shown(versions: dict[str, str | None]) -> str:
    return ", ".join(f"{name} {version}" for name, version in sorted(versions.items()))
