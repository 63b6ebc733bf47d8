"""What `deploy` and `rollback` did, and how it went, as values for whoever shows them."""

from dataclasses import dataclass
from typing import Any, Literal

from cloud_publisher.deploying.channels import held
from cloud_publisher.deploying.deployment import Deployment
from cloud_publisher.fleet.devices import DeviceStanding
from cloud_publisher.fleet.outcome import Outcome
from cloud_publisher.fleet.targets import Target
from shared_schema.messages import Channel

_EXIT_CODES = {Outcome.CONFIRMED: 0, Outcome.FAILED: 1, Outcome.REJECTED: 5, Outcome.TIMED_OUT: 6, None: 0}


@dataclass(frozen=True, slots=True)
class Delivered:
    """One deployment: made now, or found to be there. ``outcome`` is None while nobody has waited for it.

    ``part`` says which of a release's deployments it is: others' configuration with the desired state of before, the
    agent with the models of before, the whole release, or what a rollback put back.
    """

    deployment: Deployment
    action: Literal["created", "unchanged"]
    part: Literal["configuration", "agent", "release", "rollback"]
    outcome: Outcome | None
    standings: tuple[DeviceStanding, ...]

    @property
    def release(self) -> str | None:
        """The release number in its desired state, if it has one."""
        found = held(self.deployment.content)
        return found.state.release if found else None

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "deployment": self.deployment.id,
            "action": self.action,
            "part": self.part,
            "release": self.release,
            "outcome": self.outcome.value if self.outcome else None,
            "devices": [device_json(each) for each in self.standings],
        }


@dataclass(frozen=True, slots=True)
class DeployReport:
    """All that one command did. ``kept`` are components of the target that stay, though this release has them not.

    ``canary`` is what was done to the canary before; where it did not confirm, nothing was ``delivered`` to the target.
    """

    target: Target
    channel: Channel | None
    delivered: tuple[Delivered, ...]
    kept: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    rolled_back: Delivered | None = None
    canary: "DeployReport | None" = None

    @property
    def outcome(self) -> Outcome | None:
        """Of the release: of the last deployment that was reached, the canary's if the target was not."""
        if not self.delivered:
            return self.canary.outcome if self.canary else None
        return self.delivered[-1].outcome

    @property
    def exit_code(self) -> int:
        """As the architecture's table; a rollback that went well does not make a refused release a success."""
        return _EXIT_CODES[self.outcome]

    def as_json(self) -> dict[str, Any]:
        """For ``--json``."""
        return {
            "target": self.target.arn,
            "channel": self.channel.value if self.channel else None,
            "outcome": self.outcome.value if self.outcome else None,
            "deployments": [each.as_json() for each in self.delivered],
            "kept": list(self.kept),
            "removed": list(self.removed),
            "rolled-back": self.rolled_back.as_json() if self.rolled_back else None,
            "canary": self.canary.as_json() if self.canary else None,
            "exit-code": self.exit_code,
        }


def device_json(standing: DeviceStanding) -> dict[str, Any]:
    """One device, for ``--json``."""
    return {
        "thing": standing.thing,
        "runtime": standing.runtime,
        "standing": standing.standing.value,
        "words": standing.words,
        "seen": standing.seen,
        "remedy": standing.remedy,
    }
