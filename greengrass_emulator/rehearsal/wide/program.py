"""The wide rehearsal's program: one lite device in dev, one classic in prod, and seven acts."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from greengrass_emulator.rehearsal.acts import Stagecraft
from greengrass_emulator.rehearsal.feeder import Feeder
from greengrass_emulator.rehearsal.program import Program
from greengrass_emulator.rehearsal.timeline import Proof
from greengrass_emulator.rehearsal.wide.all_at_once import all_at_once
from greengrass_emulator.rehearsal.wide.bad_days import bad_days
from greengrass_emulator.rehearsal.wide.commands import commands
from greengrass_emulator.rehearsal.wide.deploy_repository import application_of, write_repository
from greengrass_emulator.rehearsal.wide.ear import Ear
from greengrass_emulator.rehearsal.wide.new_agent import new_agent
from greengrass_emulator.rehearsal.wide.play import Play
from greengrass_emulator.rehearsal.wide.reloads import one_of_two_is_bad, two_at_once
from greengrass_emulator.rehearsal.wide.without_nucleus import without_nucleus
from greengrass_emulator.rehearsal.world import Group

GROUPS = {"dev": Group({"dev-1": "lite"}), "prod": Group({"prod-1": "classic"})}
Act = Callable[[Play], Iterator[Proof]]
ACTS: tuple[Act, ...] = (
    all_at_once,
    two_at_once,
    commands,
    bad_days,
    one_of_two_is_bad,
    new_agent,
    without_nucleus,
)


def wide(repository: Path, acts: Sequence[Act] = ACTS) -> Program:
    """The whole of it, or a cut; the first act is the ground of the others.

    Raises ``RehearsalError`` for a repository that it cannot be played with.
    """
    return Program(GROUPS, partial(_play, application_of(repository), acts), write_repository)


def _play(
    application: str, acts: Sequence[Act], stage: Stagecraft, feeder: Feeder, stack: ExitStack
) -> Iterator[Proof]:
    """Act by act; after one with a row that does not hold, the rest would only tell of that row."""
    ears = {
        account: Ear(
            stage.world.cloud, account, application, stack.enter_context(stage.world.cloud.listen("#", account=account))
        )
        for account in stage.world.accounts
    }
    play = Play(stage, feeder, ears, stack)
    # From the beginning: what comes before there is a folder to put it into is not fed.
    stack.enter_context(feeder)
    for act in acts:
        held = True
        for proof in act(play):
            held = held and proof.holds
            yield proof
        if not held:
            return
