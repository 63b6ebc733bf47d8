"""The form that every sink has."""

from typing import Protocol

from shared_schema.messages import Prediction


class Sink(Protocol):
    """Takes predictions from several workers. A frame is let go only when every sink has taken its prediction."""

    def write(self, prediction: Prediction) -> None:
        """Raises ``SinkError`` when it is not written, and must be written again. A sink that may lose some does not
        raise."""

    def close(self) -> None: ...
