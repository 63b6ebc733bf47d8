"""The options of the commands that look at a target's fleet: `deploy`, `rollback`, `status`."""

from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_publisher.errors import WrongUseError

if TYPE_CHECKING:
    from cloud_publisher.fleet.outcome import Quorum
    from cloud_publisher.fleet.targets import Target

TargetOption = Annotated[
    str | None,
    typer.Option("--target-arn", envvar="TARGET_ARN", help="The ARN of the thing group (or thing)."),
]
WaitOption = Annotated[bool, typer.Option("--wait", help="Wait until the devices have confirmed the release.")]
TimeoutOption = Annotated[float, typer.Option(min=1, help="Seconds to wait for the devices at most.")]
IntervalOption = Annotated[
    float, typer.Option(min=0.1, help="Seconds between two looks at the fleet, at most; 0.3 at first.")
]
QuorumOption = Annotated[
    float, typer.Option(min=0.01, max=100, help="Percent of the devices seen lately that must confirm.")
]
SeenOption = Annotated[
    float, typer.Option("--seen-within", min=0.01, help="Hours since a device was seen, for it to count.")
]


def target_of(arn: str | None) -> "Target":
    """Return the target. Raises ``WrongUseError`` if there is none, or if the text is no target's ARN."""
    from cloud_publisher.fleet.targets import parse_target

    if not arn:
        raise WrongUseError("there is no target", "give --target-arn, or set TARGET_ARN to the thing group's ARN")
    return parse_target(arn)


def group_of(name_or_arn: str, beside: "Target") -> "Target":
    """Return a thing group by its name or ARN, in the account and region of the target beside it."""
    prefix = f"arn:{beside.partition}:iot:{beside.region}:{beside.account}:thinggroup/"
    target = target_of(name_or_arn if name_or_arn.startswith("arn:") else prefix + name_or_arn)
    if not target.arn.startswith(prefix):
        raise WrongUseError(
            f"the canary {target.arn} is no thing group of account {beside.account} in {beside.region}",
            "give --canary a thing group beside the target's",
        )
    return target


def quorum_of(percent: float, hours: float) -> "Quorum":
    """Return the quorum by the two options."""
    from cloud_publisher.fleet.outcome import Quorum

    return Quorum(percent, timedelta(hours=hours))
