"""Checks that ``stages:`` agree with one another, and each stage's ARNs with its account and region.

A single value's form is checked by shared_schema/stages.py when the config is read.
"""

from collections.abc import Iterator

from shared_schema.config import Config
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents import Document
from shared_schema.documents.reading import did_you_mean
from shared_schema.stages import DEV_STAGE, Stage

_DEV_ONLY = ("key", "model-data", "source")


def partition_of(region: str) -> str:
    """Return the partition of a region: ``aws``, ``aws-cn`` or ``aws-us-gov``."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def stage_diagnostics(document: Document[Config]) -> list[Diagnostic]:
    """Return every fault of ``stages:`` that one value alone does not show."""
    stages = document.value.stages
    if not stages:
        return [
            document.diagnostic(
                ("stages",),
                "the config has no stages",
                "add stages: with dev, and an account a stage; docs/policies.md",
            )
        ]
    faults = list(_between_stages(document, stages))
    for name, stage in stages.items():
        faults += _within_stage(document, name, stage)
    return faults


def unknown_stage(document: Document[Config], name: str) -> Diagnostic | None:
    """Return the fault if the config has no stage of this name, else None."""
    stages = document.value.stages
    if name in stages:
        return None
    return document.diagnostic(("stages",), f"there is no stage {name!r}", did_you_mean(name, list(stages)))


def _between_stages(document: Document[Config], stages: dict[str, Stage]) -> Iterator[Diagnostic]:
    dev = stages.get(DEV_STAGE)
    if dev is None:
        yield document.diagnostic(
            ("stages",),
            f"there is no stage {DEV_STAGE!r}",
            "add it: its account has the bucket, the key and the registry",
        )
    first: dict[str, str] = {}
    for name, stage in stages.items():
        path = ("stages", name, "account")
        if dev is not None and name != DEV_STAGE and stage.account == dev.account:
            yield document.diagnostic(
                path,
                f"names the dev account {dev.account} as its target",
                f"write the account that {name} deploys to; an account may be one stage only",
            )
        elif stage.account in first:
            yield document.diagnostic(
                path,
                f"account {stage.account} is stage {first[stage.account]!r} already",
                "give each stage an account of its own: what may reach one must not reach the other",
            )
        first.setdefault(stage.account, name)
        if name != DEV_STAGE and dev is not None and partition_of(stage.region) != partition_of(dev.region):
            yield document.diagnostic(
                ("stages", name, "region"),
                f"{stage.region} is in partition {partition_of(stage.region)}, and dev in {partition_of(dev.region)}",
                "choose a region of dev's partition: a role of one cannot be assumed from another",
            )


def _within_stage(document: Document[Config], name: str, stage: Stage) -> Iterator[Diagnostic]:
    arns: list[tuple[tuple[str | int, ...], str, bool]] = [(("target",), stage.target, True)]
    if stage.canary:
        arns.append((("canary",), stage.canary, True))
    if stage.role:
        arns.append((("role",), stage.role, False))
    if stage.operator:
        arns.append((("operator",), stage.operator, False))
    if stage.key:
        arns.append((("key",), stage.key, True))
    arns += [(("bucket-access", index), arn, False) for index, arn in enumerate(stage.bucket_access)]
    for step, arn, regional in arns:
        yield from _arn_fits(document, ("stages", name, *step), arn, stage, regional=regional)
    if name != DEV_STAGE:
        for key, given in zip(_DEV_ONLY, (stage.key, stage.model_data, stage.source), strict=True):
            if given:
                yield document.diagnostic(
                    ("stages", name, key), f"belongs to the stage {DEV_STAGE} alone", f"move it to stages.{DEV_STAGE}"
                )


def _arn_fits(
    document: Document[Config], path: tuple[str | int, ...], arn: str, stage: Stage, *, regional: bool
) -> Iterator[Diagnostic]:
    _, partition, _, region, account, _ = arn.split(":", 5)
    wanted = partition_of(stage.region)
    if partition != wanted:
        yield document.diagnostic(
            path,
            f"{arn} is of partition {partition}, and the stage's region {stage.region} is in {wanted}",
            f"write arn:{wanted}:…, or correct the stage's region",
        )
    elif account != stage.account:
        yield document.diagnostic(
            path,
            f"{arn} is of account {account}, and the stage's is {stage.account}",
            "write an ARN of the stage's own account",
        )
    elif regional and region != stage.region:
        yield document.diagnostic(
            path,
            f"{arn} is of region {region}, and the stage's is {stage.region}",
            "write an ARN of the stage's own region, or correct the region",
        )
