"""What a rehearsal runs: its devices and its scenarios. World and pipeline are the same for all programs."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rehearsal import scenarios
from rehearsal.errors import WrongUse
from rehearsal.feeder import Feeder
from rehearsal.scenarios import Rehearsal
from rehearsal.timeline import Proof
from rehearsal.world import Group, Runtime


def as_it_is(source: Path) -> None:
    """Leave the pipeline's copy of the repository as it was copied."""


@dataclass(frozen=True, slots=True)
class Program:
    """``scenarios`` yields the proofs one by one. It puts what it starts, such as the feeder, on the stack.

    ``write`` changes the pipeline's copy of the repository before the first scenario. If ``bare``, each stage runs in a
    container of its own, and installs the tool from what its pipeline gives it.
    """

    groups: Mapping[str, Group]
    scenarios: Callable[[Rehearsal, Feeder, ExitStack], Iterator[Proof]]
    write: Callable[[Path], None] = as_it_is
    bare: bool = False


def standard_program(devices: int) -> Program:
    """Return the standard rehearsal. Raises ``WrongUse`` for fewer than 2 or more than 100 classic devices."""
    return Program(groups_of(devices), _run_scenarios)


def groups_of(devices: int) -> dict[str, Group]:
    """Return one lite device in dev, and ``devices`` classic ones in preprod and prod; prod has the larger half.

    Raises ``WrongUse`` for fewer than 2 (each of the two accounts needs one) or more than 100.
    """
    if not 2 <= devices <= 100:
        raise WrongUse(f"--devices {devices}: is not possible", "give 2 to 100 devices, for preprod and prod together")
    classic: Runtime = "classic"
    preprod = devices // 2
    return {
        "dev": Group({"dev-1": "lite"}),
        "preprod": Group({f"preprod-{number + 1}": classic for number in range(preprod)}),
        "prod": Group({f"prod-{number + 1}": classic for number in range(devices - preprod)}),
    }


def _run_scenarios(rehearsal: Rehearsal, feeder: Feeder, stack: ExitStack) -> Iterator[Proof]:
    """Run the scenarios in order. Stop after one with a failed row: the later ones would fail for the same reason."""
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
