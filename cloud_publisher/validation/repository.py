"""`validate` as one call: runs every check on the documents of a repository."""

from collections.abc import Iterator
from pathlib import Path

from cloud_publisher.errors import InvalidDocumentError
from cloud_publisher.policies.stages import stage_diagnostics
from cloud_publisher.validation.agent import check_agent
from cloud_publisher.validation.artifacts import check_artifacts
from cloud_publisher.validation.models import check_models
from cloud_publisher.validation.names import check_names, check_placeholders
from cloud_publisher.validation.recipes import check_recipes
from cloud_publisher.validation.references import check_dependencies, check_template
from cloud_publisher.validation.roots import check_roots
from cloud_publisher.validation.serving import check_serving
from cloud_publisher.validation.sizes import check_sizes
from cloud_publisher.validation.sources import Check, Checked, Sources, read_sources
from cloud_publisher.validation.tools import check_tools
from shared_schema.config import find_config
from shared_schema.diagnostics import Diagnostic


def check_stages(sources: Sources) -> Iterator[Diagnostic]:
    """Yield the faults of every stage; a config may have none."""
    if sources.config.value.stages:
        yield from stage_diagnostics(sources.config)


CHECKS: list[Check] = [
    check_names,
    check_roots,
    check_placeholders,
    check_dependencies,
    check_artifacts,
    check_models,
    check_agent,
    check_serving,
    check_recipes,
    check_template,
    check_stages,
    check_sizes,
    check_tools,
]


def check_repository(config: Path | None, template: Path | None) -> Checked:
    """Return every diagnostic of a repository. Without ``config``, that of the working folder is read."""
    return read_sources(config or find_config(Path()), template, CHECKS)


def valid_sources(config: Path | None, template: Path | None) -> Sources:
    """Return the documents of a repository, all valid. Raises ``InvalidDocumentError`` with every fault otherwise."""
    checked = check_repository(config, template)
    if checked.errors or checked.sources is None:
        raise InvalidDocumentError(checked.errors)
    return checked.sources
