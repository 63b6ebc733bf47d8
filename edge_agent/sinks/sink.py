"""The form that every sink has."""

from typing import ClassVar, NamedTuple, Protocol

from edge_agent.predicted import Predicted
from edge_agent.tasks.task import Content, Frame


class Seen(NamedTuple):
    """What a prediction is of: as the source had it, and as its task decoded it (pixels, rows or tensors)."""

    content: Content
    frame: Frame


class Sink(Protocol):
    """Takes predictions from several workers. A frame is let go only when every sink has taken its prediction."""

    durable: ClassVar[bool]
    """Whether what it has taken outlives the process; those that are come first."""

    def write(self, prediction: Predicted, seen: Seen) -> None:
        """Raises ``SinkError`` when it is not written, and must be written again. A sink that may lose some does not
        raise."""

    def close(self) -> None: ...
