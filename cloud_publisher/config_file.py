"""Reads ``greengrass-config.yml`` for a command: the named file, or the one of the current folder."""

from dataclasses import replace
from pathlib import Path

from cloud_publisher.errors import InvalidDocumentError
from shared_schema.config import Config, find_config
from shared_schema.documents import Document, DocumentError, Fault, read_document

_NONE_HERE = (
    "run this in the folder of your deploy repository, name its config with --config, or make a new repository with "
    "`cloud-publisher init`"
)


def read_config(given: Path | None) -> Document[Config]:
    """Read the config. Raises ``InvalidDocumentError`` with every fault."""
    path = given or find_config(Path())
    try:
        return read_document(path, Config, shown_as=path.as_posix())
    except DocumentError as error:
        raise InvalidDocumentError(with_remedies(path, error.faults)) from None


def with_remedies(path: Path, faults: list[Fault]) -> list[Fault]:
    """Return a config's faults; if there is no config file at all, with what to do first."""
    return faults if path.exists() else [replace(fault, remedy=_NONE_HERE) for fault in faults]
