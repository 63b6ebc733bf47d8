"""parliament, checkov and cfn-lint, run as processes from a folder of programs, without the network.

They are large and pin other versions than we do, so they have an environment of their own (`make policies` makes it).
"""

import json
import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Literal

from cloud_publisher.errors import WorkFailedError, WrongUseError
from shared_schema.diagnostics import Diagnostic, Place

PublicLinter = Literal["parliament", "checkov", "cfn-lint"]
_SECONDS = 150
_IOT_VARIABLE = re.compile(r"\$\{iot:[A-Za-z.]+\}")
_AS_A_THING = "a-thing"
_REMEDY = "correct the document, or write an exception with its reason into infra_policies/exceptions.yml"


def lint_with_public_linters(programs: Path, documents: Mapping[str, str], templates: Path) -> list[Diagnostic]:
    """Run the three linters. ``documents`` are complete policies by name, ``templates`` the folder of the templates.

    Raises ``WrongUseError`` for a linter that is not in ``programs``, ``WorkFailedError`` for one that fails.
    """
    return [
        *_parliament(programs, documents),
        *_checkov(programs, templates),
        *_cfn_lint(programs, templates),
    ]


def _parliament(programs: Path, documents: Mapping[str, str]) -> Iterator[Diagnostic]:
    with tempfile.TemporaryDirectory(prefix="policies-") as folder:
        for name, text in documents.items():
            # Variables of IoT policies are not IAM's; a thing's name replaces them.
            (Path(folder) / f"{name}.json").write_text(_IOT_VARIABLE.sub(_AS_A_THING, text), encoding="utf-8")
        output = _run(programs, "parliament", "--json", "--directory", folder)
    for line in output.splitlines():
        found = json.loads(line)
        place = Place(Path(found["location"]["filepath"]).name.removesuffix(".json"))
        yield _diagnostic("parliament", found["issue"], place, f"{found['title']}: {found['detail']}")


def _checkov(programs: Path, templates: Path) -> Iterator[Diagnostic]:
    words = ("--skip-download", "--quiet", "--compact", "--framework", "cloudformation", "--output", "json")
    report = json.loads(_run(programs, "checkov", *words, "--directory", str(templates)))
    reports = report if isinstance(report, list) else [report]
    if not any("results" in each for each in reports):
        raise WorkFailedError(f"checkov looked at nothing in {templates}", "look at its output with -d by hand")
    for each in reports:
        for failed in each["results"]["failed_checks"]:
            place = Place(Path(failed["file_path"]).name, path=(failed["resource"].rpartition(".")[2],))
            yield _diagnostic("checkov", failed["check_id"], place, failed["check_name"])


def _cfn_lint(programs: Path, templates: Path) -> Iterator[Diagnostic]:
    files = sorted(str(path) for path in templates.glob("*.yaml"))
    for found in json.loads(_run(programs, "cfn-lint", "--format", "json", "--", *files) or "[]"):
        path = found["Location"].get("Path") or []
        place = Place(Path(found["Filename"]).name, path=tuple(str(step) for step in path[1:2]))
        yield _diagnostic("cfn-lint", found["Rule"]["Id"], place, found["Message"])


def _diagnostic(linter: PublicLinter, code: str, place: Place, problem: str) -> Diagnostic:
    return Diagnostic(place, problem, _REMEDY, f"{linter}/{code}")


def _run(programs: Path, name: PublicLinter, *words: str) -> str:
    program = programs / name
    if not program.is_file():
        raise WrongUseError(
            f"the linter {name} is not in {programs}", "run `make policies`, which installs it, or leave --linters out"
        )
    environment = {**os.environ, "BC_SKIP_MAPPING": "TRUE", "PYTHONWARNINGS": "ignore"}
    try:
        done = subprocess.run(
            [str(program), *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            env=environment,
        )
    except subprocess.TimeoutExpired:
        raise WorkFailedError(
            f"{name} did not end within {_SECONDS} s", "run it by hand to see what holds it"
        ) from None
    # Each linter has another exit code for findings; one that wrote no report has failed.
    if done.returncode and not done.stdout.strip():
        last = " ".join(done.stderr.strip().splitlines()[-3:])
        raise WorkFailedError(f"{name} failed with {done.returncode}: {last}", f"run {program} by hand")
    return done.stdout
