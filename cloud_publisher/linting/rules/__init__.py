"""Every rule of the linter: code, severity, problem, reason and remedy. docs/lint.md is generated from it.

A code is never used again for another rule. Sources: AWS's component recipe reference, its "Authorize components to use
IPC", botocore's service model, and docs/greengrass-facts.md, "Recipes", "Lifecycle", "Nucleus lite".
"""

from dataclasses import dataclass

from cloud_publisher.linting.rules import artifacts, lifecycles, nuclei, recipe
from shared_schema.diagnostics import Diagnostic, Place, Severity


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. ``why`` says what would happen, ``remedy`` what to do in general."""

    code: str
    severity: Severity
    title: str
    why: str
    remedy: str

    def diagnostic(self, place: Place, problem: str, remedy: str = "") -> Diagnostic:
        """Return the rule's diagnostic at a place. ``remedy`` replaces the general one."""
        return Diagnostic(place, problem, remedy or self.remedy, self.code, self.severity)


RULES: dict[str, Rule] = {
    code: Rule(code, Severity(severity), title, why, remedy)
    for table in (recipe, artifacts, lifecycles, nuclei)
    for code, severity, title, why, remedy in table.ROWS
}
"""The rules by their codes."""
