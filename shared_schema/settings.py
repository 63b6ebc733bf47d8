"""The agent's settings: `agent.settings` of the config, and `settings` of the desired state.

In the config they are typed values. In the desired state each leaf is text, since the nuclei treat numbers differently
(docs/greengrass-facts.md, "Configuration"). The same models read both: pydantic reads "30" as 30.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from shared_schema.json_value import JsonObject, JsonValue
from shared_schema.names import ConfigurationKey, ModelName
from shared_schema.strict_model import WrittenByPeople

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$"), ConfigurationKey]
"""A source's or sink's name. Lower case only: to classic, two keys that differ in case are the same."""


class HealthSettings(WrittenByPeople):
    """``interval``: seconds between two health messages."""

    interval: float = Field(default=60.0, ge=1, le=86_400)


class ReconcileSettings(WrittenByPeople):
    """``interval``: seconds between two reads of the desired state, besides those after a notification: a nucleus may
    restart a part of itself and forget whom to notify."""

    interval: float = Field(default=60.0, ge=1, le=86_400)


class ArtifactSettings(WrittenByPeople):
    """``deadline``: on the subscribed channel, how many seconds a desired state may arrive before its artifact."""

    deadline: float = Field(default=600.0, ge=1, le=86_400)


class ShutdownSettings(WrittenByPeople):
    """``grace``: seconds to finish the current work after SIGTERM; classic kills after 5."""

    grace: float = Field(default=3.0, ge=0, le=4)


class MemorySettings(WrittenByPeople):
    """``budget``: MiB of resident memory above which the previous version of a model is not kept in memory. A rollback
    to it then loads the copy on the disk."""

    budget: int = Field(default=1024, ge=64)


class WatchdogSettings(WrittenByPeople):
    """``limit``: seconds that one frame may take. After that the agent reports it and ends, so that the nucleus starts
    it again; the frame is set aside."""

    limit: float = Field(default=60.0, ge=1, le=3600)


class BusySettings(WrittenByPeople):
    """While ``file`` exists, or ``topic`` says so, deployments wait (classic only). The agent checks every ``recheck``
    seconds, and lets them continue after ``limit`` seconds at the latest. A relative path starts at the agent's work
    folder."""

    file: str | None = Field(default=None, min_length=1)
    topic: str | None = Field(default=None, min_length=1, max_length=128, pattern=r"^[^+#]+$")
    """A local topic on which another component publishes ``{"busy": true}`` and ``{"busy": false}``. The last message
    counts until the next. An agent that has just started has received none, so publish it from time to time."""
    recheck: float = Field(default=10.0, ge=1, le=3600)
    limit: float = Field(default=3600.0, ge=1, le=86_400)


class FolderSource(WrittenByPeople):
    """Reads images that appear in a folder. A relative ``path`` starts at the agent's work folder."""

    type: Literal["folder"] = "folder"
    path: str = Field(default="images", min_length=1)
    model: ModelName | None = None
    """Which model looks at them; may be left out where there is one only."""
    after: Literal["delete", "move"] = "delete"
    """What to do with an image after its prediction; moved ones go to ``<path>.done``."""
    queue: int = Field(default=64, ge=1, le=10_000)
    """How many images may wait in memory."""
    drop: Literal["block", "latest"] = "block"
    """What a full queue does: ``block`` leaves images in their folder, ``latest`` drops the oldest of the queue."""


class VideoSource(WrittenByPeople):
    """Reads a video file, a camera, or a stream, and opens it again when it ends or breaks, after pauses that double up
    to 30 s."""

    type: Literal["video"] = "video"
    address: str = Field(min_length=1, max_length=500)
    """A file, the number of a camera (``0``), or what cv2 opens, such as ``rtsp://…``. A relative file starts at the
    agent's work folder."""
    model: ModelName | None = None
    queue: int = Field(default=2, ge=1, le=1000)
    drop: Literal["block", "latest"] = "latest"
    """What a full queue does: ``latest`` drops its oldest frame, ``block`` lets the video wait."""
    rate: float | None = Field(default=None, gt=0, le=1000)
    """Frames a second at most; all if absent."""
    repeat: bool = False
    """Whether a file starts again at its end."""


class TopicSource(WrittenByPeople):
    """Requests of other components on a local IPC topic, answered on ``<topic>/reply``.

    A request is a file's bytes (an image, a CSV), or JSON: ``{"request": "…", "frames": [{"name": "…", "data":
    "<base64>"}]}``, with ``text`` instead of ``data`` for a text file. The frames of one request are one batch if the
    graph's batch size is open.
    """

    type: Literal["topic"] = "topic"
    topic: str = Field(default="mlops/requests", min_length=1, max_length=128, pattern=r"^[^+#]+$")
    model: ModelName | None = None
    queue: int = Field(default=16, ge=1, le=1000)
    """How many requests may wait."""
    drop: Literal["block", "latest"] = "block"
    """Which request a full queue refuses, with an error as the answer: ``block`` the new one, ``latest`` the oldest."""

    @property
    def reply(self) -> str:
        """The topic of the answers."""
        return f"{self.topic}/reply"


