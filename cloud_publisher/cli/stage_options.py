"""``--stage NAME``: account, region, role, external id and target of a stage of the config, for each command.

Stages come from the source, never from the release: whoever owns the build must not choose what it is deployed to.
A flag wins over the stage, and the stage over the environment: a ROLE_TARGET that a CodeBuild project sets must not
mix with the target of another stage.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_publisher.errors import WrongUseError

if TYPE_CHECKING:
    from cloud_publisher.session import Account
    from shared_schema.config import Config
    from shared_schema.documents import Document

StageOption = Annotated[
    str | None, typer.Option("--stage", help="A stage of the config: its account, region, role, external id, target.")
]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command works, by its flags, its stage and its environment together."""

    target_arn: str | None
    region: str | None
    role_arn: str | None
    external_id: str | None
    stage: str | None = None
    account: str | None = None
    canary: str | None = None
    """The stage's own canary, which belongs to the stage's target."""

    def canary_of(self, context: typer.Context, canary: str | None) -> str | None:
        """Return the canary to deploy to first: the flag's, else the stage's, else (without a stage) the environment's.

        With a target given as a flag, only a canary given as a flag counts.
        """
        flag = given(context, "canary", canary)
        if flag is not None:
            return flag or None
        if self.stage is not None:
            return None if given(context, "target_arn", self.target_arn) else self.canary
        return canary

    def open(self, region: str | None) -> "Account":
        """Open the account in a region. Raises ``WrongUseError`` if it is another account than the stage's."""
        from cloud_publisher.session import Access, open_account

        account = open_account(Access(region, self.role_arn, self.external_id))
        if self.account is not None and account.id != self.account:
            raise WrongUseError(
                f"stage {self.stage!r} is account {self.account}, and the credentials are of account {account.id}",
                "add role: to the stage, or run it with credentials of its account",
            )
        return account


def place_of(
    context: typer.Context,
    config: "Document[Config] | None",
    stage: str | None,
    target_arn: str | None,
    role_arn: str | None,
    external_id: str | None,
    region: str | None = None,
) -> Place:
    """Return where to work: flags over stage over environment. ``config`` is needed for a stage alone.

    Raises ``WrongUseError`` for a stage that is not there.
    """
    if stage is None or config is None:
        return Place(target_arn, region, role_arn, external_id)
    from cloud_publisher.documents import stage_of

    found = stage_of(config, stage)
    role = given(context, "role_arn", role_arn)
    return Place(
        target_arn=given(context, "target_arn", target_arn) or found.target,
        region=given(context, "region", region) or found.region,
        role_arn=role or found.role,
        # The stage's external id is only for the stage's own role.
        external_id=given(context, "external_id", external_id) or (None if role else found.external_id),
        stage=stage,
        account=None if role else found.account,
        canary=found.canary,
    )


def given(context: typer.Context, name: str, value: str | None) -> str | None:
    """Return the value of an option given as a flag; None if it comes from the environment or a default."""
    source = context.get_parameter_source(name)
    return value if source is not None and source.name == "COMMANDLINE" else None


def config_of_stage(stage: str | None, config: Path | None) -> "Document[Config] | None":
    """Return the config that has the stage; None without a stage. Raises ``InvalidDocumentError``."""
    if stage is None:
        return None
    from cloud_publisher.documents import read_config

    return read_config(config)
