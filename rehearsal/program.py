"""What a rehearsal runs: its devices and its scenarios. World and pipeline are the same for all programs."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from rehearsal import scenarios
from rehearsal.context import Rehearsal
from rehearsal.errors import WrongUse
from rehearsal.feeder import Feeder
from rehearsal.timeline import Proof
from rehearsal.world import Group, Runtime


def as_it_is(source: Path) -> None:
    """Leave the pipeline's copy of the repository as it was copied."""


@dataclass(frozen=True, slots=True)
class Program:
    """``scenarios`` yields the proofs one by one. It puts what it starts, such as the feeders, on the stack.

    ``write`` changes the pipeline's copy of the repository before the first scenario. If ``bare``, each stage runs in a
    container of its own, and installs the tool from what its pipeline gives it.
    """

    groups: Mapping[str, Group]
    scenarios: Callable[[Rehearsal, Sequence[Feeder], ExitStack], Iterator[Proof]]
    write: Callable[[Path], None] = as_it_is
    bare: bool = False


def standard_program(devices: int, *, bare: bool = False) -> Program:
    """Return the standard rehearsal. Raises ``WrongUse`` for fewer than 2 or more than 100 classic devices."""
    return Program(groups_of(devices), _run_scenarios, bare=bare)


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


def _run_scenarios(rehearsal: Rehearsal, feeders: Sequence[Feeder], stack: ExitStack) -> Iterator[Proof]:
    """Run the scenarios in order. Stop after one with a failed row: the later ones would fail for the same reason."""
    first = scenarios.first_release(rehearsal)
    yield from first
    if not all(proof.holds for proof in first):
        return
    for feeder in feeders:
        stack.enter_context(feeder)
    for scenario in _after_the_first(rehearsal, feeders):
        rows = scenario()
        yield from rows
        if not all(proof.holds for proof in rows):
            return


def _after_the_first(rehearsal: Rehearsal, feeders: Sequence[Feeder]) -> Iterator[Callable[[], list[Proof]]]:
    most = max(len(each.good) for each in rehearsal.models)
    for number in range(1, max(most, 2)):
        yield partial(scenarios.hot_reload, rehearsal, feeders, number)
    yield partial(scenarios.refusal, rehearsal, feeders)
    yield partial(scenarios.way_back, rehearsal, feeders)
    yield partial(scenarios.nothing_to_do, rehearsal)
