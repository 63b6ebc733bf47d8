"""``edge-agent check DIR``: vets a model component's folder exactly as the device will."""

import contextlib
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from edge_agent.errors import WrongUseError
from shared_schema.diagnostics import ExitCode

if TYPE_CHECKING:
    from edge_agent.vetting.folder_vetting import FolderVetting
    from edge_agent.vetting.protocol import Outcome


def check(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder that holds model.yaml and the ONNX file.")],
    json: Annotated[bool, typer.Option("--json", help="Print the outcome as one JSON object.")] = False,
    digest: Annotated[str | None, typer.Option(help="The model digest that the folder must have.")] = None,
    serving: Annotated[
        Path | None, typer.Option(help="The folder of the model that serves now, for a budget that is a ratio.")
    ] = None,
    update_golden: Annotated[
        bool,
        typer.Option(
            "--update-golden",
            help="Write what the model answers over the .npy files that its golden samples expect, then vet. "
            "Labels and boxes stay as they are.",
        ),
    ] = False,
) -> None:
    """Vet a model in a process of its own: digest, manifest, graph, load, warm-up, golden samples, cost.

    Exit code 0 when it may serve, 5 when it is rejected, 2 when there is nothing to vet, or this is not Linux.
    """
    if platform.system() != "Linux":
        raise WrongUseError(f"edge-agent vets on Linux, and this is {platform.system()}", "use a container, or WSL")
    from edge_agent.vetting.folder_vetting import folder_vetting
    from shared_schema.messages import Reason
    from shared_schema.model_manifest import MANIFEST_FILE

    for each in filter(None, (folder, serving)):
        _need_utf8(each)
        if not each.is_dir():
            raise WrongUseError(f"{each}: there is no such folder", f"name the one that holds {MANIFEST_FILE}")
    if not (folder / MANIFEST_FILE).exists():
        raise WrongUseError(f"{folder}: has no {MANIFEST_FILE}", "name the folder that holds one, or write it")
    with folder_vetting() as vetting:
        if update_golden:
            _print_updates(folder, vetting)
        outcome = vetting.vet(folder, digest, serving=serving)
    if json:
        sys.stdout.write(outcome.model_dump_json(exclude_none=True, indent=2) + "\n")
    else:
        _print_table(folder, outcome)
    if outcome.reason is Reason.DISK:
        # It says nothing of the model.
        raise typer.Exit(ExitCode.FAILED)
    raise typer.Exit(ExitCode.DONE if outcome.accepted else ExitCode.REJECTED)


def _print_updates(folder: Path, vetting: "FolderVetting") -> None:
    from edge_agent.errors import RefusedModelError
    from edge_agent.inference.model_folder import read_manifest
    from edge_agent.vetting.rewriting import expected_files

    try:
        files = expected_files(read_manifest(folder))
    except RefusedModelError as error:
        raise WrongUseError(error.problem, error.remedy) from None
    if not files:
        raise WrongUseError(f"{folder}: no golden sample expects outputs", "there is nothing to write anew")
    before = {file: _content(folder / file) for file in files}
    # Whatever refuses the model will do so again, in the vetting that follows.
    with contextlib.suppress(RefusedModelError):
        vetting.write_golden(folder)
    for file in files:
        what = "as it was" if _content(folder / file) == before[file] else "written anew"
        sys.stderr.write(f"{folder / file}: {what}\n")


def _need_utf8(folder: Path) -> None:
    from edge_agent.tasks.task import printable

    if (shown := printable(str(folder))) != str(folder):
        raise WrongUseError(f"{shown}: the name is no UTF-8", "rename the folder")


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _print_table(folder: Path, outcome: "Outcome") -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from edge_agent.vetting.protocol import STEPS

    table = Table(title=f"vetting of {escape(str(folder))}")
    table.add_column("step")
    table.add_column("ms", justify="right")
    table.add_column("")
    last = list(outcome.steps_ms)[-1] if outcome.steps_ms else STEPS[0]
    for step in STEPS:
        took = outcome.steps_ms.get(step)
        failed = not outcome.accepted and step == last
        verdict = "not begun" if took is None else "refused" if failed else "ok"
        table.add_row(step, "" if took is None else f"{took:.1f}", verdict)
    console = Console(soft_wrap=True)
    console.print(table)
    if outcome.digest:
        console.print(f"model digest {outcome.digest}", highlight=False)
    if outcome.accepted:
        console.print(f"accepted: an inference costs {outcome.cost_ms or 0.0:.2f} ms of CPU", highlight=False)
    else:
        console.print(f"rejected ({outcome.reason}): {outcome.words}", highlight=False, markup=False)
