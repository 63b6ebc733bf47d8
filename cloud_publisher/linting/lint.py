"""The linter as one call: files in, findings out, in the files' order."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from cloud_publisher.linting.checks import CHECKS
from cloud_publisher.linting.finding import Finding
from cloud_publisher.linting.gdk import PROJECT_FILE, read_project
from cloud_publisher.linting.reading import read_all
from cloud_publisher.linting.recipe_text import RecipeText
from cloud_publisher.linting.settings import Runtime, Settings


@dataclass(frozen=True, slots=True)
class Linted:
    """The linter's result. ``files`` are the recipes that could be read."""

    files: tuple[str, ...]
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> int:
        """The number of findings that would break something."""
        return sum(finding.severity == "error" for finding in self.findings)

    @property
    def warnings(self) -> int:
        """The number of findings to look at."""
        return sum(finding.severity == "warning" for finding in self.findings)

    @property
    def notes(self) -> int:
        """The number of findings about what works and could be better."""
        return len(self.findings) - self.errors - self.warnings


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
    found.sort(key=lambda each: (order.get(each.file, -1), each.file, each.line, each.column, each.code))
    return Linted(tuple(recipe.file for recipe in read.recipes), tuple(found))


def findings_of(recipe: RecipeText, settings: Settings) -> Iterator[Finding]:
    """Return every finding about one recipe."""
    for check in CHECKS:
        yield from check(recipe, settings)


def _against_its_project(recipe: RecipeText) -> Iterator[Finding]:
    if not recipe.in_gdk_project:
        return
    project = read_project(Path(recipe.file).parent / PROJECT_FILE)
    name = recipe.top.get("ComponentName")
    if name is not None and project.name and name.text not in {project.name, None}:
        yield recipe.finding("GG902", name, f"the recipe is of {name.text!r}, and {PROJECT_FILE} of {project.name!r}")
