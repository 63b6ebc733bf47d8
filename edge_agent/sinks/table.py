"""Which settings open which sink. A new kind is a line here."""

from pathlib import Path

from edge_agent.sinks.json_lines import JsonLinesFile
from edge_agent.sinks.local_topic import LocalTopic, PostLocal
from edge_agent.sinks.sink import Sink
from shared_schema.settings import JsonLinesSink
from shared_schema.settings import Sink as SinkSettings


def open_sink(settings: SinkSettings, work: Path, post_local: PostLocal) -> Sink:
    """The sink of these settings; files are opened at the first prediction."""
    if isinstance(settings, JsonLinesSink):
        return JsonLinesFile(settings, work)
    return LocalTopic(settings, post_local)
