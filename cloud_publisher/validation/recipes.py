"""Checks that each component's recipe can be written, is small enough, and passes the linter."""

from collections.abc import Iterator
from dataclasses import replace

from pydantic import ValidationError

from cloud_publisher.linting.checks.access_control import check_access_control
from cloud_publisher.linting.checks.classic import check_classic
from cloud_publisher.linting.checks.dependencies import check_ranges
from cloud_publisher.linting.checks.lifecycles import check_lifecycles
from cloud_publisher.linting.checks.lite import check_lite
from cloud_publisher.linting.checks.platforms import check_platforms
from cloud_publisher.linting.checks.variables import check_variables
from cloud_publisher.linting.recipe_text import Node, RecipeText
from cloud_publisher.linting.settings import Settings
from cloud_publisher.recipes.component_recipe import OPEN_VERSION, RecipeSource, recipe_of, recipe_sources
from cloud_publisher.validation.sources import Sources
from shared_schema.diagnostics import Diagnostic, DocumentPath
from shared_schema.documents.positions import Positions
from shared_schema.recipe import MAXIMUM_BYTES, Recipe

_LONGEST_BUCKET = "b" * 63
# Only the rules that the config's shape, and the other checks, do not cover already.
_CHECKS = (
    check_ranges,
    check_platforms,
    check_lifecycles,
    check_classic,
    check_variables,
    check_access_control,
    check_lite,
)


def check_recipes(sources: Sources) -> Iterator[Diagnostic]:
    """Yield the faults of each recipe, made with the longest possible bucket name."""
    for source in recipe_sources(sources.config.value, sources.hot_reloaded):
        # The recipe of <agent>.desired is ours; the agent's faults are reported by the check of its config.
        if source.component is not None:
            yield from _recipe(sources, source)


def _recipe(sources: Sources, source: RecipeSource) -> Iterator[Diagnostic]:
    try:
        recipe = recipe_of(source, OPEN_VERSION, bucket=_LONGEST_BUCKET, versions={})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        yield sources.diagnostic((source.key,), f"makes no recipe: {place}: {first['msg']}", "correct that part")
        return
    size = len(recipe.text().encode())
    if size > MAXIMUM_BYTES:
        yield sources.diagnostic(
            (source.key,),
            f"its recipe has {size} bytes, and {MAXIMUM_BYTES} is the most that Greengrass takes",
            "move long scripts into the artifact, and call them from the lifecycle",
        )
    yield from _linted(sources, source, recipe)


def _linted(sources: Sources, source: RecipeSource, recipe: Recipe) -> Iterator[Diagnostic]:
    """Yield the linter's diagnostics about a recipe, at the places of the config that they come from."""
    written = RecipeText(source.name, "{}", Node(recipe.canonical()), Positions({}, {}, ()))
    for check in _CHECKS:
        for found in check(written, Settings()):
            path = ("custom-components", *_path_in_config(sources, source, found.place.path))
            yield replace(found, place=sources.config.place(path))


def _path_in_config(sources: Sources, source: RecipeSource, path: DocumentPath) -> DocumentPath:
    """Return the place in the config, below ``custom-components``, that is nearest to a place in the recipe."""
    if source.component is not None and source.component.manifests is None and path[:1] == ("Manifests",):
        path = path[2:]
    here = sources.config.raw.get("custom-components")
    found: list[str | int] = []
    for step in (source.key, *path):
        if isinstance(here, list) and isinstance(step, int) and step < len(here):
            here = here[step]
            found.append(step)
        elif isinstance(here, dict) and (near := [key for key in here if str(key).lower() == str(step).lower()]):
            here = here[near[0]]
            found.append(near[0])
        else:
            break
    return tuple(found)
