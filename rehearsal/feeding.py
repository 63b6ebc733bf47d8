"""Which sources of the agent a rehearsal feeds, and with what, as the config's settings say.

A folder source gets files. A topic source gets requests, which a component sends that the rehearsal adds
(``asking.py``). Cameras and streams are not played, nor folders outside the agent's work folder.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from rehearsal.errors import WrongUse
from rehearsal.feeder import Frame
from rehearsal.model_data import ModelToRelease
from shared_schema.settings import AgentSettings, FolderSource, JsonLinesSink, Source, TopicSource

LARGEST_REQUEST = 5_000
"""Bytes of a file that is sent by topic: in base64, its request must fit into an IPC frame of lite
(docs/greengrass-facts.md, "IPC on lite")."""
_FEW_BYTES = 5_000_000
"""A JSON-lines sink that keeps less may have dropped predictions before they are counted."""


@dataclass(frozen=True, slots=True)
class Lane:
    """One source that is fed. ``path`` is a folder below the agent's work folder, or a topic."""

    model: str
    source: str
    path: str
    by_topic: bool
    frames: tuple[Frame, ...] = ()
    """Empty for a model whose scripts make them."""


@dataclass(frozen=True, slots=True)
class Feeding:
    """The lanes, and of each model without one the reason and what to do."""

    lanes: tuple[Lane, ...]
    unfed: Mapping[str, str]


def feeding_of(
    settings: AgentSettings, models: Sequence[ModelToRelease], inputs: Mapping[str, Sequence[Path]]
) -> Feeding:
    """Return what is fed to whom. ``inputs`` are folders of files by model, in place of its golden samples."""
    served = [each for each in models if each.manifest is not None]
    lanes: list[Lane] = []
    unfed: dict[str, str] = {}
    for model in served:
        found = [
            lane
            for name, source in settings.sources.items()
            if (source.model or (served[0].key if len(served) == 1 else None)) == model.key
            and (lane := _lane(model.key, name, source)) is not None
        ]
        if not found:
            unfed[model.key] = (
                "no source of the agent's settings takes it from a folder of its work folder (with drop: block), or "
                f"from a local topic; add one with model: {model.key}"
            )
            continue
        given = inputs.get(model.key, ())
        frames = frames_of(model, given)
        for lane in found:
            scans = model.scripted and not given and not lane.by_topic
            fit = [each for each in frames if not lane.by_topic or each.path.stat().st_size <= LARGEST_REQUEST]
            if scans:
                lanes.append(lane)
            elif fit:
                lanes.append(Lane(lane.model, lane.source, lane.path, lane.by_topic, tuple(fit)))
            else:
                what = f"no file of at most {LARGEST_REQUEST} bytes, for a topic," if frames else "no golden sample"
                unfed[model.key] = f"there is {what} in {model.root}; give files by --input {model.key}=FOLDER"
    fed = {lane.model for lane in lanes}
    return Feeding(tuple(lanes), {key: why for key, why in unfed.items() if key not in fed})


def frames_of(model: ModelToRelease, folders: Sequence[Path]) -> list[Frame]:
    """Return the files of the folders, or else the golden samples, of the component or of its first version.

    Raises ``WrongUse`` for a folder with files whose names the agent ignores only.
    """
    if folders:
        paths = [path for folder in folders for path in sorted(folder.iterdir()) if path.is_file()]
        paths = [path for path in paths if not path.name.startswith(".")]
        if not paths:
            raise WrongUse(
                f"--input {model.key}={folders[0]}: there is no file in it, but for hidden ones",
                "put images, CSV files or .npz files into it, as the model takes them",
            )
    else:
        samples = model.manifest.golden.samples if model.manifest else []
        paths = list(_existing((each.input for each in samples), (model.root, *model.good[:1])))
    return [Frame(path, path.stem) for path in dict.fromkeys(paths)]


def predictions_file(settings: AgentSettings) -> str | None:
    """Return the path of a JSON-lines sink that keeps enough to count by, below the agent's work folder, if any."""
    for sink in settings.sinks.values():
        if isinstance(sink, JsonLinesSink) and sink.max_bytes * (sink.keep + 1) >= _FEW_BYTES and _inside(sink.path):
            return sink.path
    return None


def _lane(model: str, name: str, source: Source) -> Lane | None:
    match source:
        case FolderSource() if _inside(source.path) and source.drop == "block":
            return Lane(model, name, source.path, by_topic=False)
        case TopicSource():
            return Lane(model, name, source.topic, by_topic=True)
        case _:
            return None


def _inside(path: str) -> bool:
    return not PurePosixPath(path).is_absolute() and ".." not in PurePosixPath(path).parts


def _existing(names: Iterable[str], folders: Iterable[Path]) -> Iterable[Path]:
    places = list(folders)
    for name in names:
        found = next((place / name for place in places if (place / name).is_file()), None)
        if found is not None:
            yield found
