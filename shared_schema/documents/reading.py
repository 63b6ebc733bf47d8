"""Reads a file into a checked pydantic model; every fault has the file's line.

For documents that people write (YAML or JSON). Messages between programs are parsed by their own models.
"""

import difflib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, TypeVar, get_args

import yaml
from pydantic import AliasChoices, BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from shared_schema.diagnostics import Diagnostic, DocumentPath, Place
from shared_schema.documents.positions import Position, Positions, load_with_positions
from shared_schema.documents.syntax import remedy_for_syntax
from shared_schema.errors import DocumentError
from shared_schema.json_value import JsonObject

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Document(Generic[Model]):
    """A document that was read: its file, its value, and the position of each value."""

    file: str
    value: Model
    positions: Positions
    raw: JsonObject = field(default_factory=dict)
    """The parsed document, for checks that look at every text in it."""

    def diagnostic(self, path: DocumentPath, problem: str, remedy: str) -> Diagnostic:
        """Return an error at a place of this document, for checks across values."""
        return Diagnostic(self.place(path), problem, remedy)

    def place(self, path: DocumentPath) -> Place:
        """Return the place of a key or value of this document."""
        return place_at(self.file, self.positions.of(path), path)


def read_document(path: Path, model: type[Model], *, shown_as: str | None = None) -> Document[Model]:
    """Read a YAML or JSON file. Raises ``DocumentError`` with every fault found, a missing file among them."""
    shown = shown_as or str(path)
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise DocumentError([_whole(shown, "there is no such file", "create it, or name the right one")]) from None
    except UnicodeDecodeError as error:
        raise DocumentError([_whole(shown, f"is not UTF-8 text ({error.reason})", "save it as UTF-8")]) from None
    except OSError as error:
        problem = f"cannot be read ({error.strerror})"
        raise DocumentError([_whole(shown, problem, "make it a readable file")]) from None
    return read_text_document(text, model, file=shown)


def read_text_document(text: str, model: type[Model], *, file: str) -> Document[Model]:
    """Read a document's text; ``file`` is the name that faults carry. Raises ``DocumentError``."""
    try:
        raw, positions = load_with_positions(text)
    except yaml.MarkedYAMLError as error:
        raise DocumentError([_syntax_error(file, text, error)]) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise DocumentError([_whole(file, f"cannot be parsed ({error})", "write plain YAML or JSON")]) from None
    found = [
        Diagnostic(
            place_at(file, key.position, key.path),
            f"the key {key.path[-1]!r} is here twice",
            "keep one of the two: a parser silently uses the last",
        )
        for key in positions.repeated
    ]
    if not isinstance(raw, dict):
        holds = "nothing" if raw is None else f"a {_kind(raw)}"
        raise DocumentError([*found, _whole(file, f"holds {holds}", "write a mapping of keys to values")])
    try:
        value = model.model_validate(raw, context={"file": file})
    except ValidationError as error:
        raise DocumentError([*found, *_diagnostics(file, positions, model, error)]) from None
    if found:
        raise DocumentError(found)
    return Document(file, value, positions, raw)


def place_at(file: str, position: Position, path: DocumentPath) -> Place:
    """Return the place of a path that is at this position of a file."""
    return Place(file, position.line, position.column, path)


def did_you_mean(wrong: str, right: list[str], *, otherwise: str = "") -> str:
    """Return ``did you mean 'x'?``, or the list of valid names if none is similar.

    With ``otherwise``: ``did you mean 'x'? If not, <otherwise>``, or ``otherwise`` alone if none is similar.
    """
    near = difflib.get_close_matches(wrong.lower(), [name.lower() for name in right], n=1, cutoff=0.6)
    if near:
        found = next(name for name in right if name.lower() == near[0])
        return f"did you mean {found!r}?" + (f" If not, {otherwise}" if otherwise else "")
    if otherwise:
        return otherwise
    return f"use one of: {', '.join(sorted(right))}" if right else "take it out"


def _whole(file: str, problem: str, remedy: str) -> Diagnostic:
    return Diagnostic(Place(file), problem, remedy)


def _syntax_error(file: str, text: str, error: yaml.MarkedYAMLError) -> Diagnostic:
    mark = error.problem_mark or error.context_mark
    line, column = (mark.line + 1, mark.column + 1) if mark else (0, 0)
    remedy = remedy_for_syntax(text, line, column, error.problem or str(error))
    return Diagnostic(Place(file, line, column), f"is no valid YAML: {error.problem or error}", remedy)


