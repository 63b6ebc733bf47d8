"""Checks model components: whether one is hot-reloadable, and whether its manifest's files can exist."""

import re
from collections.abc import Iterator

from cloud_publisher.artifacts.keys import name_in_uri
from cloud_publisher.validation.artifacts import artifacts_of, lifecycles_of
from cloud_publisher.validation.sources import Sources
from shared_schema.config import Component
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents.reading import did_you_mean
from shared_schema.model_manifest import MANIFEST_FILE
from shared_schema.recipe import Step

_ENDS_WITH_SUCCESS = re.compile(r"(^|[;\n&]\s*)(exit 0|true|:)\s*$")


def check_models(sources: Sources) -> Iterator[Diagnostic]:
    """Yield the faults and notes of each component with ``model:``."""
    for key, component in sources.components.items():
        if component.model is None:
            continue
        if not component.model.sagemaker_managed and component.bucket is None:
            yield sources.note(
                (key, "model"), f"no bucket is given: {component.model.name} is looked for in the artifact bucket"
            )
        if key in sources.hot_reloaded:
            yield from _one_artifact(sources, key, component)
            yield from _lifecycle(sources, key, component)
            yield from _golden_files(sources, key, component)
        elif sources.root(component).is_dir():
            yield sources.note(
                (key, "model"),
                f"there is no {MANIFEST_FILE} in {component.root}: the model will not be hot-reloaded by the agent; "
                "an application reads it by its own means",
            )


def _one_artifact(sources: Sources, key: str, component: Component) -> Iterator[Diagnostic]:
    found = list(artifacts_of(key, component))
    names = {name_in_uri(artifact.uri) for _, artifact in found}
    if len(names) != 1:
        yield sources.diagnostic(
            (key, "Artifacts"),
            f"a hot-reloaded model has exactly one artifact, and this has {len(names)}",
            "put everything into one zip: the agent looks for the only folder of the component",
        )
    for path, artifact in found:
        if artifact.unarchive != "ZIP" or not name_in_uri(artifact.uri).endswith(".zip"):
            yield sources.diagnostic(
                path,
                "the artifact of a hot-reloaded model is no unarchived zip",
                f"name it .zip and add Unarchive: ZIP; or take {MANIFEST_FILE} out of {component.root}",
            )
        if artifact.permission is None or artifact.permission.read != "ALL":
            yield sources.diagnostic(
                path,
                "the artifact of a hot-reloaded model is not readable by all: the agent vets it before the nucleus "
                "has given it to anybody",
                "add Permission: {Read: ALL}",
            )


def _lifecycle(sources: Sources, key: str, component: Component) -> Iterator[Diagnostic]:
    for path, lifecycle in lifecycles_of(key, component):
        scripts = lifecycle.scripts() if lifecycle else {}
        others = sorted(scripts.keys() - {"run"})
        if others:
            yield sources.diagnostic(
                path,
                f"the lifecycle of a hot-reloaded model has {', '.join(others)}",
                "keep Run: exit 0 alone: the agent loads the model, the component itself runs nothing",
            )
        run = lifecycle.run if lifecycle else None
        script = run.script if isinstance(run, Step) else run
        if script is not None and not _ENDS_WITH_SUCCESS.search(script.strip()):
            yield sources.diagnostic(
                (*path, "Run"),
                f"the run of a hot-reloaded model does not end at once with 0: {script.strip().splitlines()[-1]!r}",
                "write Run: exit 0",
            )


def _golden_files(sources: Sources, key: str, component: Component) -> Iterator[Diagnostic]:
    """Yield a fault for each golden sample that the component's folder lacks, unless its package or build has them."""
    manifest = sources.manifests.get(key)
    if manifest is None:
        return
    root = sources.root(component)
    for index, sample in enumerate(manifest.value.golden.samples):
        file = root / sample.input
        # If the build or the package may have samples, only those in an existing folder of the root can be checked.
        if file.is_file() or not file.parent.is_dir() or file.parent == root:
            continue
        siblings = sorted(each.relative_to(root).as_posix() for each in file.parent.iterdir() if each.is_file())
        yield manifest.diagnostic(
            ("golden", "samples", index, "input"),
            f"there is no golden sample {sample.input!r}",
            did_you_mean(sample.input, siblings[:2000]),
        )
