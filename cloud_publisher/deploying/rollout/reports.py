"""What `deploy` and `rollback` did and how it ended, as values for the CLI to show."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from cloud_publisher.deploying.channels import applied_state
from cloud_publisher.deploying.deployment import Deployment
from cloud_publisher.fleet.devices import DeviceStanding
from cloud_publisher.fleet.outcome import Outcome
from cloud_publisher.fleet.targets import Target
from shared_schema.diagnostics import ExitCode
from shared_schema.json_value import JsonObject
from shared_schema.messages import Channel
from shared_schema.plan import Part

DeliveredPart: TypeAlias = Part | Literal["rollback"]
"""Which of a release's deployments it is, or that a rollback put it back."""
_EXIT_CODES = {
    Outcome.CONFIRMED: ExitCode.DONE,
    Outcome.FAILED: ExitCode.FAILED,
    Outcome.REJECTED: ExitCode.REJECTED,
    Outcome.TIMED_OUT: ExitCode.TIMED_OUT,
    None: ExitCode.DONE,
}


@dataclass(frozen=True, slots=True)
class Delivered:
    """One deployment: created now, or found on the target. ``outcome`` is None if the command did not wait for it."""

    deployment: Deployment
    action: Literal["created", "unchanged"]
    part: DeliveredPart
    outcome: Outcome | None
    standings: tuple[DeviceStanding, ...]

    @property
    def release(self) -> str | None:
        """The release number in its desired state, if it has one."""
        found = applied_state(self.deployment.content)
        return found.state.release if found else None

    def as_json(self) -> JsonObject:
        """Return the object for ``--json``."""
        return {
            "deployment": self.deployment.id,
            "action": self.action,
            "part": self.part,
            "release": self.release,
            "outcome": self.outcome.value if self.outcome else None,
            "devices": [_device_json(each) for each in self.standings],
        }


@dataclass(frozen=True, slots=True)
class DeployReport:
    """All that one command did. ``kept`` are the components that stay on the target and are not in this release.

    ``canary`` is the report of the canary before; if it did not confirm, nothing was ``delivered`` to the target.
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
        """The outcome of the last deployment that was made: the canary's if the target got none."""
        if not self.delivered:
            return self.canary.outcome if self.canary else None
        return self.delivered[-1].outcome

    @property
    def exit_code(self) -> ExitCode:
        """The exit code by the architecture's table. A refused release is no success, even if its rollback is."""
        return _EXIT_CODES[self.outcome]

    def as_json(self) -> JsonObject:
        """Return the object for ``--json``."""
        return {
            "target": self.target.arn,
            "channel": self.channel.value if self.channel else None,
            "outcome": self.outcome.value if self.outcome else None,
            "deployments": [each.as_json() for each in self.delivered],
            "kept": [*self.kept],
            "removed": [*self.removed],
            "rolled-back": self.rolled_back.as_json() if self.rolled_back else None,
            "canary": self.canary.as_json() if self.canary else None,
            "exit-code": int(self.exit_code),
        }


def _device_json(standing: DeviceStanding) -> JsonObject:
    """Return one device's object for ``--json``."""
    return {
        "thing": standing.thing,
        "runtime": standing.runtime,
        "standing": standing.standing.value,
        "words": standing.words,
        "seen": standing.seen,
        "remedy": standing.remedy,
    }
