"""The MQTT topics of one thing in one application (architecture, section 4; AWS's design guide for MQTT topics)."""

from dataclasses import dataclass
from typing import Literal

Command = Literal["report", "rollback", "release-hold"]
COMMANDS: tuple[Command, ...] = ("report", "rollback", "release-hold")
SHADOW = "mlops"
"""The name of the thing's named shadow: the fleet's last known state."""
ANY_THING = "+"
"""In a recipe's access control the thing is ``+``: classic interpolates ``{iot:thingName}`` there only on demand."""


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
        """By which an agent hears whether it still hears: it says and hears it itself."""
        return f"cmd/{self.application}/{self.thing}/echo"

    @property
    def shadow_update(self) -> str:
        return f"$aws/things/{self.thing}/shadow/name/{SHADOW}/update"


def local_echo(component: str) -> str:
    """The local topic by which an agent hears whether it still hears those of the device."""
    return f"{component}/echo"
