"""``cloud-publisher deploy``: deploys the release to a thing group; with ``--wait`` waits for every device of it."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_publisher.cli.options import (
    BucketOption,
    ConfigOption,
    DistOption,
    ExternalIdOption,
    RoleOption,
    TemplateOption,
)
from cloud_publisher.cli.output import JsonOption, Output
from cloud_publisher.cli.stage_options import StageOption, given, place_of
from cloud_publisher.cli.target_options import (
    IntervalOption,
    QuorumOption,
    SeenOption,
    TargetOption,
    TimeoutOption,
    WaitOption,
    group_of,
    quorum_of,
    target_of,
)

if TYPE_CHECKING:
    from shared_schema.messages import Channel


class ChannelChoice(StrEnum):
    """The values of ``--channel``. ``auto`` chooses by the target's runtimes."""

    AUTO = "auto"
    VALIDATED = "validated"
    SUBSCRIBED = "subscribed"

    @property
    def chosen(self) -> "Channel | None":
        """The channel, or None for ``auto``."""
        from shared_schema.messages import Channel

        return None if self is ChannelChoice.AUTO else Channel(self.value)


class OnFailure(StrEnum):
    """What to do when the devices refuse the release."""

    STOP = "stop"
    ROLLBACK = "rollback"


ChannelOption = Annotated[
    ChannelChoice,
    typer.Option(
        help="How agents get the new models: validated (classic nuclei only), subscribed, or auto by the target's "
        "devices."
    ),
]
AllowRemovalOption = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="A component that may be taken from the target; may be given several times."),
]
CanaryOption = Annotated[
    str | None,
    typer.Option(
        metavar="GROUP",
        envvar="CANARY",
        help="A thing group (name or ARN) that must confirm the release before the target.",
    ),
]


def deploy(
    context: typer.Context,
    dist: DistOption = Path("dist"),
    stage: StageOption = None,
    config: ConfigOption = None,
    deployment: TemplateOption = None,
    bucket: BucketOption = None,
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
    channel: ChannelOption = ChannelChoice.AUTO,
    plan: Annotated[Path | None, typer.Option(help="Do what this file of `plan --out` says, and nothing else.")] = None,
    canary: CanaryOption = None,
    allow_removal: AllowRemovalOption = None,
    on_failure: Annotated[
        OnFailure, typer.Option(help="rollback: put the last confirmed deployment back, and wait for it.")
    ] = OnFailure.STOP,
    as_json: JsonOption = False,
) -> None:
    """Deploy the release to a thing group, merged into what the group holds already."""
    from cloud_publisher.cli.delivery_report import end_with
    from cloud_publisher.cli.fleet_watch import watching
    from cloud_publisher.deploying.rollout.canary import deploy_canary_first
    from cloud_publisher.deploying.rollout.delivery import Delivery, RolloutOptions
    from cloud_publisher.deploying.rollout.deploy import deploy as deploy_to
    from cloud_publisher.deploying.rollout.given_plan import read_given_plan
    from cloud_publisher.deploying.rollout.steps import Order
    from cloud_publisher.deploying.rollout.target_access import open_target
    from cloud_publisher.fleet.waiting import Patience
    from cloud_publisher.release_file import read_release, read_template
    from cloud_publisher.release_source import read_source

    output = Output(as_json=as_json)
    source = read_source(config, bucket, stage=stage)
    release, template = read_release(dist, source), read_template(dist, source, deployment)
    place = place_of(context, source.config, stage, target_arn, role_arn, external_id)
    removals = frozenset(allow_removal or ())
    given_plan = (
        read_given_plan(
            plan,
            release,
            target_arn=place.target_arn,
            canary=given(context, "canary", canary),
            removals=removals,
        )
        if plan
        else None
    )
    target_plan, canary_plan = (given_plan.target, given_plan.canary) if given_plan else (None, None)
    if target_plan is not None:
        removals = frozenset(target_plan.removals)
        group = canary_plan.target_arn if canary_plan else None
        target = target_of(target_plan.target_arn)
    else:
        group = place.canary_of(context, canary)
        target = target_of(place.target_arn or template.value.target_arn)
    options = RolloutOptions(
        wait=wait,
        retry=retry,
        rollback_on_failure=on_failure is OnFailure.ROLLBACK,
        patience=Patience(timeout, interval),
    )
    order = Order(release, template, removals)
    quorum_wanted, account = quorum_of(quorum, seen_within), place.open(target.region)
    with watching(output) as watch:
        delivery = Delivery(open_target(account, target, quorum_wanted, channel.chosen), options, watch)
        if group is None:
            report = deploy_to(order, delivery, target_plan)
        else:
            access = open_target(account, group_of(group, target), quorum_wanted, channel.chosen)
            first = Delivery(access, replace(options, wait=True), watch)
            report = deploy_canary_first(order, first, delivery, canary_plan=canary_plan, target_plan=target_plan)
    end_with(report, output)
