"""Reads recipes from files and folders; what cannot be read becomes a finding."""

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import yaml

from cloud_publisher.linting.gdk import PROJECT_FILE, Project, filled, read_project
from cloud_publisher.linting.recipe_text import Node, RecipeText
from cloud_publisher.linting.rules import RULES
from shared_schema.config import CONFIG_FILES
from shared_schema.diagnostics import Diagnostic, Place
from shared_schema.documents.positions import load_with_positions
from shared_schema.documents.reading import place_at
from shared_schema.documents.syntax import remedy_for_syntax
from shared_schema.json_value import JsonValue

_NO_RECIPE = RULES["GG001"]
RECIPE_FILES = ("recipe.yaml", "recipe.yml", "recipe.json")


@dataclass(slots=True)
class Read:
    """What was read from the named files."""

    recipes: list[RecipeText] = field(default_factory=list)
    findings: list[Diagnostic] = field(default_factory=list)


def read_all(paths: list[Path]) -> Read:
    """Read every named recipe, ``gdk-config.json``, or folder that holds either (or a ``dist/``)."""
    read = Read()
    seen: set[Path] = set()
    for path in paths:
        for each in _files(path, read):
            if each.resolve() not in seen:
                seen.add(each.resolve())
                _read_one(each, read)
    return read


def _files(path: Path, read: Read) -> list[Path]:
    if path.name == PROJECT_FILE:
        found = [path.parent / name for name in RECIPE_FILES if (path.parent / name).is_file()]
        if path.is_file() and len(found) != 1:
            names = ", ".join(each.name for each in found) or "no recipe"
            read.findings.append(RULES["GG903"].diagnostic(Place(str(path)), f"there is {names} beside it"))
        return [path, *found]
    if not path.is_dir():
        return [path]
    if (path / PROJECT_FILE).is_file():
        return _files(path / PROJECT_FILE, read)
    here = [path / name for name in RECIPE_FILES if (path / name).is_file()]
    found = here or sorted(each for name in RECIPE_FILES for each in path.glob(f"*/{name}"))
    if not found:
        read.findings.append(
            _NO_RECIPE.diagnostic(
                Place(str(path)), "the folder holds no recipe", f"name a recipe, or a folder with {PROJECT_FILE}"
            )
        )
    return found


def _read_one(path: Path, read: Read) -> None:
    if path.name == PROJECT_FILE:
        project = read_project(path)
        read.findings += project.findings
        return
    text = _text(path, read)
    if text is None:
        return
    beside = path.parent / PROJECT_FILE
    recipe = read_recipe(text, file=str(path), project=read_project(beside) if beside.is_file() else None)
    if isinstance(recipe, RecipeText):
        read.recipes.append(recipe)
    else:
        read.findings += recipe


def read_recipe(text: str, *, file: str, project: Project | None = None) -> RecipeText | list[Diagnostic]:
    """Parse a recipe's text. If it is no recipe, return the findings that say so."""
    if file.endswith(".json"):
        # A YAML parser would accept invalid JSON, such as a trailing comma.
        try:
            json.loads(text)
        except json.JSONDecodeError as error:
            problem = f"is no valid JSON: {error.msg}"
            return [_NO_RECIPE.diagnostic(Place(file, error.lineno, error.colno), problem, "correct the syntax here")]
        except (ValueError, RecursionError) as error:
            return [_NO_RECIPE.diagnostic(Place(file), f"cannot be parsed ({error})", "write plain JSON")]
    try:
        raw, positions = load_with_positions(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
        problem = error.problem or str(error)
        remedy = remedy_for_syntax(text, line, column, problem)
        return [_NO_RECIPE.diagnostic(Place(file, line, column), f"is no valid YAML or JSON: {problem}", remedy)]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return [_NO_RECIPE.diagnostic(Place(file), f"cannot be parsed ({error})", "write plain YAML or JSON")]
    if not isinstance(raw, dict):
        return [
            _NO_RECIPE.diagnostic(
                Place(file), f"holds {Node(_as_json(raw)).kind}, and no recipe", "write a mapping of keys to values"
            )
        ]
    if "custom-components" in raw:
        remedy = f"run cloud-publisher validate --config {file}: it checks {' and '.join(CONFIG_FILES)}"
        return [_NO_RECIPE.diagnostic(Place(file), "is the publisher's config, and no recipe", remedy)]
    recipe = RecipeText(file, text, Node(filled(_as_json(raw), project)), positions, in_gdk_project=project is not None)
    repeated = [
        RULES["GG002"].diagnostic(place_at(file, key.position, key.path), f"the key {key.path[-1]!r} is here twice")
        for key in positions.repeated
    ]
    # A key that is there twice hides a value, which cannot be checked.
    return repeated or recipe


def _as_json(value: object) -> JsonValue:
    """Return a YAML value as JSON: its dates as text, as the cloud reads an unquoted RecipeFormatVersion."""
    if isinstance(value, dict):
        return {key: _as_json(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_as_json(inner) for inner in value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    return value.isoformat() if isinstance(value, date) else str(value)


def _text(path: Path, read: Read) -> str | None:
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        read.findings.append(
            _NO_RECIPE.diagnostic(Place(str(path)), "there is no such file", "create it, or name the right one")
        )
    except UnicodeDecodeError as error:
        read.findings.append(
            _NO_RECIPE.diagnostic(Place(str(path)), f"is not UTF-8 text ({error.reason})", "save it as UTF-8")
        )
    except OSError as error:
        read.findings.append(
            _NO_RECIPE.diagnostic(Place(str(path)), f"cannot be read ({error.strerror})", "make it a readable file")
        )
    return None
