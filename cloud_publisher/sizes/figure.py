"""One size and its limit, and the sizes of a recipe that nucleus lite limits."""

from collections.abc import Iterable
from dataclasses import dataclass

from cloud_publisher.sizes.lite_memory import MOST_LEVELS, MOST_OBJECTS, RECIPE_BYTES, RECIPE_FILE_BYTES, measured
from shared_schema.json_value import JsonObject, JsonValue

_NOT_READ = "nucleus lite does not read it, and the deployment fails there"
_SHORTER_RECIPE = (
    "write less in it: fewer manifests, one script in a file of the artifact, shorter default configurations"
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A size. ``what`` is measured, ``why`` says what happens beyond the limit, ``remedy`` what makes it smaller.

    If it is not ``binding``, it is a warning and no refusal.
    """

    what: str
    size: int
    most: int
    why: str
    remedy: str
    unit: str = "bytes"
    binding: bool = True

    @property
    def over(self) -> bool:
        """Whether the size is beyond its limit."""
        return self.size > self.most

    @property
    def share(self) -> float:
        """The size as a share of its limit."""
        return self.size / self.most

    @property
    def words(self) -> str:
        """``the fleet status has 5103 bytes, and 5000 is the most``."""
        return f"{self.what} has {self.size} {self.unit}, and {self.most} is the most"

    def as_json(self) -> JsonObject:
        """For ``--json``."""
        return {"what": self.what, "size": self.size, "most": self.most, "unit": self.unit}

    @property
    def warning(self) -> str:
        """The figure, with reason and remedy, in one line."""
        return f"{self.words}: {self.why}; {self.remedy}"


def too_large(figures: Iterable[Figure]) -> list[Figure]:
    """Return the figures that forbid the deployment, the worst first."""
    return sorted((each for each in figures if each.over and each.binding), key=lambda each: -each.share)


def warned_of(figures: Iterable[Figure]) -> list[Figure]:
    """Return the figures that are too large but forbid nothing."""
    return [each for each in figures if each.over and not each.binding]


def remedies(figures: Iterable[Figure]) -> str:
    """Return what to do about the figures, each remedy once."""
    return "; ".join(dict.fromkeys(each.remedy for each in figures))


def reasons(figures: Iterable[Figure]) -> str:
    """Return what would happen, each consequence once."""
    return "; ".join(dict.fromkeys(each.why for each in figures))


def recipe_figures(name: str, text: str, document: JsonValue) -> list[Figure]:
    """Return a recipe's sizes, as lite counts them (ggl-recipe/src/recipe.c, ggl_recipe_get_from_file)."""
    whole = measured(document)
    what = f"the recipe of {name}"
    return [
        Figure(what, len(text.encode()), RECIPE_FILE_BYTES, _NOT_READ, _SHORTER_RECIPE),
        Figure(what, whole.objects, MOST_OBJECTS, _NOT_READ, _SHORTER_RECIPE, "objects"),
        Figure(what, whole.levels, MOST_LEVELS, _NOT_READ, _SHORTER_RECIPE, "levels"),
        Figure(
            f"the recipe of {name}", whole.memory, RECIPE_BYTES, _NOT_READ, _SHORTER_RECIPE, "bytes of lite's memory"
        ),
    ]
