"""The commands of one device: ``provision`` makes it, ``nucleus`` runs it, ``status`` shows what runs on it."""

import logging
from pathlib import Path
from typing import Annotated, Literal

import typer

from greengrass_emulator.errors import NucleusError


def provision(
    state: Annotated[Path, typer.Option(help="The state folder of the running `up`.")],
    device: Annotated[Path, typer.Option(help="The device's folder, to be written.")],
    thing: Annotated[str, typer.Option(help="The thing's name.")],
    account: Annotated[str, typer.Option(help="The account that the device belongs to.")] = "dev",
    group: Annotated[list[str] | None, typer.Option(help="A thing group; may be repeated.")] = None,
    component_user: Annotated[
        str | None, typer.Option(help="USER[:GROUP] that runs the components; default: you.")
    ] = None,
    python: Annotated[
        Path | None,
        typer.Option(help="The environment whose bin/python3 the components find; default: one without packages."),
    ] = None,
) -> None:
    """Make a thing with its certificate, and the folder that a nucleus starts from."""
    from greengrass_emulator.cloud.cloud_state import read_state
    from greengrass_emulator.cloud.provisioning import provision_device

    made = provision_device(
        read_state(state / "cloud.json"),
        device,
        account=account,
        thing=thing,
        groups=tuple(group or ()),
        posix_user=component_user,
        python=python,
    )
    typer.echo(f"{made.thing} may start: greengrass-emulator nucleus --config {made.config_path} --runtime classic")


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
