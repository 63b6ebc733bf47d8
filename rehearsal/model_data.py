"""Which versions of which models a rehearsal releases: by ``--model-data`` and ``--bad``, or the repository's own.

Reads the repository, and changes nothing. Every fault is found before anything starts.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.errors import WrongUse
from shared_schema.config import Component, Config, Model
from shared_schema.digests import model_digest_of_folder
from shared_schema.documents import read_document
from shared_schema.documents.reading import did_you_mean
from shared_schema.errors import DocumentError, UndigestibleModelError
from shared_schema.model_manifest import MANIFEST_FILE, ModelManifest

VERSIONS, BAD = "versions", "bad"
"""Below a model component's root: a folder for each version, and the one that devices must refuse."""
SCRIPTS = ("train.py", "scans.py", "register.py", "set_status.py")
"""A component with all of these, as the digits have, makes and registers its versions itself."""
_ARCHIVES = (".tar.gz", ".tgz", ".tar")


@dataclass(frozen=True, slots=True)
class ModelToRelease:
    """A model component and the folders of its versions, the older first. ``scripted``: its own scripts make them."""

    key: str
    component: Component
    root: Path
    manifest: ModelManifest | None
    """None: no agent serves it."""
    good: tuple[Path, ...]
    bad: Path | None
    scripted: bool = False


def models_to_release(
    repository: Path, config: Config, model_data: Sequence[str] = (), bad: Sequence[str] = ()
) -> list[ModelToRelease]:
    """Return every model component of the config with its versions. The options' texts are ``NAME=FOLDER``.

    Raises ``WrongUse``: for an option of another form, an unknown name, a folder that holds no version, two versions
    that are the same, a model without a version, two that come from one place, and if no agent would serve any.
    """
    components = {key: each for key, each in config.custom_components.items() if each.model is not None}
    if not components:
        raise WrongUse(
            f"the config of {repository} has no model: none of its components has the key `model`",
            "add one (docs/getting-started.md shows a whole component)",
        )
    given = folders_by_model("--model-data", model_data, components)
    refused = folders_by_model("--bad", bad, components)
    _have_places_of_their_own(components)
    found = [
        _model(repository, key, component, given.get(key, ()), refused.get(key, ()))
        for key, component in components.items()
    ]
    missing = [each for each in found if not each.good and not each.scripted]
    if missing:
        raise _without_versions(missing)
    if all(each.manifest is None for each in found):
        raise WrongUse(
            f"no agent would serve {', '.join(components)}: there is no {MANIFEST_FILE} in {found[0].component.root}",
            "describe a model by one (docs/agent.md): a rehearsal proves what agents serve and confirm",
        )
    for each in found:
        _fit_their_object(each)
        _must_differ(each)
    return found


def is_archive(model: Model) -> bool:
    """Return whether the files of a version become an archive: always in the registry, else by the object's name."""
    return model.sagemaker_managed or model.name.lower().endswith(_ARCHIVES)


def folders_by_model(option: str, texts: Iterable[str], known: Mapping[str, object]) -> dict[str, list[Path]]:
    """Return the folders that an option gives, by model, in order. Raises ``WrongUse``."""
    found: dict[str, list[Path]] = {}
    for text in texts:
        name, equals, path = text.partition("=")
        if not equals or not name or not path:
            raise WrongUse(
                f"{option} {text}: this is not NAME=FOLDER", f"write it such as {option} {next(iter(known))}=FOLDER"
            )
        if name not in known:
            raise WrongUse(f"{option} {text}: the config has no model {name!r}", did_you_mean(name, list(known)))
        found.setdefault(name, []).append(_folder_with_files(Path(path), f"{option} {text}"))
    return found


def _model(
    repository: Path, key: str, component: Component, given: Sequence[Path], refused: Sequence[Path]
) -> ModelToRelease:
    root = repository / component.root
    if len(refused) > 1:
        raise WrongUse(
            f"--bad is given {len(refused)} times for {key}", "give one: it stands for all that devices must refuse"
        )
    bad = refused[0] if refused else None
    own, own_bad = _versions_below(root / VERSIONS)
    if given:
        # A bad version beside other good ones is not what was asked for.
        own_bad = None
    good = tuple(given or own)
    scripted = not good and all((root / script).is_file() for script in SCRIPTS)
    if scripted and bad is not None:
        raise WrongUse(
            f"--bad {key}={bad}: the scripts of {component.root} make its versions, the bad one too",
            f"give good ones as well, by --model-data {key}=FOLDER",
        )
    manifest = _manifest(root)
    if manifest is None and (bad or own_bad):
        raise WrongUse(
            f"{key} has a version that devices must refuse, but no {MANIFEST_FILE} in {component.root}: "
            "no agent vets it",
            f"add {MANIFEST_FILE} with golden samples (docs/agent.md), or leave the bad version out",
        )
    return ModelToRelease(key, component, root, manifest, good, bad or own_bad, scripted)


