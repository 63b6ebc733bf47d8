"""``cloud-publisher plan``: what a release would change in the bucket, an account and a thing group."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_publisher.cli.build import BumpOption
from cloud_publisher.cli.deploy import AllowRemovalOption, CanaryOption, ChannelChoice, ChannelOption
from cloud_publisher.cli.options import (
    BucketOption,
    ConfigOption,
    DistOption,
    ExternalIdOption,
    RegionOption,
    RoleOption,
    TemplateOption,
)
from cloud_publisher.cli.output import JsonOption, Output
from cloud_publisher.cli.stage_options import StageOption, place_of
from cloud_publisher.cli.target_options import QuorumOption, SeenOption, TargetOption, group_of, quorum_of, target_of

if TYPE_CHECKING:
    from cloud_publisher.deploying.plan.build import ReleaseToBe
    from cloud_publisher.session import Access
    from shared_schema.config import Config
    from shared_schema.deployment import DeploymentTemplate
    from shared_schema.documents import Document

    Planned = tuple[ReleaseToBe, Document[DeploymentTemplate], Document[Config] | None]


def plan(
    context: typer.Context,
    config: ConfigOption = None,
    deployment: TemplateOption = None,
    dist: DistOption = Path("dist"),
    built: Annotated[bool, typer.Option("--built", help="Plan for what --dist holds; nothing is to be built.")] = False,
    bucket: BucketOption = None,
    bump: BumpOption = "patch",
    region: RegionOption = None,
    dev_role_arn: Annotated[str | None, typer.Option(help="The role to assume in the dev account.")] = None,
    dev_external_id: Annotated[str | None, typer.Option(help="The external id that this role asks for.")] = None,
    stage: StageOption = None,
    target_arn: TargetOption = None,
    role_arn: RoleOption = None,
    external_id: ExternalIdOption = None,
    canary: CanaryOption = None,
    allow_removal: AllowRemovalOption = None,
    channel: ChannelOption = ChannelChoice.AUTO,
    quorum: QuorumOption = 100.0,
    seen_within: SeenOption = 24.0,
    out: Annotated[Path | None, typer.Option(help="Write the plan to this file, for deploy --plan.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Show what build, publish and deploy would do; ends with 3 when there are changes. Changes nothing anywhere."""
    from cloud_publisher.cli.plan_report import plan_text
    from cloud_publisher.deploying.plan.release import plan_build, plan_release
    from cloud_publisher.deploying.rollout.steps import Order
    from cloud_publisher.deploying.rollout.target_access import open_target
    from cloud_publisher.session import Access
    from shared_schema.diagnostics import ExitCode

    output = Output(as_json=as_json)
    dev = Access(region, dev_role_arn, dev_external_id)
    to_be, template, source = (
        _from_dist(config, deployment, dist, bucket, stage)
        if built
        else _from_sources(config, deployment, dist, bucket, bump, dev)
    )
    place = place_of(context, source, stage, target_arn, role_arn, external_id)
    arn = place.target_arn or template.value.target_arn
    if arn is None:
        made = plan_build(to_be)
    else:
        target = target_of(arn)
        first = place.canary_of(context, canary)
        groups = [group_of(first, target), target] if first else [target]
        account = place.open(target.region)
        quorum_wanted = quorum_of(quorum, seen_within)
        targets = [open_target(account, each, quorum_wanted, channel.chosen) for each in groups]
        order = Order(to_be.release, template, frozenset(allow_removal or ()))
        made = plan_release(to_be, account, order, targets)
    if out is not None:
        _write(out, made.model_dump_json(by_alias=True, exclude_none=True, indent=2) + "\n")
    output.show(made.model_dump(mode="json", by_alias=True, exclude_none=True), plan_text(made))
    if made.changes:
        raise typer.Exit(ExitCode.CHANGES)


def _from_dist(
    config: Path | None, deployment: Path | None, dist: Path, bucket: str | None, stage: str | None
) -> "Planned":
    from cloud_publisher.deploying.plan.build import built_already
    from cloud_publisher.release_file import read_release, read_template
    from cloud_publisher.release_source import read_source

    source = read_source(config, bucket, stage=stage)
    return built_already(read_release(dist, source)), read_template(dist, source, deployment), source.config


def _from_sources(
    config: Path | None, deployment: Path | None, dist: Path, bucket: str | None, bump: BumpOption, dev: "Access"
) -> "Planned":
    from cloud_publisher.build.planning import Planner
    from cloud_publisher.cli.build import bucket_of
    from cloud_publisher.deploying.plan.build import release_to_be
    from cloud_publisher.session import Access, open_account
    from cloud_publisher.validation.repository import valid_sources
    from shared_schema.deployment import FILE, DeploymentTemplate
    from shared_schema.documents import read_text_document

    sources = valid_sources(config, deployment)
    written = sources.config.value
    account = open_account(Access(dev.region or written.region, dev.role_arn, dev.external_id))
    planner = Planner(account, bucket_of(bucket, sources), sources, dist, bump)
    template = sources.template or read_text_document("{}", DeploymentTemplate, file=FILE)
    return release_to_be(planner), template, sources.config


def _write(path: Path, text: str) -> None:
    from cloud_publisher.errors import WorkFailedError
    from shared_schema.documents.writing import write_whole

    try:
        write_whole(path, text)
    except OSError as error:
        raise WorkFailedError(
            f"cannot write {path}: {error.strerror or error}", "give --out a file in a folder that can be written"
        ) from error
