"""The form that every source has."""

from typing import NamedTuple, Protocol

from edge_agent.predicted import Predicted
from edge_agent.tasks.task import Content


class Offered(NamedTuple):
    """One frame that waits for its prediction. ``arrived`` is on the monotonic clock, in seconds.

    ``ticket`` is the source's own: what it needs to tell this frame from a later one of the same name.
    """

    name: str
    content: Content
    arrived: float
    ticket: tuple[int, ...]
    together: tuple["Offered", ...] = ()
    """Frames that came with this one, to be looked at by the same version, in one run where the model can."""
    frame_id: str | None = None
    """Tells this frame from every other, also for the next process; ``None`` where the source offers none twice."""


class Source(Protocol):
    """Offers frames one after the other to one worker, and is told what became of each."""

    @property
    def dropped(self) -> int:
        """How many frames were let go without a prediction, as the source's drop policy says."""

    def start(self) -> None: ...

    def next(self, timeout: float) -> Offered | None:
        """The next frame, or ``None`` when none came within ``timeout`` seconds."""

    def done(self, frame: Offered, prediction: Predicted | None = None) -> None:
        """Its prediction is written; of frames that came together, each by itself."""

    def set_aside(self, frame: Offered, why: str) -> None:
        """It has no prediction and never will."""

    def give_back(self, frame: Offered) -> None:
        """It was not looked at, nor those that came with it; offer it again."""

    def stop(self) -> None: ...
