"""The options that several commands share, with the environment variables that CodeBuild gives them by."""

from pathlib import Path
from typing import Annotated

import typer

ConfigOption = Annotated[
    Path | None,
    typer.Option("--config", help="The config; greengrass-config.yml (or gg-config.yml) when not given."),
]
TemplateOption = Annotated[
    Path | None, typer.Option("--deployment", help="The deployment template; deployment.json beside the config.")
]
DistOption = Annotated[Path, typer.Option("--dist", help="The folder that holds release.json.")]
RegionOption = Annotated[str | None, typer.Option("--region", envvar="AWS_REGION", help="The AWS region.")]
BucketOption = Annotated[
    str | None, typer.Option("--bucket", envvar="ARTIFACT_BUCKET", help="The dev account's bucket of artifacts.")
]
RoleOption = Annotated[
    str | None, typer.Option("--role-arn", envvar="ROLE_TARGET", help="The role to assume for this stage.")
]
DevRoleOption = Annotated[str | None, typer.Option("--role-arn", help="The role to assume in the dev account.")]
ExternalIdOption = Annotated[
    str | None, typer.Option("--external-id", envvar="EXTERNAL_ID", help="The external id that the role asks for.")
]
DevExternalIdOption = Annotated[
    str | None, typer.Option("--external-id", help="The external id that the role asks for.")
]
