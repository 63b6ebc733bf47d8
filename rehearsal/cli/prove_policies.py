"""`mlops-rehearsal prove-policies`: proves infra_policies by a release with enforced permissions."""

from pathlib import Path
from typing import Annotated

import typer


def prove_policies(
    repository: Annotated[Path, typer.Option(help="The deploy repository whose release is run.")] = Path(),
    folder: Annotated[Path, typer.Option(help="Where logs and the recording go; emptied first.")] = Path(
        "rehearsed/policies"
    ),
    write: Annotated[
        Path | None, typer.Option(help="A page to write the proof's tables into, such as docs/policies.md.")
    ] = None,
) -> None:
    """Run a release with enforced permissions; show what each statement is for. Exit code 1 if the proof fails."""
    import logging

    from greengrass_emulator.log_lines import log_to_file

    from rehearsal.own_folder import own_folder
    from rehearsal.policy_proof.page import proof_text, with_proof
    from rehearsal.policy_proof.running import run_and_prove

    with own_folder(folder):
        log_to_file(folder / "emulator.log", logging.INFO)
        found = run_and_prove(repository.absolute(), folder.absolute(), lambda words: typer.echo(f"  … {words}"))
    (folder / "proof.md").write_text(proof_text(found), encoding="utf-8")
    if write is not None:
        write.write_text(with_proof(write.read_text(encoding="utf-8"), found), encoding="utf-8")
    for fault in found.proof.faults:
        typer.echo(f"  ✗ {fault}", err=True)
    for attack in found.attacks:
        if not attack.denied:
            typer.echo(f"  ✗ {attack.thief}: {attack.attempt}: {attack.answer}", err=True)
    statements = found.proof.statements
    carried = sum(each.carried is not None for each in statements)
    denied = sum(attack.denied for attack in found.attacks)
    typer.echo(f"{found.proof.judged} calls were judged; {denied} of {len(found.attacks)} attacks were denied")
    typer.echo(f"{carried} of {len(statements)} statements carry a call; the tables are in {folder}/proof.md")
    if not found.holds:
        raise typer.Exit(1)
