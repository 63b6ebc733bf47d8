"""``greengrass-emulator fault``: makes things go wrong in a cloud that runs with ``up``, or on a device's nucleus."""

import json
from pathlib import Path
from typing import Annotated, Literal

import typer

from greengrass_emulator.errors import WrongUse

fault = typer.Typer(
    help="Make something go wrong, in a cloud that runs with `up` or on a device.", no_args_is_help=True
)

State = Annotated[Path, typer.Option(help="The state folder of the running `up`.")]
Operation = Annotated[str, typer.Argument(help="As boto3 has it: greengrassv2:CreateDeployment, s3:*.")]
Times = Annotated[int, typer.Option(help="For how many calls.")]
OneAccount = Annotated[str | None, typer.Option(help="In this account only.")]
Service = Annotated[Literal["s3", "broker"], typer.Argument(help="What is away.")]
Thing = Annotated[str, typer.Argument(help="The thing's name.")]
Root = Annotated[Path, typer.Option(help="The device's root folder.")]
Component = Annotated[str, typer.Argument(help="The component's name.")]
Account = Annotated[str, typer.Option(help="The device's account.")]


@fault.command()
def throttle(operation: Operation, state: State, times: Times = 1, account: OneAccount = None) -> None:
    """Refuse the next calls as too many."""
    _order(state, {"kind": "throttle", "operation": operation, "times": times, "account": account})


@fault.command()
def lose_answer(operation: Operation, state: State, times: Times = 1, account: OneAccount = None) -> None:
    """Execute the next calls, and close the connection without an answer."""
    _order(state, {"kind": "lose-answer", "operation": operation, "times": times, "account": account})


@fault.command()
def delay(operation: Operation, state: State, seconds: float, times: Times = 1, account: OneAccount = None) -> None:
    """Answer the next calls later."""
    order = {"kind": "delay", "operation": operation, "seconds": seconds, "times": times, "account": account}
    _order(state, order)


@fault.command()
def corrupt(
    key: Annotated[str, typer.Argument(help="The object's key; may hold *.")], state: State, times: Times = 1
) -> None:
    """Give the next downloads of an object one wrong byte each."""
    _order(state, {"kind": "corrupt", "key": key, "times": times})


@fault.command()
def take_away(service: Service, state: State, account: OneAccount = None) -> None:
    """Make S3, or a broker, unreachable."""
    _order(state, {"kind": "take-away", "service": service, "account": account})


@fault.command()
def bring_back(service: Service, state: State, account: OneAccount = None) -> None:
    """Undo take-away."""
    _order(state, {"kind": "bring-back", "service": service, "account": account})


@fault.command()
def cut_off(thing: Thing, state: State, account: Account) -> None:
    """Take a device's network away."""
    _order(state, {"kind": "cut-off", "thing": thing, "account": account})


@fault.command()
def join(thing: Thing, state: State, account: Account) -> None:
    """Undo cut-off."""
    _order(state, {"kind": "join", "thing": thing, "account": account})


@fault.command()
def expire_sessions(state: State, account: OneAccount = None) -> None:
    """End every present session of a role."""
    _order(state, {"kind": "expire-sessions", "account": account})


@fault.command()
def turn_clock(seconds: float, state: State) -> None:
    """Move the cloud's own clock forward: rollouts, time-outs, client tokens."""
    _order(state, {"kind": "turn-clock", "seconds": seconds})


@fault.command()
def lag_index(seconds: float, state: State, account: OneAccount = None) -> None:
    """Delay the fleet index: it gets every change later."""
    _order(state, {"kind": "lag-index", "seconds": seconds, "account": account})


@fault.command()
def clear(state: State) -> None:
    """Undo lasting faults, and forget those still to come."""
    _order(state, {"kind": "clear"})


@fault.command()
def kill_nucleus(root: Root) -> None:
    """Kill only a device's nucleus: a classic one's components go on."""
    from greengrass_emulator.devices.device_faults import kill_nucleus as kill

    killed = kill(root)
    typer.echo(f"{killed.thing}: process {killed.pid} was killed")


@fault.command()
def cut_power(root: Root) -> None:
    """Kill a device's nucleus and all that it started, as a power cut does."""
    from greengrass_emulator.devices.device_faults import cut_power as cut

    typer.echo(f"{cut(root).thing}: nothing of it runs")


@fault.command()
def fill_disk(
    root: Root, beyond: Annotated[int, typer.Option(min=0, help="Bytes that a file may still have.")] = 65_536
) -> None:
    """Fill a device's disk: its files cannot grow any more."""
    from greengrass_emulator.devices.device_faults import fill_disk as fill

    typer.echo(f"{fill(root, beyond).thing}: no file grows beyond {beyond} bytes; free-disk undoes it")


@fault.command()
def free_disk(root: Root) -> None:
    """Undo fill-disk."""
    from greengrass_emulator.devices.device_faults import free_disk as free

    typer.echo(f"{free(root).thing}: files grow again")


@fault.command()
def turn_device_clock(
    root: Root, ahead: Annotated[float, typer.Option(min=0, help="By how many seconds more than it is ahead by now.")]
) -> None:
    """Let time pass for a device: its time of day, and all that its nucleus waits for."""
    from greengrass_emulator.devices.device_faults import turn_device_clock as turn

    turned = turn(root, ahead)
    typer.echo(f"{turned.thing}: its clock is {turned.clock_ahead:g} s ahead")


@fault.command()
def cut_ipc(component: Component, root: Root) -> None:
    """Take a component's IPC connection away."""
    from greengrass_emulator.devices.device_faults import cut_ipc as cut

    typer.echo(f"{cut(root, component).thing}: {component} has no IPC connection; mend-ipc undoes it")


@fault.command()
def mend_ipc(component: Component, root: Root) -> None:
    """Undo cut-ipc."""
    from greengrass_emulator.devices.device_faults import mend_ipc as mend

    typer.echo(f"{mend(root, component).thing}: {component} may connect again")


@fault.command()
def reboot(root: Root) -> None:
    """Restart a device: everything on it ends, and its nucleus and what starts by itself start again."""
    from greengrass_emulator.devices.device_faults import reboot as restart

    typer.echo(f"{restart(root).thing}: the device was restarted")


@fault.command()
def restart_daemon(
    daemon: Annotated[
        Literal["ggconfigd", "ggpubsubd", "iotcored", "ggipcd"], typer.Argument(help="Which of lite's daemons.")
    ],
    root: Root,
) -> None:
    """Restart a daemon of a lite device: it loses subscriptions, or tokens, without a word to anybody."""
    from greengrass_emulator.devices.device_faults import restart_daemon as restart

    typer.echo(f"{restart(root, daemon).thing}: {daemon} was restarted")


def _order(state: Path, order: dict[str, object]) -> None:
    import urllib3

    from greengrass_emulator.cloud.cloud_state import read_state

    cloud = read_state(state / "cloud.json")
    try:
        answer = urllib3.request(
            "POST",
            f"{cloud.gateway_url}/emulator/faults",
            json=order,
            headers={"X-Emulator-Token": cloud.fault_token},
            timeout=30,
            retries=False,
        )
    except urllib3.exceptions.HTTPError as error:
        raise WrongUse(f"{state}: its cloud does not answer ({error})", "start `greengrass-emulator up`") from error
    if answer.status != 200:
        raise WrongUse(str(json.loads(answer.data)["message"]), "correct the command")
