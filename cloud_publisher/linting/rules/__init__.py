"""Every rule of the linter: code, severity, problem, reason and remedy. docs/lint.md is generated from it.

A code is never used again for another rule. Sources: AWS's component recipe reference, its "Authorize components to use
IPC", botocore's service model, and docs/greengrass-facts.md, "Recipes", "Lifecycle", "Nucleus lite".
"""

from cloud_publisher.linting.rules import artifacts, lifecycles, nuclei, projects, recipe
from cloud_publisher.linting.rules.rule import Rule, Severity

__all__ = ["RULES", "Rule", "Severity"]

RULES: dict[str, Rule] = {
    row[0]: Rule(*row) for table in (recipe, artifacts, lifecycles, nuclei, projects) for row in table.ROWS
}
"""The rules by their codes."""
