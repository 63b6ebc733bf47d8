"""A prediction inside the agent, and the message that it becomes for everybody else.

One is made for every frame, just after the model has emptied the processor's caches. Checked field by field and
serialised by pydantic, it would cost 80 microseconds instead of 20 (`benchmarks/agent_overhead.py`).
"""

from datetime import datetime
from typing import NamedTuple

from pydantic_core import to_json

from edge_agent.tasks.output import Output
from shared_schema.messages import Prediction


class Predicted(NamedTuple):
    """Has the fields of ``shared_schema.messages.Prediction``, unchecked: the agent knows that they are valid."""

    source: str
    frame: str
    frame_id: str | None
    model: str
    version: str
    digest: str
    timestamp: datetime
    latency_ms: float
    output: Output

    def message(self) -> Prediction:
        """Return the checked message. Raises ``pydantic.ValidationError`` if no reader would accept it."""
        return Prediction.model_validate(self._asdict())

    def line(self) -> bytes:
        """Return the message as one line of JSON without a line end, byte for byte as `message` serialises."""
        said: dict[str, object] = {"source": self.source, "frame": self.frame}
        if self.frame_id is not None:
            said["frameId"] = self.frame_id
        said["model"] = self.model
        said["version"] = self.version
        said["digest"] = self.digest
        said["timestamp"] = self.timestamp
        said["latencyMs"] = self.latency_ms
        said["output"] = self.output
        return to_json(said, inf_nan_mode="null")
