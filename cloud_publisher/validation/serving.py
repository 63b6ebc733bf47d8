"""Checks that what is released for the agent is served: each manifest is a model's, and each source has its model."""

from collections.abc import Iterator

from cloud_publisher.validation.sources import Sources
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents import read_document
from shared_schema.documents.reading import did_you_mean
from shared_schema.errors import DocumentError
from shared_schema.model_manifest import MANIFEST_FILE, ModelManifest


def check_serving(sources: Sources) -> Iterator[Diagnostic]:
    """Yield the faults: a manifest whose component is no model, a source that names none of the release's models.

    Such a release would be confirmed while no model serves, or while every agent is DEGRADED.
    """
    forgotten = {each.place.path[1]: each for each in _manifests_of_no_model(sources)}
    yield from forgotten.values()
    agent = next((key for key, component in sources.components.items() if component.agent), None)
    if agent is not None:
        yield from _sources(sources, agent, sources.hot_reloaded | {str(key) for key in forgotten})
    elif sources.hot_reloaded:
        yield sources.note(
            (min(sources.hot_reloaded),),
            f"no component has agent:, so no device is told to serve {', '.join(sorted(sources.hot_reloaded))}",
        )


def _manifests_of_no_model(sources: Sources) -> Iterator[Diagnostic]:
    """Yield an error for each manifest of ours whose component has no ``model:``, a note for another ``model.yaml``."""
    for key, component in sources.components.items():
        path = sources.root(component) / MANIFEST_FILE
        if component.model is not None or component.agent is not None or not path.is_file():
            continue
        where = f"there is a {MANIFEST_FILE} in {component.root}, and the component has no key `model`"
        try:
            read_document(path, ModelManifest)
        except DocumentError:
            yield sources.note((key,), f"{where}; the agent does not read it")
        else:
            yield sources.diagnostic(
                (key,),
                f"{where}: it would be released as files that no agent serves",
                "say where its model comes from, such as model: {sagemaker-managed: true, package-group: "
                f"{key}}}; if an application reads {MANIFEST_FILE}, give it another name",
            )


def _sources(sources: Sources, agent: str, models: frozenset[str]) -> Iterator[Diagnostic]:
    """Yield a fault for each source of the agent's settings that would never get a model."""
    component = sources.components[agent]
    if component.agent is None:
        return
    names = sorted(models)
    for name, source in component.agent.settings.sources.items():
        path = (agent, "agent", "settings", "sources", name)
        if source.model is None:
            if len(names) > 1:
                yield sources.diagnostic(
                    path,
                    f"the source {name} names no model, and there are {len(names)}: no frame of it would be predicted",
                    f"add model: {' or '.join(names)}",
                )
        elif source.model not in models:
            yield sources.diagnostic((*path, "model"), *_not_served(sources, name, source.model, names))


def _not_served(sources: Sources, name: str, model: str, names: list[str]) -> tuple[str, str]:
    """Return why the agent would not serve a source's model, and what to do."""
    component = sources.components.get(model)
    if component is not None and component.model is not None:
        return (
            f"the source {name} takes the model {model}, which has no {MANIFEST_FILE} in {component.root}: "
            "the agent does not serve it",
            f"add {MANIFEST_FILE} (docs/agent.md), or take the source out",
        )
    what = "is no model" if component is not None else "is no component of this release"
    remedy = did_you_mean(model, names, otherwise="release one under that key, or take the source out")
    return f"the source {name} takes the model {model}, which {what}", remedy
