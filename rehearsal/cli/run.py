"""`mlops-rehearsal run`: rehearses a release of a repository, and prints the table of proofs."""

import logging
import signal
import sys
import threading
from pathlib import Path
from types import FrameType, TracebackType
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from rehearsal.rehearse import Outcome

_LAST_LINES = 20


class Interruption:
    """Raises ``KeyboardInterrupt`` at Ctrl-C as usual, and remembers it. A context manager of the main thread.

    In a destructor Python only prints KeyboardInterrupt, and the program goes on: ``check`` raises it then.

    It is raised only once: a second Ctrl-C must not cut the shutdown short, which has deadlines.
    """

    def __init__(self) -> None:
        self._came = threading.Event()

    def __enter__(self) -> "Interruption":
        self._former = signal.signal(signal.SIGINT, self._come)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        signal.signal(signal.SIGINT, self._former)

    def check(self) -> None:
        """Raise ``KeyboardInterrupt`` if an earlier one was lost. Called at each step."""
        if self._came.is_set():
            raise KeyboardInterrupt

    def _come(self, _number: int, _frame: FrameType | None) -> None:
        if not self._came.is_set():
            self._came.set()
            raise KeyboardInterrupt


def run(
    devices: Annotated[
        int | None, typer.Option(help="Classic devices, between preprod and prod; 3 by default.")
    ] = None,
    repository: Annotated[Path, typer.Option(help="The deploy repository to rehearse.")] = Path(),
    model_data: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=FOLDER",
            help="A version of a model: the config's key, and a folder whose files are its model.tar.gz. Once for each "
            "version, the older first. Without it: the folders in versions/ of the model's component, by their names.",
        ),
    ] = None,
    bad_data: Annotated[
        list[str] | None,
        typer.Option(
            "--bad",
            metavar="NAME=FOLDER",
            help="A version that devices must refuse. Without it: versions/bad of the component.",
        ),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            metavar="NAME=FOLDER",
            help="Files to feed to a model. Without it: the inputs of its golden samples.",
        ),
    ] = None,
    folder: Annotated[Path, typer.Option(help="Folder for logs and report; emptied first.")] = Path("rehearsed/run"),
    enforce_iam: Annotated[
        bool, typer.Option("--enforce-iam", help="Each process runs under its role from infra_policies/.")
    ] = False,
    bare: Annotated[
        bool,
        typer.Option(
            "--bare",
            help="Each stage has what its pipeline gives it and nothing else, and installs the tool from that. "
            "--extended does so by itself.",
        ),
    ] = False,
    extended: Annotated[
        bool,
        typer.Option("--extended", help="What else an agent does: many models, sources, sinks, commands, bad days."),
    ] = False,
) -> None:
    """Run a whole release on this machine, and show the proofs. Exit code 1 if a row does not hold.

    The sources that the agent's settings name are fed: files into a folder, requests to a local topic. Scenarios that
    need a second version, or a bad one, are left out without it; the table says how to add it.
    """
    from greengrass_emulator.log_lines import log_to_file
    from rich.console import Console

    from rehearsal.errors import WrongUse
    from rehearsal.extended.deploy_repository import extended_subject
    from rehearsal.extended.program import extended_program
    from rehearsal.needed_extras import need_extras
    from rehearsal.own_folder import own_folder
    from rehearsal.policy_proof.enforcing import EnforcedRoles
    from rehearsal.program import standard_program
    from rehearsal.rehearse import rehearse
    from rehearsal.subject import subject_of
    from rehearsal.timeline import Proof

    if extended and (enforce_iam or devices is not None):
        raise WrongUse("--extended has its own two devices, and no roles", "leave out --devices and --enforce-iam")
    if extended and (model_data or bad_data or inputs):
        raise WrongUse("--extended makes its own models beside the digits", "leave out --model-data, --bad and --input")
    if bare and enforce_iam:
        raise WrongUse("--bare stages have the emulated cloud's own keys, and no roles", "leave out one of the two")
    if extended:
        program, subject = extended_program(repository, bare=True), extended_subject(repository)
    else:
        program = standard_program(3 if devices is None else devices, bare=bare)
        subject = subject_of(repository, model_data or (), bad_data or (), inputs or ())
    need_extras(subject.models)
    console = Console(highlight=False)
    interruption = Interruption()

    def tell(words: str, proof: Proof | None) -> None:
        interruption.check()
        if proof is None:
            console.print(f"  … {words}")
        else:
            colour = "green" if proof.holds else "red"
            console.print(f"  [{colour}]{proof.mark}[/] {proof.scenario}: {proof.claim}")

    try:
        roles = EnforcedRoles(repository.absolute(), folder.absolute()) if enforce_iam else None
        with interruption, own_folder(folder):
            log_to_file(folder / "emulator.log", logging.INFO)
            outcome = rehearse(subject, folder.absolute(), program=program, tell=tell, permissions=roles)
    except KeyboardInterrupt:
        console.print("ended by Ctrl-C; everything that was started has been ended")
        raise typer.Exit(130) from None
    _print_outcome(console, outcome, folder)
    if not outcome.holds:
        raise typer.Exit(1)


def _print_outcome(console: "Console", outcome: "Outcome", folder: Path) -> None:
    from rehearsal.report import proofs_table, summary_lines

    console.print(proofs_table(outcome.proofs))
    for line in summary_lines(outcome.summary):
        console.print(line)
    console.print(f"Every log is in {folder}/; the timeline is in {folder}/{outcome.report.name}")
    console.print(f"The tool that was rehearsed: {_shown(Path(sys.executable).parent / 'cloud-publisher')}")
    if not outcome.holds:
        failed = next(proof for proof in outcome.proofs if not proof.holds)
        console.print(f"[red]Does not hold:[/] {failed.scenario}: {failed.claim} (seen: {failed.seen})")
        if outcome.failed_log:
            console.print(f"The end of {outcome.failed_log}:")
            for line in outcome.failed_log.read_text(errors="replace").splitlines()[-_LAST_LINES:]:
                console.print(f"  {line}", markup=False)


def _shown(path: Path) -> str:
    """Return a path as it is typed here: relative where it is below the current folder."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
