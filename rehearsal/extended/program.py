"""The extended rehearsal's program: one lite device in dev, one classic in prod, and eight scenarios."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from rehearsal.context import Rehearsal
from rehearsal.extended.all_at_once import all_at_once
from rehearsal.extended.bad_days import bad_days
from rehearsal.extended.commands import commands
from rehearsal.extended.context import ScenarioContext
from rehearsal.extended.deploy_repository import application_of, write_repository
from rehearsal.extended.from_wheels import from_wheels
from rehearsal.extended.mqtt_listener import MqttListener
from rehearsal.extended.new_agent import new_agent
from rehearsal.extended.reloads import one_of_two_is_bad, two_at_once
from rehearsal.extended.without_nucleus import without_nucleus
from rehearsal.feeder import Feeder
from rehearsal.program import Program
from rehearsal.timeline import Proof
from rehearsal.world import Group

GROUPS = {"dev": Group({"dev-1": "lite"}), "prod": Group({"prod-1": "classic"})}
Scenario = Callable[[ScenarioContext], Iterator[Proof]]
SCENARIOS: tuple[Scenario, ...] = (
    all_at_once,
    two_at_once,
    commands,
    bad_days,
    one_of_two_is_bad,
    new_agent,
    without_nucleus,
    from_wheels,
)


def extended_program(repository: Path, scenarios: Sequence[Scenario] = SCENARIOS, *, bare: bool = False) -> Program:
    """Return the program with these scenarios. The later ones need what the first has released.

    ``bare`` is that of a ``Program``. Raises ``RehearsalError`` if the repository lacks agent or digits.
    """
    run = partial(_run_scenarios, application_of(repository), scenarios)
    return Program(GROUPS, run, write_repository, bare=bare)


def _run_scenarios(
    application: str, scenarios: Sequence[Scenario], rehearsal: Rehearsal, feeders: Sequence[Feeder], stack: ExitStack
) -> Iterator[Proof]:
    """Run the scenarios in order. Stop after one with a failed row: the later ones would fail for the same reason."""
    listeners = {
        account: MqttListener(
            rehearsal.world.cloud,
            account,
            application,
            stack.enter_context(rehearsal.world.cloud.listen("#", account=account)),
        )
        for account in rehearsal.world.accounts
    }
    (feeder,) = feeders
    context = ScenarioContext(rehearsal, feeder, listeners, stack)
    # It runs from the beginning: as long as an agent's folder does not exist, nothing is fed to it.
    stack.enter_context(feeder)
    for scenario in scenarios:
        held = True
        for proof in scenario(context):
            held = held and proof.holds
            yield proof
        if not held:
            return
