"""Generates docs/lint.md from the table of rules; a test checks that the page is current.

``python -m cloud_publisher.linting.pages`` prints it.
"""

import sys

from cloud_publisher.linting.checks.access_control import SERVICES
from cloud_publisher.linting.rules import RULES, Rule

_GROUPS = (
    ("GG0", "The file"),
    ("GG1", "The component"),
    ("GG2", "Dependencies"),
    ("GG3", "Platforms"),
    ("GG4", "Artifacts"),
    ("GG5", "Lifecycles"),
    ("GG6", "Variables"),
    ("GG7", "Access control"),
    ("GG8", "Nucleus lite"),
    ("GG9", "GDK projects"),
)
_HEAD = """# The recipe linter

<!-- Made from cloud_publisher/linting/rules/: python -m cloud_publisher.linting.pages > docs/lint.md -->

`cloud-publisher lint FILE…` finds in any recipe what the cloud and the nuclei would only tell later. It asks no cloud.

```
cloud-publisher lint recipe.yaml                  # one recipe, YAML or JSON, keys in any case
cloud-publisher lint my-gdk-project/              # gdk-config.json and the recipe beside it
cloud-publisher lint dist/                        # every recipe of a release, and what they are to each other
cloud-publisher lint --runtime lite recipe.yaml   # also what nucleus lite cannot do
cloud-publisher lint --bucket my-artifacts …      # also artifacts that are in no bucket of ours
cloud-publisher lint --json …                     # one JSON document, with its diagnostics
```

It ends with 0 when there is no error (warnings may be there), and with 2 otherwise; `--strict` counts warnings too,
and nothing counts notes.
Each finding has its code, its line and column (in a script of many lines, the line inside it), and a remedy.
In JSON each of the `diagnostics` has `code`, `severity`, `file`, `line`, `column`, `path`, `problem` and `remedy`, as
those of `validate`, `policies lint` and `doctor` have.
Dependencies are followed among the recipes of one call: name a project's recipes together.

Without `--runtime`, the rules of both nuclei are checked, and lite's own rules in manifests that are for lite alone.
`validate` runs the same rules over the recipes that `build` would write from the config.
"""


def lint_page() -> str:
    """Return the page's text."""
    parts = [_HEAD]
    for prefix, title in _GROUPS:
        rules = [rule for code, rule in RULES.items() if code.startswith(prefix)]
        parts.append(f"\n## {title}\n\n| code | | what | why | remedy |\n|---|---|---|---|---|\n")
        parts += [_row(rule) for rule in rules]
    parts.append("\n## IPC services and operations that it knows\n\n| service | operations |\n|---|---|\n")
    parts += [f"| `{name}` | {', '.join(f'`{each}`' for each in known)} |\n" for name, known in SERVICES.items()]
    return "".join(parts)


def _row(rule: Rule) -> str:
    cells = (rule.code, rule.severity, rule.title, rule.why, rule.remedy)
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


if __name__ == "__main__":
    sys.stdout.write(lint_page())
