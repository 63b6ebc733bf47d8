"""Whether each component's recipe can be written at all, and is small enough."""

from collections.abc import Iterator

from pydantic import ValidationError

from cloud_publisher.recipes.component_recipe import OPEN_VERSION, RecipeSource, recipe_of, recipe_sources
from cloud_publisher.validation.sources import Note, Sources
from shared_schema.documents import Fault
from shared_schema.recipe import MAXIMUM_BYTES

_LONGEST_BUCKET = "b" * 63


def check_recipes(sources: Sources) -> Iterator[Fault | Note]:
    """Each recipe, with the longest bucket name there can be."""
    for source in recipe_sources(sources.config.value, sources.hot_reloaded):
        # The desired state's recipe is ours; the agent's faults are told where its config is checked.
        if source.component is not None:
            yield from _recipe(sources, source)


def _recipe(sources: Sources, source: RecipeSource) -> Iterator[Fault]:
    try:
        recipe = recipe_of(source, OPEN_VERSION, bucket=_LONGEST_BUCKET, versions={})
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(step) for step in first["loc"])
        yield sources.fault((source.key,), f"makes no recipe: {place}: {first['msg']}", "correct that part")
        return
    size = len(recipe.text().encode())
    if size > MAXIMUM_BYTES:
        yield sources.fault(
            (source.key,),
            f"its recipe has {size} bytes, and {MAXIMUM_BYTES} is the most that Greengrass takes",
            "move long scripts into the artifact, and call them from the lifecycle",
        )
