"""What a target has now, as one value: it is read once, and whatever decides about the target gets it.

Pure. ``rollout.target_access`` reads it.
"""

from dataclasses import dataclass

from cloud_publisher.deploying.channels import applied_state, carriers, choose_channel
from cloud_publisher.deploying.deployment import Deployment, DeploymentContent
from cloud_publisher.fleet.devices import CoreDevice
from cloud_publisher.fleet.outcome import Wanted
from cloud_publisher.fleet.targets import Target
from cloud_publisher.sizes.deployment_sizes import Place, place_of
from shared_schema.messages import Channel


@dataclass(frozen=True, slots=True)
class TargetState:
    """A target at one time.

    ``current`` has its outcome in its tag. ``now`` is the Unix time of the reading. ``asked_channel`` is the channel
    that ``--channel`` names, and None where the devices' runtimes decide. ``confirmed`` is the content of the newest
    confirmed deployment; None if there is none, or if what is to be deployed does not depend on it.
    """

    target: Target
    current: Deployment | None
    devices: tuple[CoreDevice, ...]
    now: int
    asked_channel: Channel | None = None
    confirmed: DeploymentContent | None = None

    @property
    def content(self) -> DeploymentContent | None:
        """The current deployment's content; None without a deployment."""
        return self.current.content if self.current else None

    @property
    def channel(self) -> Channel:
        """The channel that was asked for, or the one that fits the devices."""
        return self.asked_channel or choose_channel(device.runtime for device in self.devices)

    @property
    def place(self) -> Place:
        """Where a deployment goes. A device counts as lite unless it is known to be classic."""
        fits = choose_channel(device.runtime for device in self.devices) if self.devices else self.asked_channel
        return place_of(self.target, [device.thing for device in self.devices], lite=fits is not Channel.VALIDATED)


def wanted_of(deployment: Deployment) -> Wanted:
    """Return the state that the devices of a deployment should reach."""
    found = applied_state(deployment.content)
    of_agent = carriers(found.agent) if found else set()
    configured = tuple(
        name
        for name, component in sorted(deployment.content.components.items())
        if component.configures and name not in of_agent
    )
    agent = deployment.content.components[found.agent].version if found else None
    return Wanted(deployment.id, found.state if found else None, configured, agent)