def _manifest(root: Path) -> ModelManifest | None:
    path = root / MANIFEST_FILE
    if not path.is_file():
        return None
    try:
        return read_document(path, ModelManifest).value
    except DocumentError as error:
        raise WrongUse(str(error), "`cloud-publisher validate` says more") from error


def _versions_below(folder: Path) -> tuple[list[Path], Path | None]:
    """Return the folders of ``versions/`` in the order of their names, numbers as numbers, and the bad one."""
    if not folder.is_dir():
        return [], None
    found = {path.name: path for path in folder.iterdir() if path.is_dir() and not path.name.startswith(".")}
    for path in found.values():
        _folder_with_files(path, str(path))
    bad = found.pop(BAD, None)
    return [found[name] for name in sorted(found, key=_by_number)], bad


def _by_number(name: str) -> list[tuple[bool, int, str]]:
    """Return what names are sorted by: 9 before 10, and numbers before words."""
    parts = [part for part in re.split(r"(\d+)", name) if part]
    return [(False, int(part), "") if part.isdecimal() else (True, 0, part) for part in parts]


def _folder_with_files(path: Path, what: str) -> Path:
    if not path.exists():
        raise WrongUse(f"{what}: there is no folder {path}", "name the folder with the files of one version")
    if not path.is_dir():
        raise WrongUse(f"{what}: {path} is a file", "name the folder that holds it: its files become model.tar.gz")
    if not any(each.is_file() for each in path.rglob("*")):
        raise WrongUse(f"{what}: {path} holds no file", "put the files of one version into it")
    return path.absolute()


def _without_versions(models: Sequence[ModelToRelease]) -> WrongUse:
    names = ", ".join(each.key for each in models)
    first = models[0]
    return WrongUse(
        f"there is no version of {names} to release",
        f"give a folder for each version, in order: --model-data {first.key}=FOLDER --model-data {first.key}=FOLDER; "
        f"or put them into {first.component.root}/{VERSIONS}/1, {VERSIONS}/2 and so on. A version that devices must "
        f"refuse is --bad {first.key}=FOLDER, or {VERSIONS}/{BAD}",
    )


def _have_places_of_their_own(components: Mapping[str, Component]) -> None:
    """Raise ``WrongUse`` if two models come from one package group or object: the newest version would be both's."""
    seen: dict[tuple[str, ...], str] = {}
    for key, component in components.items():
        model = component.model
        if model is None:
            continue
        managed = model.sagemaker_managed
        place = (
            ("the package group", model.package_group or key)
            if managed
            else ("the object", f"{component.bucket or 'of the artifact bucket'} {model.name}")
        )
        if place in seen:
            raise WrongUse(
                f"{seen[place]} and {key} both come from {' '.join(place)}, and a rehearsal registers each one's own",
                f"give {key} a place of its own, as a rehearsal of one of the two needs it",
            )
        seen[place] = key


def _folders(model: ModelToRelease) -> tuple[Path, ...]:
    return (*model.good, *([model.bad] if model.bad else []))


def _fit_their_object(model: ModelToRelease) -> None:
    asked = model.component.model
    for folder in _folders(model):
        files = [each for each in folder.rglob("*") if each.is_file()]
        if asked is not None and not is_archive(asked) and len(files) != 1:
            raise WrongUse(
                f"{model.key}: {folder} holds {len(files)} files, and the model is one object, {asked.name}",
                "leave one file in it, or give the object in the config the name of an archive, such as model.tar.gz",
            )


def _must_differ(model: ModelToRelease) -> None:
    """Raise ``WrongUse`` for two versions with the same files: to release the second would change nothing."""
    seen: dict[str, Path] = {}
    for folder in _folders(model):
        try:
            digest = model_digest_of_folder(folder)
        except UndigestibleModelError as error:
            raise WrongUse(f"{model.key}: {folder}: {error.problem}", error.remedy) from error
        except OSError as error:
            raise WrongUse(
                f"{model.key}: {error.filename or folder} cannot be read ({error.strerror})", "mend it"
            ) from error
        if digest in seen:
            raise WrongUse(
                f"{model.key}: {folder} has the same files as {seen[digest]}",
                "give another version, or leave it out: its release would change nothing",
            )
        seen[digest] = folder
