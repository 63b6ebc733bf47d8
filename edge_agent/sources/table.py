"""Which settings open which source. A new kind is a line here."""

from pathlib import Path

from edge_agent.sources.folder import ImageFolder
from edge_agent.sources.source import Source
from shared_schema.settings import Source as SourceSettings


def open_source(settings: SourceSettings, work: Path) -> Source:
    """The source of these settings, not started yet."""
    return ImageFolder(settings, work)
