"""The form that every source has."""

from typing import NamedTuple, Protocol

from edge_agent.predicted import Predicted
from edge_agent.tasks.task import Content


class Offered(NamedTuple):
    """One frame that waits for its prediction. ``arrived`` is in seconds on the monotonic clock.

    By ``ticket`` the source tells this frame from a later one of the same name.
    """

    name: str
    content: Content
    arrived: float
    ticket: tuple[int, ...]
    together: tuple["Offered", ...] = ()
    """Frames that came with this one. The same version answers them all, in one run if the model can."""
    frame_id: str | None = None
    """Tells this frame from every other, for the next process too; ``None`` if the source offers no frame twice."""
    file: str = ""
    """The frame's name as the folder has it: bytes that are no UTF-8 are surrogates in it (``os.fsdecode``)."""


class Source(Protocol):
    """Offers frames to one worker, one after the other. The worker says what became of each."""

    @property
    def dropped(self) -> int:
        """How many frames were dropped without a prediction, by the source's drop policy."""

    @property
    def trouble(self) -> str | None:
        """In words, what keeps the source from its work; the same words while it lasts. ``None`` if nothing does."""

    def start(self) -> None: ...

    def next(self, timeout: float) -> Offered | None:
        """Return the next frame, or ``None`` if none came within ``timeout`` seconds."""

    def done(self, frame: Offered, prediction: Predicted | None = None) -> None:
        """Take note that the frame's prediction is written. Frames that came together are done one by one."""

    def set_aside(self, frame: Offered, why: str) -> None:
        """Take note that the frame never gets a prediction."""

    def give_back(self, frame: Offered) -> None:
        """Offer the frame again, and those that came with it: none of them was predicted."""

    def stop(self) -> None: ...
