"""The messages between control and a worker that vets: a request, then reports, each the header of a frame.

The last report carries the outcome. What the worker says is believed of the model alone: its digest, and how the worker
ended, are control's own findings.
"""

import math
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from shared_schema.messages import CONTENT_REASONS, Reason
from shared_schema.names import ModelDigest

MOST_BYTES = 65_536
"""The most bytes of all reports. A worker that sends more is ended."""
STEPS = ("digest", "manifest", "graph", "load", "warm-up", "golden", "cost")
"""In order. If a step refuses the model, the later ones do not run."""
MOST_TRIES = 2
"""A refusal that is not for the content is tried once more (docs/architecture.md, "Vetting")."""


class Request(BaseModel):
    """Asks a worker about the model in ``folder``, which is control's copy.

    ``vet``: run every step after the digest. ``measure``: say what an inference costs. ``answer``: send the outputs
    that golden samples expect, as ``.npy`` files.
    """

    model_config = ConfigDict(frozen=True)

    job: Literal["vet", "measure", "answer"]
    folder: str


class Outcome(BaseModel):
    """The result of a vetting: what the worker sends last, the stored verdict, and the output of `check --json`.

    ``reason`` and ``words`` are there if the model is refused. Times are in milliseconds.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    accepted: bool
    digest: ModelDigest | None = None
    """The model digest of what was vetted; ``None`` if the files could not be read or copied."""
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
    """One message of the worker. ``timeout`` (seconds) is sent once the manifest is read, ``outcome`` last.

    ``jailed`` says which parts of the jail hold, ``output`` names the file that its payload is the content of.
    ``ratio``: the manifest's budget, for which control has the model measured that serves.
    """

    model_config = ConfigDict(frozen=True)

    kind: Literal["jailed", "began", "ended", "timeout", "output", "cost", "outcome"]
    holds: tuple[str, ...] = ()
    step: str | None = None
    ms: float | None = None
    timeout: float | None = None
    file: str | None = None
    cost_ms: float | None = None
    ratio: float | None = None
    outcome: Outcome | None = None

    def header(self) -> bytes:
        return self.model_dump_json(exclude_none=True).encode()


def believed(outcome: Outcome, digest: str, copied_ms: float) -> Outcome:
    """Return a worker's outcome with what control knows itself: the digest, and how long copying took."""
    steps = {step: outcome.steps_ms[step] for step in STEPS if math.isfinite(outcome.steps_ms.get(step, math.nan))}
    return outcome.model_copy(update={"digest": digest, "steps_ms": {"digest": copied_ms, **steps}, "tries": 1})


def refused(reason: Reason, words: str, steps_ms: dict[str, float] | None = None, digest: str | None = None) -> Outcome:
    """Return a refusal. Words beyond the size of a message are cut."""
    cut = words if len(words) <= 700 else f"{words[:699]}…"
    return Outcome(accepted=False, digest=digest, reason=reason, words=cut, steps_ms=steps_ms or {})