def _diagnostics(file: str, positions: Positions, model: type[BaseModel], error: ValidationError) -> list[Diagnostic]:
    """Return one diagnostic for each place, the deepest: pydantic reports one for every branch of a union."""
    found = [
        (_path_in_text(details["loc"], positions, details["type"]), details)
        for details in error.errors(include_url=False)
    ]
    diagnostics: list[Diagnostic] = []
    reported: set[tuple[DocumentPath, bool]] = set()
    for path, details in found:
        of_type = details["type"].endswith("_type")
        deeper = any(other[: len(path)] == path and len(other) > len(path) for other, _ in found)
        if (path, of_type) in reported or (of_type and deeper):
            continue
        reported.add((path, of_type))
        problem, remedy = _words(model, path, details)
        diagnostics.append(Diagnostic(place_at(file, positions.of(path), path), problem, remedy))
    return diagnostics


def _path_in_text(location: DocumentPath, positions: Positions, kind: str) -> DocumentPath:
    """Return a location without the names of union branches and the ``[key]`` that pydantic puts into it."""
    path: DocumentPath = ()
    for index, step in enumerate(location):
        longer = (*path, step)
        absent = kind == "missing" and index == len(location) - 1
        if longer in positions.values or longer in positions.keys or absent:
            path = longer
    return path


def _words(model: type[BaseModel], path: DocumentPath, details: ErrorDetails) -> tuple[str, str]:
    kind, context, given = details["type"], details.get("ctx") or {}, details.get("input")
    match kind:
        case "extra_forbidden":
            known = _keys_at(model, details["loc"][:-1])
            name = str(path[-1])
            return f"there is no key {name!r} here", did_you_mean(name, known)
        case "missing":
            return f"the key {path[-1]!r} is missing", f"add {path[-1]!r} here"
        case "literal_error" | "enum":
            allowed = str(context.get("expected", ""))
            names = [part.strip(" '") for part in allowed.replace(" or ", ", ").split(",")]
            return f"{given!r} is not one of {allowed}", did_you_mean(str(given), names)
        case "value_error" | "assertion_error":
            text = str(context.get("error", details["msg"]))
            problem, _, remedy = text.partition("; ")
            return problem, remedy or "correct the value"
        case _:
            expected = details["msg"].removeprefix("Input ")
            shown = _shown(given)
            return f"{shown} will not do: {expected[0].lower()}{expected[1:]}", _remedy_for_type(kind)


def _remedy_for_type(kind: str) -> str:
    if kind.startswith("string_pattern"):
        return "write it in the form that the pattern gives"
    remedies = {
        "invalid_key": "put quotes around the key",
        "string_type": "write text; put quotes around what YAML would take for a number, a date or a boolean",
        "list_type": "write a list, one '- item' a line",
        "dict_type": "write a mapping of keys to values",
        "model_type": "write a mapping of keys to values",
        "bool_parsing": "write true or false",
        "bool_type": "write true or false",
        "int_parsing": "write a whole number",
        "int_type": "write a whole number",
        "float_parsing": "write a number",
    }
    return remedies.get(kind, "correct the value")


def _shown(value: object) -> str:
    text = repr(value) if not isinstance(value, dict | list) else f"a {_kind(value)}"
    return text if len(text) <= 80 else f"{text[:77]}..."


def _kind(value: object) -> str:
    return {"dict": "mapping", "list": "list", "str": "text", "int": "number", "float": "number"}.get(
        type(value).__name__, type(value).__name__
    )


def _keys_at(model: type[BaseModel], location: DocumentPath) -> list[str]:
    """Return the valid keys at a location, found by following the fields' annotations."""
    candidates: list[type[BaseModel]] = [model]
    for step in location:
        following = [
            inner
            for candidate in candidates
            for name, field in candidate.model_fields.items()
            if step in _spellings(name, field)
            for inner in _models_in(field.annotation)
        ]
        # A step that is no field is a key of a mapping, an index of a list, or a branch of a union.
        branch = [candidate for candidate in candidates if candidate.__name__ == step]
        candidates = following or branch or candidates
    return [_spellings(name, field)[0] for candidate in candidates for name, field in candidate.model_fields.items()]


def _spellings(name: str, field: FieldInfo) -> list[str]:
    """Return a field's valid spellings, the canonical one first."""
    alias = field.validation_alias
    if isinstance(alias, AliasChoices):
        return [choice for choice in alias.choices if isinstance(choice, str)]
    return [alias if isinstance(alias, str) else name]


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for argument in get_args(annotation) for model in _models_in(argument)]
