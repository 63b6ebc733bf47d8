"""``cloud-publisher rollback``: puts the last confirmed deployment of a thing group back on its devices."""

from typing import Annotated

import typer

from cloud_publisher.cli.options import ConfigOption, ExternalIdOption, RoleOption
from cloud_publisher.cli.output import JsonOption, Output
from cloud_publisher.cli.stage_options import StageOption, config_of_stage, place_of
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


def rollback(
    context: typer.Context,
    target_arn: TargetOption = None,
    stage: StageOption = None,
    config: ConfigOption = None,
    to: Annotated[
        str | None, typer.Option(help="The id of the deployment to put back; the last confirmed one when not given.")
    ] = None,
    role_arn: RoleOption = None,
    external_id: ExternalIdOption = None,
    wait: WaitOption = False,
    timeout: TimeoutOption = 1800.0,
    interval: IntervalOption = 10.0,
    quorum: QuorumOption = 100.0,
    seen_within: SeenOption = 24.0,
    as_json: JsonOption = False,
) -> None:
    """Put back the newest confirmed deployment before the current one."""
    from cloud_publisher.cli.delivery_report import end_with
    from cloud_publisher.cli.fleet_watch import watching
    from cloud_publisher.deploying.rollout.delivery import Delivery, RolloutOptions
    from cloud_publisher.deploying.rollout.rollback import rollback as put_back
    from cloud_publisher.deploying.rollout.target_access import open_target
    from cloud_publisher.fleet.waiting import Patience

    output = Output(as_json=as_json)
    place = place_of(context, config_of_stage(stage, config), stage, target_arn, role_arn, external_id)
    target = target_of(place.target_arn)
    access = open_target(place.open(target.region), target, quorum_of(quorum, seen_within))
    with watching(output) as watch:
        report = put_back(Delivery(access, RolloutOptions(wait=wait, patience=Patience(timeout, interval)), watch), to)
    end_with(report, output)
