"""`greengrass-emulator up`: runs the accounts, with devices, until a signal ends it."""

import logging
import signal
import threading
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from greengrass_emulator.errors import WrongUse


def up(
    state: Annotated[
        Path | None, typer.Option(help="Folder for cloud.json and the devices, kept; without it, nothing is kept.")
    ] = None,
    device: Annotated[
        list[str] | None, typer.Option(help="NAME[=classic|lite][@ACCOUNT][:GROUP]; may be repeated.")
    ] = None,
    component_user: Annotated[
        str | None, typer.Option(help="USER[:GROUP] that runs the devices' components; default: you.")
    ] = None,
    python: Annotated[
        Path | None,
        typer.Option(help="The environment whose bin/python3 they find; default: one without packages."),
    ] = None,
    accounts: Annotated[
        str, typer.Option(help="name=id, with commas between.")
    ] = "dev=111111111111,preprod=222222222222,prod=333333333333",
    region: Annotated[str, typer.Option(help="The region of every account.")] = "eu-west-1",
    enforce_iam: Annotated[
        bool, typer.Option("--enforce-iam", help="Judge every call by the accounts' own policies.")
    ] = False,
    record_calls: Annotated[
        Path | None, typer.Option(help="Write every judged call to this file; enforces, too.")
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", help="Log each request to stderr.")] = False,
) -> None:
    """Run the AWS accounts and devices in them; cloud.json in the state folder says how to reach them."""
    from greengrass_emulator.cloud.cloud import Cloud
    from greengrass_emulator.cloud.provisioning import check_python
    from greengrass_emulator.devices.device_requests import read_device_requests, running_devices
    from greengrass_emulator.log_lines import log_to_stderr

    log_to_stderr(logging.INFO if verbose else logging.WARNING)
    read = _read_accounts(accounts)
    requests = read_device_requests(device or (), next(iter(read)))
    if python is not None:
        check_python(python)
    # The handlers come first: a reader of cloud.json may send the signal at once.
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    with ExitStack() as running:
        folder = state or Path(running.enter_context(TemporaryDirectory(prefix="greengrass-emulator-")))
        cloud = Cloud(read, region=region, folder=folder, enforce_iam=enforce_iam, recording=record_calls)
        running.callback((folder / "cloud.json").unlink, missing_ok=True)
        running.enter_context(cloud)
        if component_user and state is None:
            folder.chmod(0o755)
        devices = running_devices(cloud, folder / "devices", requests, component_user, python)
        for made in running.enter_context(devices):
            typer.echo(f"{made.thing} runs ({made.runtime}); --root {made.root}")
        typer.echo(f"The cloud runs at {cloud.endpoint_url}; {cloud.state_path} has the rest. Ctrl-C ends it.")
        ended.wait()


def _read_accounts(text: str) -> dict[str, str]:
    accounts: dict[str, str] = {}
    for part in text.split(","):
        name, equals, account_id = part.strip().partition("=")
        if not equals:
            raise WrongUse(f"--accounts: {part!r} is not name=id", "write dev=111111111111,prod=333333333333")
        if name in accounts:
            raise WrongUse(f"--accounts: {name!r} is there twice", "give each account its own name")
        accounts[name] = account_id
    return accounts
