"""The messages between parent and vetting child: a request as one argument, reports as lines of JSON on a pipe.

No pickle: the child has opened a file that is not trusted yet.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from edge_agent.vetting.outcome import Outcome

MOST_BYTES = 65_536
"""The most bytes of all reports. A child that sends more is killed."""


class Request(BaseModel):
    """Asks to vet ``folder``.

    ``digest`` is the model digest that it must have. ``serving`` is the folder of the model that serves now, for a
    budget that is a ratio. ``update_golden``: overwrite the outputs that samples expect with the model's answers.
    """

    model_config = ConfigDict(frozen=True)

    folder: str
    digest: str | None = None
    serving: str | None = None
    update_golden: bool = False


class Report(BaseModel):
    """One line. ``timeout`` (seconds) is sent once the manifest is read, ``outcome`` last."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["began", "ended", "timeout", "outcome"]
    step: str | None = None
    ms: float | None = None
    timeout: float | None = None
    outcome: Outcome | None = None

    def line(self) -> bytes:
        return self.model_dump_json(exclude_none=True).encode() + b"\n"
