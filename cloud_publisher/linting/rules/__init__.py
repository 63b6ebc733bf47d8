"""Every rule of the linter: its code, how bad it is, what it is about, why, and what to do. docs/lint.md is made of it.

A code is never given to another rule. Sources: AWS's component recipe reference, its "Authorize components to use
IPC", botocore's service model, and greengrass-facts.md for what the two nuclei do.
"""

from cloud_publisher.linting.rules import artifacts, lifecycles, nuclei, projects, recipe
from cloud_publisher.linting.rules.rule import Rule, Severity

__all__ = ["RULES", "Rule", "Severity"]

RULES: dict[str, Rule] = {
    row[0]: Rule(*row) for table in (recipe, artifacts, lifecycles, nuclei, projects) for row in table.ROWS
}
"""The rules by their codes."""
