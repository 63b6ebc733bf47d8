"""``cloud-publisher lint``: finds what the cloud or a nucleus would refuse in any recipe. Makes no network calls."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from cloud_publisher.cli.output import JsonOption, Output


def lint(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Recipes, gdk-config.json files, or folders that hold them.")
    ],
    runtime: Annotated[
        Literal["classic", "lite"] | None, typer.Option(help="The nucleus that the recipes are for.")
    ] = None,
    bucket: Annotated[
        str | None, typer.Option(help="The bucket of artifacts: others are errors. (ARTIFACT_BUCKET is not read.)")
    ] = None,
    strict: Annotated[bool, typer.Option("--strict", help="Count warnings as errors.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Check recipes, ours or not; docs/lint.md lists every code. Exit code 2 when there is an error."""
    from cloud_publisher.linting.lint import lint as linting
    from cloud_publisher.linting.settings import Runtime

    output = Output(as_json=as_json)
    linted = linting(files, runtime=Runtime(runtime) if runtime else None, bucket=bucket)
    for finding in linted.findings:
        if not as_json:
            output.warn(str(finding))
    output.show(
        {
            "recipes": list(linted.files),
            "errors": linted.errors,
            "warnings": linted.warnings,
            "notes": linted.notes,
            "findings": [finding.as_json() for finding in linted.findings],
        },
        f"{len(linted.files)} recipes: {linted.errors} errors, {linted.warnings} warnings, {linted.notes} notes",
    )
    if linted.errors or (strict and linted.warnings):
        raise typer.Exit(2)
