"""``cloud-publisher init``: a new deploy repository that `validate` and a rehearsal accept as it stands."""

from pathlib import Path
from typing import Annotated

import typer

from cloud_publisher.cli.output import JsonOption, Output


def init(
    folder: Annotated[Path, typer.Argument(help="Where it goes; what is there already is never overwritten.")] = Path(),
    as_json: JsonOption = False,
) -> None:
    """Write a working deploy repository: config, one model component, the agent, both buildspecs, README."""
    from cloud_publisher.initialising.contents import repository_files
    from cloud_publisher.initialising.writing import write_new

    output = Output(as_json=as_json)
    written = write_new(folder, repository_files())
    output.show(
        {"folder": str(folder), "files": [str(path) for path in written]},
        f"{folder}: {len(written)} files; README.md says what is what. Next: cloud-publisher validate",
    )
