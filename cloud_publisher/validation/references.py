"""Checks what names a component of the release: other components' dependencies, and the deployment template.

No component may depend on itself, in a circle, or on a model in a way that restarts it with the model.
"""

import json
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from cloud_publisher.recipes.component_recipe import LATEST
from cloud_publisher.validation.sources import Sources
from shared_schema.desired_state import KEY
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents.reading import did_you_mean


def check_dependencies(sources: Sources) -> Iterator[Diagnostic]:
    """Yield the faults of each component's ``ComponentDependencies``."""
    names = sources.names()
    for key, component in sources.components.items():
        for name, dependency in component.component_dependencies.items():
            path = (key, "ComponentDependencies", name)
            if name == component.component_name:
                yield sources.diagnostic(path, "depends on itself", "take it out")
            elif LATEST in dependency.version_requirement and name not in names:
                yield sources.diagnostic(
                    (*path, "VersionRequirement"),
                    f"{LATEST} is this release's version, and the release has no component {name!r}",
                    did_you_mean(name, names, otherwise="write the version range yourself"),
                )
    yield from _circles(sources)
    yield from _models_under_the_agent(sources)
    yield from _models_under_applications(sources)


def check_template(sources: Sources) -> Iterator[Diagnostic]:
    """Yield the faults of each component of ``deployment.json``."""
    template = sources.template
    if template is None:
        return
    names = sources.names()
    for name, component in template.value.components.items():
        path = ("components", name)
        version = component.component_version
        if name not in names and version in {None, LATEST}:
            problem = "has no version" if version is None else f"{LATEST} is this release's version"
            yield template.diagnostic(
                path if version is None else (*path, "componentVersion"),
                f"{problem}, and the release has no component {name!r}",
                did_you_mean(name, names, otherwise="write its exact version"),
            )
        update = component.configuration_update
        if update and update.merge and name in names and KEY in json.loads(update.merge):
            yield template.diagnostic(
                (*path, "configurationUpdate", "merge"),
                f"{KEY!r} is where `deploy` writes the desired state",
                "take it out; the agent's settings go under agent.settings of the config",
            )


def _next(sources: Sources) -> dict[str, list[str]]:
    """Return the components of the release that each one depends on, by name, without a dependency on itself."""
    known = {component.component_name for component in sources.components.values()}
    return {
        component.component_name: [
            name for name in component.component_dependencies if name in known and name != component.component_name
        ]
        for component in sources.components.values()
    }


def _circles(sources: Sources) -> Iterator[Diagnostic]:
    """Yield one fault for each circle, at the dependency that closes it."""
    following = {name: set(others) for name, others in _next(sources).items()}
    while True:
        try:
            TopologicalSorter(following).prepare()
        except CycleError as error:
            # graphlib lists each component before those that depend on it; people read them the other way round.
            circle: list[str] = list(reversed(error.args[1]))
        else:
            return
        last, first = circle[-2], circle[-1]
        yield sources.diagnostic(
            (sources.key_of(last) or last, "ComponentDependencies", first),
            f"closes a circle: {' → '.join(circle)}",
            "take one of these dependencies out: a nucleus starts dependencies first",
        )
        following[last].discard(first)


def _models_under_the_agent(sources: Sources) -> Iterator[Diagnostic]:
    """Yield a fault for each hot-reloaded model that the agent depends on, directly or through another component."""
    following = _next(sources)
    models = {sources.components[key].component_name for key in sources.hot_reloaded}
    for key, component in sources.components.items():
        if component.agent is None:
            continue
        for first in following[component.component_name]:
            reached, todo = {first}, [first]
            while todo:
                fresh = [name for name in following[todo.pop()] if name not in reached]
                reached.update(fresh)
                todo.extend(fresh)
            for model in sorted(reached & models):
                through = "" if model == first else f" (through {first!r})"
                yield sources.diagnostic(
                    (key, "ComponentDependencies", first),
                    f"the agent depends on the hot-reloaded model {model!r}{through}: every new version of it would "
                    "change the agent's recipe and restart the agent, and the model could never be taken out",
                    "take it out: the deployment lists each model itself, and the desired state names it to the agent",
                )


def _models_under_applications(sources: Sources) -> Iterator[Diagnostic]:
    """Yield a fault for each hard dependency of an application on a hot-reloaded model."""
    models = {sources.components[key].component_name for key in sources.hot_reloaded}
    for key, component in sources.components.items():
        for name, dependency in component.component_dependencies.items():
            if name in models and component.agent is None and dependency.dependency_type == "HARD":
                yield sources.diagnostic(
                    (key, "ComponentDependencies", name),
                    f"{component.component_name} depends hard on the hot-reloaded model {name!r}: the nucleus would "
                    "restart it with every version of the model",
                    "add DependencyType: SOFT, or take it out and ask the agent for predictions",
                )
