"""``cloud-publisher init``: a new deploy repository that `validate` and a rehearsal accept as it stands."""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated

import typer

from cloud_publisher.cli.options import BucketOption
from cloud_publisher.cli.output import JsonOption, Output


def init(
    folder: Annotated[Path, typer.Argument(help="Where it goes; what is there already is never overwritten.")] = Path(),
    stage: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=ACCOUNT:REGION[:GROUP]",
            help="An account of the pipeline, dev first; several times. Writes stages: and infrastructure/ too.",
        ),
    ] = None,
    from_config: Annotated[
        Path | None,
        typer.Option(help="Write infrastructure/ alone: the stacks of the accounts in stages: of this config."),
    ] = None,
    bucket: BucketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write a working deploy repository: config, one model component, the agent, both buildspecs, and the tool
    itself in tools/, which is all that they install of ours.

    With the accounts (--stage dev=… --stage preprod=… --stage prod=…) also their CloudFormation stacks and parameters.
    """
    from cloud_publisher.errors import WrongUseError
    from cloud_publisher.initialising.contents import repository_tools
    from cloud_publisher.initialising.writing import not_there_yet, write_new

    if stage and from_config:
        raise WrongUseError(
            "--stage and --from-config are both given",
            "give --stage for a new repository, or --from-config for one whose config has stages:",
        )
    output = Output(as_json=as_json)
    lacks: Sequence[str] = ()
    if from_config:
        contents = not_there_yet(folder, _infrastructure_of(from_config, bucket))
        page = "infrastructure/README.md says how the stacks come up"
    else:
        contents = _repository(stage or [], bucket)
        tools = repository_tools()
        contents, lacks = {**contents, **tools.files}, tools.lacks
        page = "README.md says what is what. Next: cloud-publisher validate"
    written = write_new(folder, contents)
    output.show(
        {"folder": str(folder), "files": [str(path) for path in written], "lacks": [*lacks]},
        f"{folder}: {len(written)} files; {page}" if written else f"{folder}: nothing to write, all of it is there",
    )
    for each in lacks:
        output.warn(f"note: {each}")


def _repository(stages: list[str], bucket: str | None) -> dict[PurePosixPath, bytes]:
    from cloud_publisher.errors import InvalidDocumentError
    from cloud_publisher.initialising.contents import CONFIG, repository_files

    if not stages:
        return repository_files()
    from cloud_publisher.initialising.infrastructure import infrastructure_files
    from cloud_publisher.initialising.new_stages import accounts_of, as_options, check_config, read_stage_options

    contents = repository_files(accounts_of(read_stage_options(stages), bucket))
    document = check_config(contents[CONFIG].decode(), str(CONFIG))
    try:
        return {**contents, **infrastructure_files(document, None)}
    except InvalidDocumentError as error:
        raise as_options(error) from None


def _infrastructure_of(config: Path, bucket: str | None) -> dict[PurePosixPath, bytes]:
    from cloud_publisher.documents import read_config
    from cloud_publisher.initialising.infrastructure import infrastructure_files

    return infrastructure_files(read_config(config), bucket)
