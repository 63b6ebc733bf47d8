"""The checks. Each is a pure function from a recipe and the run's settings to findings."""

from collections.abc import Callable, Iterator

from cloud_publisher.linting.checks.access_control import check_access_control
from cloud_publisher.linting.checks.artifacts import check_artifacts
from cloud_publisher.linting.checks.classic import check_classic
from cloud_publisher.linting.checks.dependencies import check_dependencies
from cloud_publisher.linting.checks.identity import check_identity, check_placeholders
from cloud_publisher.linting.checks.keys import check_case, check_keys
from cloud_publisher.linting.checks.lifecycles import check_lifecycles
from cloud_publisher.linting.checks.lite import check_lite
from cloud_publisher.linting.checks.platforms import check_platforms
from cloud_publisher.linting.checks.variables import check_variables
from cloud_publisher.linting.recipe_text import RecipeText
from cloud_publisher.linting.settings import Settings
from shared_schema.diagnostics import Diagnostic

Check = Callable[[RecipeText, Settings], Iterator[Diagnostic]]
CHECKS: tuple[Check, ...] = (
    check_keys,
    check_case,
    check_identity,
    check_placeholders,
    check_dependencies,
    check_platforms,
    check_artifacts,
    check_lifecycles,
    check_classic,
    check_variables,
    check_access_control,
    check_lite,
)
