"""``cloud-publisher doctor``: checks whether a stage can work; names the policy statement that fixes a fault."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from cloud_publisher.cli.options import BucketOption, ConfigOption, DistOption
from cloud_publisher.cli.output import JsonOption, Output


def doctor(
    stage: Annotated[str, typer.Option("--stage", help="The stage of the config to examine.")],
    config: ConfigOption = None,
    dist: DistOption = Path("dist"),
    bucket: BucketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that a stage can work, without changing anything; ends with 1 when something is wrong."""
    from cloud_publisher.doctor.examining import examine
    from cloud_publisher.doctor.facts import facts_of
    from cloud_publisher.session import Access, open_account

    output = Output(as_json=as_json)
    facts = facts_of(stage, config=config, dist=dist, bucket=bucket)
    access = Access(facts.stage.region, facts.stage.role, facts.stage.external_id)
    checks = list(examine(facts, partial(open_account, access)))
    wrong = [check for check in checks if check.state == "failed"]
    output.table(("check", "", "what was found"), [(each.name, each.state, each.words) for each in checks])
    for check in wrong:
        if not as_json:
            output.warn(f"{check.name}: {check.words}\n    {check.advice()}")
    output.show(
        {"stage": stage, "account": facts.stage.account, "checks": [check.as_json() for check in checks]},
        f"stage {stage}: {len(wrong)} of {len(checks)} checks failed" if wrong else f"stage {stage} can work",
    )
    if wrong:
        raise typer.Exit(1)
