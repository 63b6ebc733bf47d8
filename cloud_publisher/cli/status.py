"""``cloud-publisher status``: what each device of a thing group runs and reports, and when it reported it."""

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import typer

from cloud_publisher.cli.options import ConfigOption, ExternalIdOption, RoleOption
from cloud_publisher.cli.output import JsonOption, Output
from cloud_publisher.cli.stage_options import StageOption, config_of_stage, place_of
from cloud_publisher.cli.target_options import SeenOption, TargetOption, quorum_of, target_of
from cloud_publisher.errors import FleetDiffersError

if TYPE_CHECKING:
    from cloud_publisher.fleet.status import DeviceStatus, FleetStatus


def status(
    context: typer.Context,
    target_arn: TargetOption = None,
    stage: StageOption = None,
    config: ConfigOption = None,
    role_arn: RoleOption = None,
    external_id: ExternalIdOption = None,
    seen_within: SeenOption = 24.0,
    as_json: JsonOption = False,
) -> None:
    """Show the fleet; ends with 4 when it is not as its current deployment says."""
    from cloud_publisher.deploying.target_deployments import TargetDeployments
    from cloud_publisher.deploying.target_state import wanted_of
    from cloud_publisher.fleet.index import FleetIndex
    from cloud_publisher.fleet.jobs import Jobs
    from cloud_publisher.fleet.observing import FleetView
    from cloud_publisher.fleet.status import status_of
    from cloud_publisher.fleet.waiting import Clock

    output = Output(as_json=as_json)
    place = place_of(context, config_of_stage(stage, config), stage, target_arn, role_arn, external_id)
    target = target_of(place.target_arn)
    account = place.open(target.region)
    deployments = TargetDeployments(account.greengrass, account.iot, target)
    deployments.check_target()
    current = deployments.current()
    fleet = status_of(
        FleetView(account.greengrass, account.iot_data),
        FleetIndex(account.iot),
        Jobs(account.iot),
        target,
        wanted_of(current) if current else None,
        list(current.content.components) if current else [],
        job_id=current.job_id if current else None,
        quorum=quorum_of(100.0, seen_within),
        now=Clock().now(),
    )
    output.table(
        ("device", "runtime", "seen", "deployment", "agent", "model", "serves", "confirmation", "standing"),
        [row for device in fleet.devices for row in _rows(device)],
    )
    output.show(fleet.as_json(), _summary(fleet))
    if not fleet.as_released:
        difference = FleetDiffersError(_difference(fleet), "run deploy --wait, or rollback; it names the reasons")
        if not as_json:
            raise difference
        raise typer.Exit(difference.exit_code)


def _rows(device: "DeviceStatus") -> Iterator[tuple[str, ...]]:
    from cloud_publisher.cli.fleet_watch import runtime_name

    standing = "no deployment" if device.standing is None else device.standing.standing.value
    away = "" if device.standing is None or device.standing.seen else " (away)"
    first = (
        device.device.thing,
        runtime_name(device.device.runtime),
        _when(device.device.reported),
        device.execution.status if device.execution else "-",
    )
    report = device.report
    agent = f"{report.state} {report.agent_version} ({_when(report.timestamp)})" if report else "never spoke"
    models = sorted(report.models.items()) if report else []
    if not models:
        yield (*first, agent, "-", "-", "-", standing + away)
    for index, (name, model) in enumerate(models):
        serves = f"{model.serves.version} {model.serves.digest[:12]}" if model.serves else "-"
        confirmation = (
            f"{model.said.verdict} {model.said.version} (release {model.said.release})" if model.said else "-"
        )
        head = (*first, agent) if index == 0 else ("",) * 5
        yield (*head, name, serves, confirmation, standing + away if index == 0 else "")


def _summary(fleet: "FleetStatus") -> str:
    if fleet.deployment_id is None:
        return f"{fleet.target.words}: {len(fleet.devices)} core devices, and no deployment"
    release = f", release {fleet.release}" if fleet.release else ""
    right = sum(each.as_released for each in fleet.devices)
    return (
        f"{fleet.target.words}: deployment {fleet.deployment_id}{release}: "
        f"{right} of {len(fleet.devices)} core devices are as released"
    )


def _difference(fleet: "FleetStatus") -> str:
    if fleet.deployment_id is None:
        return f"{fleet.target.words} has no deployment"
    lines = [
        f"{each.device.thing}: {'; '.join(each.broken) or (each.standing.words if each.standing else '')}"
        for each in fleet.differing
    ]
    return "\n".join([f"{fleet.target.words} is not as released:", *lines])


def _when(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"
