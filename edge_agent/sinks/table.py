"""Opens sinks by their settings. A new kind is a line here."""

from pathlib import Path

from edge_agent.sinks.annotated_images import AnnotatedImages
from edge_agent.sinks.iot_core import IotCore, PostCloud
from edge_agent.sinks.json_lines import JsonLinesFile
from edge_agent.sinks.local_topic import LocalTopic, PostLocal
from edge_agent.sinks.sink import Sink
from shared_schema.settings import AnnotatedImagesSink, IotCoreSink, JsonLinesSink
from shared_schema.settings import Sink as SinkSettings


def open_sink(settings: SinkSettings, work: Path, post_local: PostLocal, post_cloud: PostCloud) -> Sink:
    """Return the sink of these settings. It opens files at the first prediction."""
    if isinstance(settings, JsonLinesSink):
        return JsonLinesFile(settings, work)
    if isinstance(settings, IotCoreSink):
        return IotCore(settings, post_cloud)
    if isinstance(settings, AnnotatedImagesSink):
        return AnnotatedImages(settings, work)
    return LocalTopic(settings, post_local)
