"""``cloud-publisher deploy``: the release on a thing group, and with ``--wait`` on every device of it."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from cloud_publisher.cli.options import DistOption, ExternalIdOption, RoleOption
from cloud_publisher.cli.output import JsonOption, Output
from cloud_publisher.cli.target_options import (
    IntervalOption,
    QuorumOption,
    SeenOption,
    TargetOption,
    TimeoutOption,
    WaitOption,
    quorum_of,
    target_of,
)


class DoorChoice(StrEnum):
    """``auto``: by the target's runtimes."""

    AUTO = "auto"
    VALIDATED = "validated"
    FOLLOWED = "followed"


class OnFailure(StrEnum):
    """What to do when the devices refuse the release."""

    STOP = "stop"
    ROLLBACK = "rollback"


def deploy(
    dist: DistOption = Path("dist"),
    target_arn: TargetOption = None,
    role_arn: RoleOption = None,
    external_id: ExternalIdOption = None,
    wait: WaitOption = False,
    timeout: TimeoutOption = 1800.0,
    interval: IntervalOption = 10.0,
    quorum: QuorumOption = 100.0,
    seen_within: SeenOption = 24.0,
    retry: Annotated[
        bool, typer.Option("--retry", help="Make a new revision of a deployment that failed, or was refused.")
    ] = False,
    door: Annotated[DoorChoice, typer.Option(help="Where the desired state goes.")] = DoorChoice.AUTO,
    on_failure: Annotated[
        OnFailure, typer.Option(help="rollback: put the last confirmed deployment back, and wait for it.")
    ] = OnFailure.STOP,
    as_json: JsonOption = False,
) -> None:
    """Deploy the release to a thing group, merged into what the group holds already."""
    from cloud_publisher.cli.delivery_report import end_with
    from cloud_publisher.cli.fleet_watch import watching
    from cloud_publisher.deploying import deploy as deploying
    from cloud_publisher.deploying.doors import Door
    from cloud_publisher.deploying.opening import open_delivery
    from cloud_publisher.deploying.terms import Terms
    from cloud_publisher.fleet.waiting import Patience
    from cloud_publisher.release_file import read_release, read_template
    from cloud_publisher.session import Access, open_account

    output = Output(as_json=as_json)
    release, template = read_release(dist), read_template(dist)
    target = target_of(target_arn or template.value.target_arn)
    terms = Terms(
        wait=wait,
        retry=retry,
        door=None if door is DoorChoice.AUTO else Door(door.value),
        rollback_on_failure=on_failure is OnFailure.ROLLBACK,
        quorum=quorum_of(quorum, seen_within),
        patience=Patience(timeout, interval),
    )
    account = open_account(Access(target.region, role_arn, external_id))
    with watching(output) as watch:
        report = deploying.deploy(release, template, open_delivery(account, target, terms, watch))
    end_with(report, output)
