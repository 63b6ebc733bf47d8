"""Dependencies: invalid version ranges, circles, and dependencies on a hot-reloaded model.

Ranges are read as npm reads them, as the nuclei do. Circles are looked for among the recipes of one run.
"""

import re
from collections.abc import Iterator

import nodesemver

from cloud_publisher.linting.checks.artifacts import is_zip
from cloud_publisher.linting.checks.lifecycles import script_of, steps_of
from cloud_publisher.linting.recipe_text import Node, RecipeText
from cloud_publisher.linting.settings import Settings
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents.reading import did_you_mean

_TYPES = ("HARD", "SOFT")
_AGENT = re.compile(r"(?:-m\s+edge_agent|\bedge-agent)\s+run\b|/edge_agent/bringing_up/__main__\.py\s+(?:start|run)\b")
_ENDS_WITH_SUCCESS = re.compile(r"\s*(exit 0|true|:)\s*")


def check_dependencies(recipe: RecipeText, settings: Settings) -> Iterator[Diagnostic]:
    """Yield the findings about each dependency by itself, and among the recipes of the run."""
    for name, dependency in recipe.dependencies():
        if name == recipe.name:
            yield recipe.finding("GG203", dependency, f"{name} depends on itself")
        kind = dependency.get("DependencyType")
        if kind is not None and kind.text is not None and kind.text.upper() not in _TYPES:
            yield recipe.finding(
                "GG205", kind, f"there is no dependency type {kind.text!r}", did_you_mean(kind.text, list(_TYPES))
            )
        model = settings.recipes.get(name)
        if model is not None and model is not recipe and is_hot_reloaded(model):
            if is_agent(recipe):
                yield recipe.finding("GG206", dependency, f"the agent depends on the hot-reloaded model {name!r}")
            elif kind is None or kind.text is None or kind.text.upper() != "SOFT":
                yield recipe.finding(
                    "GG207", dependency, f"{recipe.name} depends hard on the hot-reloaded model {name!r}"
                )
    yield from check_ranges(recipe, settings)
    yield from _circle(recipe, settings)


def check_ranges(recipe: RecipeText, settings: Settings) -> Iterator[Diagnostic]:
    """Yield the findings about the version ranges alone."""
    for name, dependency in recipe.dependencies():
        requirement = dependency.get("VersionRequirement")
        if requirement is not None and requirement.text is not None:
            yield from _range(recipe, name, requirement, settings.recipes.get(name))


def is_agent(recipe: RecipeText) -> bool:
    """Return whether the recipe's lifecycle runs our agent."""
    return any(_AGENT.search(str(node.value)) for lifecycle, _ in recipe.lifecycles() for node in lifecycle.texts())


def is_hot_reloaded(recipe: RecipeText) -> bool:
    """Return whether the recipe looks like a hot-reloaded model's: one zip that all may read, and nothing that runs."""
    lifecycles = list(recipe.lifecycles())
    for lifecycle, artifacts in lifecycles:
        steps = dict(steps_of(lifecycle))
        script = script_of(steps["run"]) if steps.keys() == {"run"} else None
        if script is None or not _ENDS_WITH_SUCCESS.fullmatch(script.text or ""):
            return False
        if len(artifacts) != 1 or not is_zip(artifacts[0]):
            return False
        permission = artifacts[0].get("Permission")
        read = permission.get("Read") if permission else None
        if read is None or str(read.value).upper() != "ALL":
            return False
    return bool(lifecycles)


def _range(recipe: RecipeText, name: str, requirement: Node, beside: RecipeText | None) -> Iterator[Diagnostic]:
    text = str(requirement.value)
    normal = nodesemver.valid_range(text, False)
    if normal is None or not text.strip():
        yield recipe.finding("GG201", requirement, f"{text!r} is no range of versions")
    elif _is_empty(normal):
        yield recipe.finding("GG202", requirement, f"no version fits {text!r}")
    elif beside is not None and beside.version and _leaves_out(text, beside.version):
        yield recipe.finding(
            "GG208", requirement, f"{text!r} leaves out {name} {beside.version}, whose recipe is {beside.file}"
        )


def _leaves_out(text: str, version: str) -> bool:
    return bool(nodesemver.valid(version, False)) and not nodesemver.satisfies(version, text, False)


def _is_empty(normal: str) -> bool:
    """Return whether no version can be in a range: each alternative's upper bound is below its lower bound."""
    return all(_ends_before_it_begins(alternative.split()) for alternative in normal.split("||"))


def _ends_before_it_begins(comparators: list[str]) -> bool:
    lower = [each for each in comparators if each.startswith(">")]
    upper = [each for each in comparators if each.startswith("<")]
    for low in lower:
        for high in upper:
            order = nodesemver.compare(low.lstrip(">="), high.lstrip("<="), False)
            if order > 0 or (order == 0 and not (low.startswith(">=") and high.startswith("<="))):
                return True
    return False


def _circle(recipe: RecipeText, settings: Settings) -> Iterator[Diagnostic]:
    """Yield the shortest circle from this recipe back to it, at the dependency that begins it."""
    paths = [[name] for name, _ in recipe.dependencies() if name != recipe.name]
    seen: set[str] = set()
    while paths:
        path = paths.pop(0)
        last = settings.recipes.get(path[-1])
        if path[-1] in seen or last is None:
            continue
        seen.add(path[-1])
        for following, _ in last.dependencies():
            if following == recipe.name:
                first = next(node for name, node in recipe.dependencies() if name == path[0])
                shown = " → ".join([str(recipe.name), *path, str(recipe.name)])
                yield recipe.finding("GG204", first, f"is part of a circle: {shown}")
                return
            paths.append([*path, following])
