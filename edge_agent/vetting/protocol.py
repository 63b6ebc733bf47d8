"""The messages between parent and vetting child: a request as one argument, reports as lines of JSON on a pipe.

The last report carries the outcome.

No pickle: the child has opened a file that is not trusted yet.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared_schema.messages import CONTENT_REASONS, Reason
from shared_schema.names import ModelDigest

MOST_BYTES = 65_536
"""The most bytes of all reports. A child that sends more is killed."""
STEPS = ("digest", "manifest", "graph", "load", "warm-up", "golden", "cost")
"""In order. If a step refuses the model, the later ones do not run."""
MOST_TRIES = 2
"""A refusal that is not for the content is tried once more (docs/architecture.md, "Vetting")."""


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


class Outcome(BaseModel):
    """The result of a vetting: what the child sends last, the stored verdict, and the output of `check --json`.

    ``reason`` and ``words`` are there if the model is refused. Times are in milliseconds.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    accepted: bool
    digest: ModelDigest | None = None
    """The model digest that the child found; ``None`` if it died before."""
    reason: Reason | None = None
    words: str | None = Field(default=None, max_length=700)
    steps_ms: dict[str, float] = Field(default_factory=dict)
    cost_ms: float | None = None
    """CPU milliseconds of one inference, the mean of several."""
    tries: int = 1

    @property
    def holds(self) -> bool:
        """Whether the verdict stands. If not, the model is to be vetted once more."""
        return self.accepted or self.reason in CONTENT_REASONS or self.tries >= MOST_TRIES


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


def refused(reason: Reason, words: str, steps_ms: dict[str, float] | None = None, digest: str | None = None) -> Outcome:
    """Return a refusal. Words beyond the size of a message are cut."""
    cut = words if len(words) <= 700 else f"{words[:699]}…"
    return Outcome(accepted=False, digest=digest, reason=reason, words=cut, steps_ms=steps_ms or {})
