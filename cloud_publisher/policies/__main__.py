"""``python -m cloud_publisher.policies [--check]``: writes, or checks, what is derived from the policy documents.

These are the documents inside the CloudFormation templates, and the figures of docs/policies.md.
"""

import argparse
import json
import re
import sys
from pathlib import Path

from cloud_publisher.policies.figures import Figures, figures_of, figures_table
from cloud_publisher.policies.templates import fill_template
from infra_policies import CLOUDFORMATION, SEED, document_path
from shared_schema.diagnostics import ExitCode

REPOSITORY = CLOUDFORMATION.parents[1]
DOCS = REPOSITORY / "docs" / "policies.md"
ROLES = {
    "build role": "build-role",
    "pipeline role": "pipeline-role",
    "deploy role": "deploy-role",
    "token-exchange role (devices)": "token-exchange-role",
    "operator's role": "operator-role",
    "a device's certificate (IoT policy)": "core-device",
}
_FIGURES = re.compile(r"(<!-- figures -->\n).*?(<!-- end of figures -->)", re.DOTALL)
_SEED_DOCUMENTS = ("iot", "greengrass", "s3", "kms")


def derived_files() -> dict[Path, str]:
    """Return every derived file's text as it should be."""
    texts = {
        path: fill_template(path.name, path.read_text(encoding="utf-8"), _document)
        for path in sorted(CLOUDFORMATION.glob("*.yaml"))
    }
    table = figures_table(figures())
    docs = DOCS.read_text(encoding="utf-8")
    texts[DOCS] = _FIGURES.sub(lambda match: f"{match[1]}{table}{match[2]}", docs)
    return texts


def figures() -> list[Figures]:
    """Return the figures of the seed's role, then of ours."""
    expanded = json.loads((SEED / "expanded-actions.json").read_text(encoding="utf-8"))["actions"]
    seed = [json.loads((SEED / f"{name}.json").read_text(encoding="utf-8")) for name in _SEED_DOCUMENTS]
    rows = [figures_of("**the seed's one role**", seed, expanded)]
    return rows + [figures_of(role, [json.loads(_document(name))], expanded) for role, name in ROLES.items()]


def main(arguments: list[str] | None = None) -> ExitCode:
    """Return the exit code: FAILED if ``--check`` finds a file that is not current."""
    parser = argparse.ArgumentParser(
        prog="python -m cloud_publisher.policies", description="Write what is derived from the policy documents."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is not current")
    given = parser.parse_args(arguments)
    old = {path: text for path, text in derived_files().items() if path.read_text(encoding="utf-8") != text}
    for path, text in old.items():
        shown = path.relative_to(REPOSITORY)
        if given.check:
            sys.stderr.write(f"{shown} is not current: run `python -m cloud_publisher.policies`, and commit it\n")
        else:
            path.write_text(text, encoding="utf-8")
            sys.stdout.write(f"wrote {shown}\n")
    return ExitCode.FAILED if old and given.check else ExitCode.DONE


def _document(name: str) -> str:
    return document_path(name).read_text(encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
