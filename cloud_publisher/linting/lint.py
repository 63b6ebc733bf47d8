"""The linter as one call: files in, findings out, in the files' order."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cloud_publisher.linting.checks import CHECKS
from cloud_publisher.linting.gdk import PROJECT_FILE, read_project
from cloud_publisher.linting.reading import read_all
from cloud_publisher.linting.recipe_text import RecipeText
from cloud_publisher.linting.settings import Runtime, Settings
from shared_schema.diagnostics import Diagnostic, Place, Severity


@dataclass(frozen=True, slots=True)
class Linted:
    """The linter's result. ``files`` are the recipes that could be read."""

    files: tuple[str, ...]
    diagnostics: tuple[Diagnostic, ...]

    @property
    def errors(self) -> int:
        """The number of findings that would break something."""
        return self._count(Severity.ERROR)

    @property
    def warnings(self) -> int:
        """The number of findings to look at."""
        return self._count(Severity.WARNING)

    @property
    def notes(self) -> int:
        """The number of findings about what works and could be better."""
        return self._count(Severity.NOTE)

    def _count(self, severity: Severity) -> int:
        return sum(each.severity is severity for each in self.diagnostics)


def lint(paths: list[Path], *, runtime: Runtime | None = None, bucket: str | None = None) -> Linted:
    """Return every finding about the named recipes, GDK projects and folders."""
    read = read_all(paths)
    found = list(read.findings)
    settings = Settings(runtime, bucket, {recipe.name: recipe for recipe in read.recipes if recipe.name})
    for recipe in read.recipes:
        found += findings_of(recipe, settings)
        found += _against_its_project(recipe)
    order = {recipe.file: index for index, recipe in enumerate(read.recipes)}
    found = list(dict.fromkeys(found))
    found.sort(key=lambda each: (order.get(each.place.file, -1), _position(each.place), each.code))
    return Linted(tuple(recipe.file for recipe in read.recipes), tuple(found))


def _position(place: Place) -> tuple[str, int, int]:
    return place.file, place.line, place.column


def findings_of(recipe: RecipeText, settings: Settings) -> Iterator[Diagnostic]:
    """Return every finding about one recipe."""
    for check in CHECKS:
        yield from check(recipe, settings)


def _against_its_project(recipe: RecipeText) -> Iterator[Diagnostic]:
    if not recipe.in_gdk_project:
        return
    project = read_project(Path(recipe.file).parent / PROJECT_FILE)
    name = recipe.top.get("ComponentName")
    if name is not None and project.name and name.text not in {project.name, None}:
        yield recipe.finding("GG902", name, f"the recipe is of {name.text!r}, and {PROJECT_FILE} of {project.name!r}")
