"""``greengrass-emulator nucleus`` runs a device; ``greengrass-emulator status`` shows what runs on a device."""

import logging
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from greengrass_emulator.errors import EmulatorError, NucleusError


def nucleus(
    config: Annotated[Path, typer.Option(help="The device's config.yaml, as `provision` writes it.")],
    runtime: Annotated[Literal["classic", "lite"], typer.Option(help="Whose manners it has.")] = "classic",
) -> None:
    """Run the nucleus of one device until SIGTERM or Ctrl-C."""
    from greengrass_emulator.log_lines import log_to_file
    from greengrass_emulator.nucleus.process import run_nucleus
    from greengrass_emulator.nucleus.runtimes import RUNTIMES
    from greengrass_emulator.nucleus.settings import read_device

    settings = read_device(config)
    log_to_file(settings.root / "logs" / "greengrass.log", logging.INFO)
    run_nucleus(settings, RUNTIMES[runtime])


def status(
    root: Annotated[Path, typer.Option(help="The device's root folder.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the status as JSON.")] = False,
) -> None:
    """Show the components and deployments of a device."""
    from greengrass_emulator.nucleus.status_file import read_status

    found = read_status(root)
    if found is None:
        raise NucleusError(f"{root}: no nucleus runs here", "start one with `greengrass-emulator nucleus`")
    if as_json:
        typer.echo(found.model_dump_json(indent=2))
        return
    typer.echo(f"{found.thing}  {found.runtime}  pid {found.pid}  {'connected' if found.connected else 'offline'}")
    for name, component in sorted(found.components.items()):
        process = f"pid {component.pid}" if component.pid else ""
        typer.echo(f"  {component.state:<10} {name} {component.version} {process} {component.detail}".rstrip())
    for deployment in found.deployments:
        typer.echo(f"  {deployment.status:<10} {deployment.target} {deployment.id} {deployment.cause}".rstrip())


def standalone() -> None:
    """The nucleus alone, for ``python -m greengrass_emulator.nucleus``."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(nucleus)
    try:
        app()
    except EmulatorError as error:
        sys.stderr.write(f"nucleus: {error}\n")
        sys.exit(error.exit_code)
