"""A prediction inside the agent, and the message that it becomes for everybody else.

It is made for every frame, behind a run of the model that has emptied the processor's caches: checked field by field
and serialised by its model, it costs 80 microseconds there in place of 20 (`benchmarks/agent_overhead.py`).
"""

from datetime import datetime
from typing import Any, NamedTuple

from pydantic_core import to_json

from shared_schema.messages import Prediction


class Predicted(NamedTuple):
    """``shared_schema.messages.Prediction`` with what the agent knows already to be right: same fields, unchecked."""

    source: str
    frame: str
    frame_id: str | None
    model: str
    version: str
    digest: str
    timestamp: datetime
    latency_ms: float
    output: dict[str, Any]

    def message(self) -> Prediction:
        """The same, checked. Raises ``pydantic.ValidationError`` for what no reader would take."""
        return Prediction.model_validate(self._asdict())

    def line(self) -> bytes:
        """The message as JSON in one line, byte for byte what `message` serialises to; no line end."""
        said: dict[str, Any] = {"source": self.source, "frame": self.frame}
        if self.frame_id is not None:
            said["frameId"] = self.frame_id
        said["model"] = self.model
        said["version"] = self.version
        said["digest"] = self.digest
        said["timestamp"] = self.timestamp
        said["latencyMs"] = self.latency_ms
        said["output"] = self.output
        return to_json(said, inf_nan_mode="null")
