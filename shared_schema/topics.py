"""The MQTT topics of one thing in one application.

Sources: docs/architecture.md, "Topics and messages"; AWS's design guide for MQTT topics.
"""

from dataclasses import dataclass
from typing import Literal

Command = Literal["report", "rollback", "release-hold"]
COMMANDS: tuple[Command, ...] = ("report", "rollback", "release-hold")
SHADOW = "mlops"
"""The name of the thing's named shadow: the fleet's last known state."""
ANY_THING = "+"
"""The thing's name in a recipe's access control: classic replaces ``{iot:thingName}`` there only if so configured."""


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of ``thing`` (or of any, with ``ANY_THING``) in ``application``."""

    application: str
    thing: str

    @property
    def health(self) -> str:
        return f"dt/{self.application}/{self.thing}/health"

    @property
    def confirmation(self) -> str:
        return f"dt/{self.application}/{self.thing}/confirmation"

    def prediction(self, model: str) -> str:
        return f"dt/{self.application}/{self.thing}/prediction/{model}"

    def command(self, command: Command) -> str:
        return f"cmd/{self.application}/{self.thing}/{command}"

    def reply(self, command: Command) -> str:
        return f"cmd/{self.application}/{self.thing}/{command}/reply"

    @property
    def echo(self) -> str:
        """The topic by which an agent tests its subscriptions: it publishes a message to itself."""
        return f"cmd/{self.application}/{self.thing}/echo"

    @property
    def shadow_update(self) -> str:
        return f"$aws/things/{self.thing}/shadow/name/{SHADOW}/update"


def local_echo(component: str) -> str:
    """Return the local topic by which an agent tests its local subscriptions in the same way."""
    return f"{component}/echo"
