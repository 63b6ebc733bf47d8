"""`greengrass-emulator provision`: gives a device its identity in a running cloud, and writes its folder."""

from pathlib import Path
from typing import Annotated

import typer


def provision(
    state: Annotated[Path, typer.Option(help="The state folder of the running `up`.")],
    device: Annotated[Path, typer.Option(help="The device's folder, to be written.")],
    thing: Annotated[str, typer.Option(help="The thing's name.")],
    account: Annotated[str, typer.Option(help="The account that the device belongs to.")] = "dev",
    group: Annotated[list[str] | None, typer.Option(help="A thing group; may be repeated.")] = None,
    component_user: Annotated[
        str | None, typer.Option(help="USER[:GROUP] that runs the components; default: you.")
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
    )
    typer.echo(f"{made.thing} may start: greengrass-emulator nucleus --config {made.config_path} --runtime classic")
