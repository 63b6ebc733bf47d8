"""``cloud-publisher publish``: creates the release's component versions in the account of the stage."""

from pathlib import Path
from typing import Annotated

import typer

from cloud_publisher.cli.options import (
    BucketOption,
    ConfigOption,
    DistOption,
    ExternalIdOption,
    RegionOption,
    RoleOption,
)
from cloud_publisher.cli.output import JsonOption, Output
from cloud_publisher.cli.stage_options import StageOption, place_of
from cloud_publisher.cli.target_options import target_of


def publish(
    context: typer.Context,
    dist: DistOption = Path("dist"),
    stage: StageOption = None,
    config: ConfigOption = None,
    bucket: BucketOption = None,
    role_arn: RoleOption = None,
    external_id: ExternalIdOption = None,
    region: RegionOption = None,
    target_arn: Annotated[
        str | None,
        typer.Option("--target-arn", envvar="TARGET_ARN", help="The target, for its region; nothing is deployed."),
    ] = None,
    timeout: Annotated[float, typer.Option(min=1, help="Seconds until every version must be DEPLOYABLE.")] = 600.0,
    as_json: JsonOption = False,
) -> None:
    """Publish the release's components; ends once each of them is DEPLOYABLE."""
    from cloud_publisher.publishing import publish as publishing
    from cloud_publisher.publishing.component_versions import ComponentVersions
    from cloud_publisher.release_file import read_release
    from cloud_publisher.release_source import read_source

    output = Output(as_json=as_json)
    source = read_source(config, bucket, stage=stage)
    release = read_release(dist, source)
    # CodeBuild's AWS_REGION is the region that CodeBuild runs in; the target's own region is in its ARN.
    place = place_of(context, source.config, stage, target_arn, role_arn, external_id, region)
    where = target_of(place.target_arn).region if place.target_arn else place.region or release.region
    account = place.open(where)
    done = publishing.publish(release, ComponentVersions(account), timeout=timeout, tell=output.say)
    changed = [each for each in done if each.action != "unchanged"]
    words = (
        f"{len(changed)} of {len(done)} component versions published in account {account.id}"
        if changed
        else f"all {len(done)} component versions are in account {account.id} already: nothing to publish"
    )
    output.show({"account": account.id, "components": [each.as_json() for each in done]}, words)
