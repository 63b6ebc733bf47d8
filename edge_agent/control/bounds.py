"""How long the agent waits for what no setting is about. Tests give shorter times."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Bounds:
    """In seconds, but for ``messages``."""

    alone: float = 15.0
    """Without an accepted connection for so long, the holder of the work folder gives way to who asks for it."""
    folder: float = 120.0
    """A second agent waits for the work folder at most."""
    refused: float = 300.0
    """With nothing but refusals of its token for so long, the agent ends, for a restart to give it another."""
    restarts: float = 3600.0
    """Between two such ends at least: a nucleus takes three starts within an hour (greengrass-facts.md)."""
    renewal: float = 300.0
    """Between two renewals of subscriptions that a nucleus may have forgotten, and between two echoes."""
    refused_by_cloud: float = 120.0
    """Between two tries of a topic that a classic nucleus refuses: with MQTT 3, and no network, each of them holds up
    the IPC of the whole device for 11 s (seen on 2.18.0; AwsIotMqttClient.java, establishConnection)."""
    echo: float = 10.0
    """An echo comes back within so long, or it is not heard."""
    messages: int = 256
    """Messages that wait for the cloud."""


AS_DEPLOYED: Final = Bounds()
