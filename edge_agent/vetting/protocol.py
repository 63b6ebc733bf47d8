"""What passes between the parent and the vetting child: a request as one argument, reports as lines of JSON on a pipe.

Not pickle: the child has touched a file that nobody trusts yet.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict

from edge_agent.vetting.outcome import Outcome

MOST_BYTES = 65_536
"""What a child may say in all; one that says more is ended."""


class Request(BaseModel):
    """Vet ``folder``. ``digest`` is what it must have; ``serving`` the folder of the model that serves now, for a
    budget that is a ratio. ``update_golden``: write what the model answers over the outputs that samples expect."""

    model_config = ConfigDict(frozen=True)

    folder: str
    digest: str | None = None
    serving: str | None = None
    update_golden: bool = False


class Report(BaseModel):
    """One line. ``timeout`` (seconds) is sent once the manifest is read; ``outcome`` is the last."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["began", "ended", "timeout", "outcome"]
    step: str | None = None
    ms: float | None = None
    timeout: float | None = None
    outcome: Outcome | None = None

    def line(self) -> bytes:
        return self.model_dump_json(exclude_none=True).encode() + b"\n"
