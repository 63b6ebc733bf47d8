"""Scenario 6: a release has a new version of the agent while the line is busy, and takes the bad model back."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

from rehearsal.extended import rows
from rehearsal.extended.context import ScenarioContext, agent_log, pids
from rehearsal.extended.deploy_repository import BUSY_LIMIT, renew_agent
from rehearsal.extended.recorded_answers import ask_slowly, asked_on
from rehearsal.pipeline import PipelineRun
from rehearsal.timeline import Proof

_SCENARIO = "6 new agent"
_STAMP = len("2026-01-01 00:00:00,000")
_SECONDS_TO_DEFER = 120.0
_SLACK = 0.5
"""Seconds. The deferral counts from the nucleus's question, a little before the agent logs it."""


def new_agent(context: ScenarioContext) -> Iterator[Proof]:
    """Reject the bad package and renew the agent, while the classic device is busy."""
    context.rehearsal.take_back(context.bad_digits)
    renew_agent(context.rehearsal.pipeline.source)
    before, known, classic = pids(context), len(agent_log(context.classic)), context.classic
    run, on_time = _release_while_busy(context, known)
    log = agent_log(classic)[known:]
    yield Proof(
        _SCENARIO, "the pipeline brings the new agent, then the models", rows.went_well(context, run), rows.codes(run)
    )
    deferred, ended = _moments(log, "update deferred"), _moments(log, "ending signal=15")
    waited = ended[0] - deferred[0] if deferred and ended else 0.0
    yield Proof(
        _SCENARIO,
        f"classic's update waits while the line is busy, {BUSY_LIMIT:g} s at the most",
        on_time and len(deferred) > 1 and waited >= BUSY_LIMIT - _SLACK,
        f"{classic.name}: deferred {len(deferred)} times, ended after {waited:.1f} s",
    )
    finished = [
        each
        for each in asked_on(classic).answered
        if ended and each.asked < ended[0] < each.answered and each.tries == 1 and each.right
    ]
    yield Proof(
        _SCENARIO,
        "the old agent finishes and answers the requests in flight before it ends",
        bool(finished) and "given up" not in log,
        ", ".join(f"{each.request} took {each.answered - each.asked:.1f} s" for each in finished)
        or "nothing in flight",
    )
    after = pids(context)
    version = context.release().agent
    runs = {
        device.name: status.components[device.agent.name].version
        for device in context.devices
        if (status := device.status())
    }
    yield Proof(
        _SCENARIO,
        "every device runs the new agent, in a new process",
        version is not None
        and set(runs.values()) == {version.version}
        and all(after[name] not in {None, pid} for name, pid in before.items()),
        ", ".join(f"{name} {number}" for name, number in runs.items()),
    )
    confirmed = [device.name for device in context.devices if context.confirmed(device)]
    yield Proof(
        _SCENARIO,
        "every device serves and confirms the good models, the one that was refused with the bad one too",
        rows.on_all(context, confirmed),
        ", ".join(f"{name} {number}" for name, number in context.versions().items()),
    )
    yield rows.every_scan_once(_SCENARIO, context)
    yield rows.every_picture_of_the_belt(_SCENARIO, context)
    yield rows.every_request(_SCENARIO, context, time.time(), first=False)


def _release_while_busy(context: ScenarioContext, known: int) -> tuple[PipelineRun, bool]:
    """Run the pipeline while the classic device is busy; also return whether its agent gave in by itself."""
    busy = context.classic.work / "busy"
    busy.touch()
    try:
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="release") as pool:
            running = pool.submit(context.rehearsal.run_pipeline)
            ends = time.monotonic() + _SECONDS_TO_DEFER
            slowly = gave_in = False
            while not (gave_in or running.done() or time.monotonic() > ends):
                log = agent_log(context.classic)[known:]
                if "update deferred" in log and not slowly:
                    slowly = True
                    ask_slowly(context.classic, slowly=True)
                gave_in = "busy for too long" in log
                time.sleep(0.1)
            # The release's second deployment must not be deferred again.
            busy.unlink(missing_ok=True)
            while "ending signal=" not in agent_log(context.classic)[known:] and not running.done():
                time.sleep(0.1)
            ask_slowly(context.classic, slowly=False)
            return running.result(), gave_in
    finally:
        busy.unlink(missing_ok=True)
        ask_slowly(context.classic, slowly=False)


def _moments(log: str, words: str) -> list[float]:
    """Return when the agent logged ``words``, in seconds since the epoch."""
    return [
        datetime.strptime(line.removeprefix('at="')[:_STAMP], "%Y-%m-%d %H:%M:%S,%f").timestamp()
        for line in log.splitlines()
        if words in line
    ]
