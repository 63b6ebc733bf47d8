"""Reads the documents that a command is given: a fault in one ends the command."""

from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from cloud_publisher.errors import InvalidDocumentError, WrongUseError
from shared_schema.config import Config, find_config
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents import Document, read_document
from shared_schema.documents.reading import did_you_mean
from shared_schema.errors import DocumentError
from shared_schema.stages import Stage

Model = TypeVar("Model", bound=BaseModel)

_NONE_HERE = (
    "run this in the folder of your deploy repository, name its config with --config, or make a new repository with "
    "`cloud-publisher init`"
)


def read_valid(path: Path, model: type[Model]) -> Document[Model]:
    """Read a document. Raises ``InvalidDocumentError`` with every fault."""
    try:
        return read_document(path, model, shown_as=path.as_posix())
    except DocumentError as error:
        raise InvalidDocumentError(error.diagnostics) from None


def read_config(given: Path | None) -> Document[Config]:
    """Read the named config, or the one of the current folder. Raises ``InvalidDocumentError`` with every fault."""
    path = given or find_config(Path())
    try:
        return read_valid(path, Config)
    except InvalidDocumentError as error:
        raise InvalidDocumentError(with_remedies(path, error.diagnostics)) from None


def with_remedies(path: Path, found: list[Diagnostic]) -> list[Diagnostic]:
    """Return a config's diagnostics; if there is no config file at all, with what to do first."""
    return found if path.exists() else [replace(each, remedy=_NONE_HERE) for each in found]


def stage_of(config: Document[Config], name: str) -> Stage:
    """Return a stage of the config. Raises ``WrongUseError`` if it is not there."""
    stages = config.value.stages
    if not stages:
        raise WrongUseError(f"there are no stages in {config.file}", "add stages: to it (docs/policies.md)")
    if name not in stages:
        raise WrongUseError(f"there is no stage {name!r} in {config.file}", did_you_mean(name, list(stages)))
    return stages[name]
