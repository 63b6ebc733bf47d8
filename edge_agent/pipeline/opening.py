"""Opens sources and sinks by their settings. A new kind is a line here."""

from dataclasses import dataclass
from pathlib import Path

from edge_agent.nucleus.events import LocalTopics
from edge_agent.sinks.annotated_images import AnnotatedImages
from edge_agent.sinks.json_lines import JsonLinesFile
from edge_agent.sinks.sink import Sink
from edge_agent.sinks.topics import IotCore, LocalTopic, PostCloud, PostLocal
from edge_agent.sources.folder import ImageFolder
from edge_agent.sources.source import Source
from edge_agent.sources.topic import TopicRequests
from edge_agent.sources.video import Video
from shared_schema.settings import AnnotatedImagesSink, IotCoreSink, JsonLinesSink, TopicSource, VideoSource
from shared_schema.settings import Sink as SinkSettings
from shared_schema.settings import Source as SourceSettings


@dataclass(frozen=True, slots=True)
class Posts:
    """How sources and sinks reach the nucleus. ``local`` and ``cloud`` queue a message and never wait."""

    topics: LocalTopics
    local: PostLocal
    cloud: PostCloud


def open_source(settings: SourceSettings, work: Path, post: Posts) -> Source:
    """Return the source of these settings, not started yet."""
    if isinstance(settings, VideoSource):
        return Video(settings, work)
    if isinstance(settings, TopicSource):
        return TopicRequests(settings, post.topics, post.local)
    return ImageFolder(settings, work)


def open_sink(settings: SinkSettings, work: Path, post: Posts) -> Sink:
    """Return the sink of these settings. It opens files at the first prediction."""
    if isinstance(settings, JsonLinesSink):
        return JsonLinesFile(settings, work)
    if isinstance(settings, IotCoreSink):
        return IotCore(settings, post.cloud)
    if isinstance(settings, AnnotatedImagesSink):
        return AnnotatedImages(settings, work)
    return LocalTopic(settings, post.local)
