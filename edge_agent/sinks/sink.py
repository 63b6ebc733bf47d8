"""The form that every sink has."""

from typing import ClassVar, NamedTuple, Protocol

from edge_agent.predicted import Predicted
from edge_agent.tasks.task import Content, Frame


class Seen(NamedTuple):
    """The frame of a prediction: as it came from the source, and as its task decoded it (pixels, rows or tensors)."""

    content: Content
    frame: Frame


class Sink(Protocol):
    """Takes predictions from several workers. A frame is done once every sink has taken its prediction."""

    durable: ClassVar[bool]
    """Whether a prediction that it has taken survives the process. Durable sinks are written first."""

    def write(self, prediction: Predicted, seen: Seen) -> None:
        """Write a prediction. Raises ``SinkError`` if it must be written again; a best-effort sink never raises it."""

    def close(self) -> None: ...
