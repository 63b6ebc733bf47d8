"""``cloud-publisher init``: a new deploy repository that `validate` and a rehearsal accept as it stands.

With ``--upgrade``, one that exists gets what this version would write: the difference first, and all or nothing.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_publisher.cli.options import BucketOption
from cloud_publisher.cli.output import JsonOption, Output

if TYPE_CHECKING:
    from cloud_publisher.initialising.record import Offline
    from cloud_publisher.initialising.tools import Tools
    from cloud_publisher.initialising.wheel_file import Wheel
    from shared_schema.config import Config


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
    platform: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG",
            help="The machines of your devices, by pip's tag, such as manylinux_2_28_aarch64; several times.",
        ),
    ] = None,
    upgrade: Annotated[
        bool, typer.Option("--upgrade", help="Bring a repository that exists to this version; what you changed stays.")
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="With --upgrade: write it without asking; else a pipeline ends with 3.")
    ] = False,
    offline_tools: Annotated[
        bool | None,
        typer.Option(
            "--offline-tools/--no-offline-tools",
            help="Put everyone's wheels into tools/, for a build account without an index.",
            show_default=False,
        ),
    ] = None,
    tools_platform: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG", help="With --offline-tools: the build account's machine, such as manylinux_2_28_x86_64."
        ),
    ] = None,
    tools_python: Annotated[
        str | None,
        typer.Option(metavar="VERSION", help="With --offline-tools: the build account's Python, such as 3.12."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Write a working deploy repository: config, one model component, the agent, both buildspecs, and the tool itself.

    With the accounts (--stage dev=… --stage preprod=… --stage prod=…) also their CloudFormation stacks and parameters.

    --upgrade shows what it would change in one that exists, and asks. Exit code 3: it would, and has not.
    """
    from cloud_publisher.errors import WrongUseError

    if stage and from_config:
        raise WrongUseError(
            "--stage and --from-config are both given",
            "give --stage for a new repository, or --from-config for one whose config has stages:",
        )
    if upgrade and (stage or from_config or platform):
        raise WrongUseError(
            "--upgrade is for a repository that exists, and takes no --stage, --from-config or --platform",
            "write stages: or platforms: into its config; then --from-config writes infrastructure/",
        )
    if platform and from_config:
        raise WrongUseError("--from-config writes no agent", "leave out --platform, or --from-config")
    if yes and not upgrade:
        raise WrongUseError("--yes is given without --upgrade", "only --upgrade asks: leave it out")
    asked = _machines(offline_tools, tools_platform, tools_python, from_config)
    output = Output(as_json=as_json)
    if upgrade:
        from cloud_publisher.cli.upgrade import upgrade_repository

        upgrade_repository(folder, output, yes=yes, offline=asked, no_longer=offline_tools is False)
    elif from_config:
        _show(folder, output, _write_infrastructure(folder, from_config, bucket), "infrastructure/README.md", "")
    else:
        _new_repository(folder, output, _repository(stage or [], bucket, platform or [], asked), asked)


def tools_for(
    offline: "Offline | None",
    config: "Config",
    output: Output,
    *,
    emulator_there: "Wheel | None" = None,
    wheels_there: Path | None = None,
) -> "Tools":
    """Return ``tools/``, with everyone's wheels if it is to be ``offline``. Raises ``WorkFailedError``.

    ``emulator_there`` and ``wheels_there``: the emulator of a repository that exists, and the folder of its wheels.
    """
    from cloud_publisher.initialising.tools import installed_tools

    if offline is None:
        return installed_tools(offline=False, emulator_there=emulator_there)
    from cloud_publisher.initialising.offline import offline_tools

    with output.waiting(f"downloading wheels for Python {offline.python}") as waiting:
        return offline_tools(offline, config, waiting.now, emulator_there=emulator_there, wheels_there=wheels_there)


def _machines(
    offline: bool | None, platforms: list[str] | None, python: str | None, from_config: Path | None
) -> "Offline | None":
    """Return the machines that tools/ is to have wheels for, if the options ask for that."""
    from cloud_publisher.errors import WrongUseError

    if not offline:
        if platforms or python:
            raise WrongUseError("--tools-platform or --tools-python is given without --offline-tools", "add it")
        return None
    if from_config:
        raise WrongUseError("--from-config writes no tools/", "leave out --offline-tools, or --from-config")
    from cloud_publisher.initialising.offline import checked_machine

    return checked_machine(python, platforms or [])


def _new_repository(
    folder: Path, output: Output, contents: dict[PurePosixPath, bytes], offline: "Offline | None"
) -> None:
    from cloud_publisher.initialising.contents import CONFIG
    from cloud_publisher.initialising.new_stages import check_config
    from cloud_publisher.initialising.record import RECORD, record_of
    from cloud_publisher.initialising.writing import check_free, write_new

    check_free(folder, contents)
    config = check_config(contents[CONFIG].decode(), str(CONFIG)).value
    tools = tools_for(offline, config, output)
    contents |= tools.files
    contents[RECORD] = record_of(contents, offline).text().encode()
    _show(folder, output, write_new(folder, contents), "README.md", "Next: cloud-publisher validate", tools.lacks)


def _show(
    folder: Path, output: Output, written: list[Path], page: str, further: str, lacks: Sequence[str] = ()
) -> None:
    text = f"{folder}: {len(written)} files; {page} says what is what. {further}".strip()
    output.show(
        {"folder": str(folder), "files": [str(path) for path in written], "lacks": [*lacks]},
        text if written else f"{folder}: nothing to write, all of it is there",
    )
    for each in lacks:
        output.warn(f"note: {each}")


def _repository(
    stages: list[str], bucket: str | None, platforms: list[str], machines: "Offline | None"
) -> dict[PurePosixPath, bytes]:
    from cloud_publisher.errors import InvalidDocumentError
    from cloud_publisher.initialising.contents import CONFIG, repository_files

    offline = machines is not None
    if not stages:
        return repository_files(platforms=platforms, offline=offline)
    from cloud_publisher.initialising.infrastructure import infrastructure_files
    from cloud_publisher.initialising.new_stages import accounts_of, as_options, check_config, read_stage_options

    contents = repository_files(accounts_of(read_stage_options(stages), bucket), platforms=platforms, offline=offline)
    document = check_config(contents[CONFIG].decode(), str(CONFIG))
    try:
        return {**contents, **infrastructure_files(document, None)}
    except InvalidDocumentError as error:
        raise as_options(error) from None


def _write_infrastructure(folder: Path, config: Path, bucket: str | None) -> list[Path]:
    from cloud_publisher.documents import read_config
    from cloud_publisher.initialising.infrastructure import infrastructure_files
    from cloud_publisher.initialising.record import add_to_record
    from cloud_publisher.initialising.writing import not_there_yet, write_new

    contents = infrastructure_files(read_config(config), bucket)
    written = write_new(folder, not_there_yet(folder, contents))
    add_to_record(folder, contents)
    return written
