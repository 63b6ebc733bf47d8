"""What a rehearsal plays: which devices there are, and which scenarios, over the same world and pipeline."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from greengrass_emulator.errors import WrongUse
from greengrass_emulator.rehearsal import scenarios
from greengrass_emulator.rehearsal.feeder import Feeder
from greengrass_emulator.rehearsal.scenarios import Rehearsal
from greengrass_emulator.rehearsal.timeline import Proof
from greengrass_emulator.rehearsal.world import Group, Runtime


def as_it_is(source: Path) -> None:
    """The pipeline's copy of the repository stays as it was copied."""


@dataclass(frozen=True, slots=True)
class Program:
    """``scenarios`` gives the proofs one by one; what it starts, such as the feeder, it puts on the stack.

    ``write`` makes the pipeline's copy of the repository what the scenarios need, before the first of them.
    """

    groups: Mapping[str, Group]
    scenarios: Callable[[Rehearsal, Feeder, ExitStack], Iterator[Proof]]
    write: Callable[[Path], None] = as_it_is


def standard_program(devices: int) -> Program:
    """The dress rehearsal. Raises ``WrongUse`` for a number of classic devices that cannot be meant."""
    return Program(groups_of(devices), _run_scenarios)


def groups_of(devices: int) -> dict[str, Group]:
    """One lite device in dev, and ``devices`` classic ones between preprod and prod, prod having the larger half.

    Raises ``WrongUse`` for fewer than two: each of the two accounts wants one.
    """
    if not 2 <= devices <= 100:
        raise WrongUse(f"--devices {devices}: between 2 and 100 devices stand in preprod and prod; name such a number")
    classic: Runtime = "classic"
    preprod = devices // 2
    return {
        "dev": Group({"dev-1": "lite"}),
        "preprod": Group({f"preprod-{number + 1}": classic for number in range(preprod)}),
        "prod": Group({f"prod-{number + 1}": classic for number in range(devices - preprod)}),
    }


def _run_scenarios(rehearsal: Rehearsal, feeder: Feeder, stack: ExitStack) -> Iterator[Proof]:
    """Scenario by scenario; after one with a row that does not hold, the rest would only tell of that row."""
    first = scenarios.first_release(rehearsal)
    yield from first
    if not all(proof.holds for proof in first):
        return
    stack.enter_context(feeder)
    for scenario in (scenarios.better_model, scenarios.bad_model, scenarios.way_back):
        rows = scenario(rehearsal, feeder)
        yield from rows
        if not all(proof.holds for proof in rows):
            return
    yield from scenarios.nothing_to_do(rehearsal)
