"""The tasks of this agent, by their name in a manifest. A new one is a line here."""

from types import MappingProxyType
from typing import Final

from edge_agent.tasks.classification import classification
from edge_agent.tasks.detection import detection
from edge_agent.tasks.raw import raw
from edge_agent.tasks.tabular import tabular
from edge_agent.tasks.task import Task

TASKS: Final = MappingProxyType[str, Task](
    {
        "classification": classification,
        "detection": detection,
        "tabular": tabular,
        "raw": raw,
    }
)
