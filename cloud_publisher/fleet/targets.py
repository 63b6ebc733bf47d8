"""The target of a deployment, from its ARN: a thing group, or a single thing."""

import re
from dataclasses import dataclass
from typing import Literal

from cloud_publisher.errors import WrongUseError

_ARN = re.compile(
    r"arn:(?P<partition>aws[a-z-]*):iot:(?P<region>[a-z0-9-]+):(?P<account>[0-9]{12})"
    r":(?P<kind>thinggroup|thing)/(?P<name>[a-zA-Z0-9:_-]{1,128})"
)


@dataclass(frozen=True, slots=True)
class Target:
    """A thing group (or thing) of one account and region."""

    arn: str
    partition: str
    region: str
    account: str
    kind: Literal["thinggroup", "thing"]
    name: str

    @property
    def words(self) -> str:
        """``thing group lines`` or ``thing press-4``."""
        return f"{'thing group' if self.kind == 'thinggroup' else 'thing'} {self.name}"


def parse_target(arn: str) -> Target:
    """Parse a target's ARN. Raises ``WrongUseError`` for a text that is none."""
    found = _ARN.fullmatch(arn)
    if found is None:
        raise WrongUseError(
            f"{arn!r} is no target",
            "give the ARN of a thing group, such as arn:aws:iot:eu-west-1:111111111111:thinggroup/lines, "
            "by --target-arn or TARGET_ARN",
        )
    return Target(
        arn=arn,
        partition=found["partition"],
        region=found["region"],
        account=found["account"],
        kind="thinggroup" if found["kind"] == "thinggroup" else "thing",
        name=found["name"],
    )
