"""Opens sources by their settings. A new kind is a line here."""

from collections.abc import Callable
from pathlib import Path

from edge_agent.nucleus.local_topics import LocalTopics
from edge_agent.sources.folder import ImageFolder
from edge_agent.sources.source import Source
from edge_agent.sources.topic import TopicRequests
from edge_agent.sources.video import Video
from shared_schema.settings import Source as SourceSettings
from shared_schema.settings import TopicSource, VideoSource


def open_source(
    settings: SourceSettings, work: Path, topics: LocalTopics, post_local: Callable[[str, bytes], None]
) -> Source:
    """Return the source of these settings, not started yet."""
    if isinstance(settings, VideoSource):
        return Video(settings, work)
    if isinstance(settings, TopicSource):
        return TopicRequests(settings, topics, post_local)
    return ImageFolder(settings, work)