class JsonLinesSink(WrittenByPeople):
    """Writes one line of JSON for each prediction; a full file is renamed to ``<path>.1``."""

    type: Literal["json-lines"] = "json-lines"
    path: str = Field(default="predictions.jsonl", min_length=1)
    max_bytes: int = Field(default=50_000_000, ge=10_000)
    keep: int = Field(default=3, ge=1, le=100)


class LocalTopicSink(WrittenByPeople):
    """Publishes predictions to other components of the device, on a local IPC topic."""

    type: Literal["local-topic"] = "local-topic"
    topic: str = Field(default="mlops/predictions", min_length=1, max_length=128, pattern=r"^[^+#]+$")


class IotCoreSink(WrittenByPeople):
    """Publishes predictions to the cloud, on ``dt/{application}/{thing}/prediction/{model}``; limit their number."""

    type: Literal["iot-core"] = "iot-core"
    rate: float = Field(default=1.0, gt=0, le=100)
    """Messages a second at most, for each source."""
    above: float = Field(default=0.0, ge=0, le=1)
    """Only predictions whose best score is at least this."""
    on_change: bool = False
    """Only predictions whose labels differ from the last one that was sent for the source."""


class AnnotatedImagesSink(WrittenByPeople):
    """Writes images with the predictions drawn on them, for people. A relative ``path`` starts at the agent's work
    folder."""

    type: Literal["annotated-images"] = "annotated-images"
    path: str = Field(default="annotated", min_length=1)
    keep: int = Field(default=200, ge=1, le=100_000)
    """How many are kept; the oldest goes first."""
    max_age: float = Field(default=86_400.0, ge=1)
    """Seconds after which one is removed."""
    rate: float = Field(default=1.0, gt=0, le=100)
    """Images a second at most."""


class HardSamples(WrittenByPeople):
    """Keeps frames with their predictions, for labelling: those whose lowest score is between two values, and a random
    share of all."""

    path: str = Field(default="hard-samples", min_length=1)
    at_least: float = Field(default=0.0, ge=0, le=1)
    below: float = Field(default=0.0, ge=0, le=1)
    share: float = Field(default=0.0, ge=0, le=1)
    keep: int = Field(default=1000, ge=1, le=1_000_000)
    """How many frames are kept; the oldest goes first."""
    max_bytes: int = Field(default=200_000_000, ge=1_000_000)


def _a_folder_unless_it_says(value: object) -> object:
    return {"type": "folder", **value} if isinstance(value, dict) else value


Source = Annotated[
    FolderSource | VideoSource | TopicSource, Field(discriminator="type"), BeforeValidator(_a_folder_unless_it_says)
]
Sink = Annotated[JsonLinesSink | LocalTopicSink | IotCoreSink | AnnotatedImagesSink, Field(discriminator="type")]


def _default_sinks() -> dict[str, JsonLinesSink | LocalTopicSink | IotCoreSink | AnnotatedImagesSink]:
    return {"file": JsonLinesSink(), "topic": LocalTopicSink()}


def _default_sources() -> dict[str, FolderSource | VideoSource | TopicSource]:
    return {"images": FolderSource()}


class AgentSettings(WrittenByPeople):
    """All of the agent's settings. By default it reads images from ``images`` and writes ``predictions.jsonl``."""

    health: HealthSettings = Field(default_factory=HealthSettings)
    reconcile: ReconcileSettings = Field(default_factory=ReconcileSettings)
    artifact: ArtifactSettings = Field(default_factory=ArtifactSettings)
    shutdown: ShutdownSettings = Field(default_factory=ShutdownSettings)
    memory: MemorySettings = Field(default_factory=MemorySettings)
    watchdog: WatchdogSettings = Field(default_factory=WatchdogSettings)
    busy: BusySettings = Field(default_factory=BusySettings)
    sources: dict[Name, Source] = Field(default_factory=_default_sources)
    sinks: dict[Name, Sink] = Field(default_factory=_default_sinks)
    hard_samples: HardSamples | None = None

    @property
    def local_topics(self) -> frozenset[str]:
        """The local topics that the agent subscribes to: for requests, and for whether the line is busy."""
        asked = {source.topic for source in self.sources.values() if isinstance(source, TopicSource)}
        return frozenset(asked if self.busy.topic is None else asked | {self.busy.topic})

    @model_validator(mode="after")
    def _each_topic_says_one_thing(self) -> "AgentSettings":
        for name, source in self.sources.items():
            if isinstance(source, TopicSource) and source.topic == self.busy.topic:
                raise ValueError(f"busy.topic is the topic of the source {name}; give it one of its own")
        return self

    def as_text(self) -> JsonObject:
        """Return the settings that were given, as nested mappings whose leaves are all text."""
        return _text_in(self.model_dump(mode="json", by_alias=True, exclude_unset=True))


def _text_in(settings: JsonObject) -> JsonObject:
    return {key: _text(inner) for key, inner in settings.items() if inner is not None}


def _text(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return _text_in(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
