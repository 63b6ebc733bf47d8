"""The sizes of a recipe that nucleus lite limits."""

from typing import Any

from cloud_publisher.sizes.figure import Figure
from cloud_publisher.sizes.lite_memory import MOST_LEVELS, MOST_OBJECTS, RECIPE_BYTES, RECIPE_FILE_BYTES, measured

_WHY = "nucleus lite does not read it, and the deployment fails there"
_REMEDY = "write less in it: fewer manifests, one script in a file of the artifact, shorter default configurations"


def recipe_figures(name: str, text: str, document: Any) -> list[Figure]:
    """Return a recipe's sizes, as lite counts them (ggl-recipe/src/recipe.c, ggl_recipe_get_from_file)."""
    whole = measured(document)
    return [
        Figure(f"the recipe of {name}", len(text.encode()), RECIPE_FILE_BYTES, _WHY, _REMEDY),
        Figure(f"the recipe of {name}", whole.objects, MOST_OBJECTS, _WHY, _REMEDY, "objects"),
        Figure(f"the recipe of {name}", whole.levels, MOST_LEVELS, _WHY, _REMEDY, "levels"),
        Figure(f"the recipe of {name}", whole.memory, RECIPE_BYTES, _WHY, _REMEDY, "bytes of lite's memory"),
    ]
