"""The commands that only check: ``validate`` a repository, ``lint`` any recipe, ``doctor`` a stage or ourselves.

Each shows diagnostics, in the same form: as text on stderr, with ``--json`` under ``diagnostics``.
"""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from cloud_publisher.cli.options import BucketOption, ConfigOption, DistOption, TemplateOption
from cloud_publisher.cli.output import JsonOption, Output
from shared_schema.diagnostics import Diagnostic, ExitCode

if TYPE_CHECKING:
    from cloud_publisher.doctor.check import Check
    from shared_schema.json_value import JsonObject


def validate(config: ConfigOption = None, deployment: TemplateOption = None, as_json: JsonOption = False) -> None:
    """Check the config, the deployment template and the models' manifests. Exit code 2 when there is a fault."""
    from cloud_publisher.errors import InvalidDocumentError
    from cloud_publisher.validation.repository import check_repository

    checked = check_repository(config, deployment)
    if checked.errors or checked.sources is None:
        raise InvalidDocumentError(checked.errors)
    output = Output(as_json=as_json)
    for each in checked.diagnostics:
        output.say(str(each))
    sources = checked.sources
    kinds = ", ".join(sources.components)
    output.show(
        {
            "config": sources.config.file,
            "components": list(sources.names()),
            "hot-reloaded": [*sorted(sources.hot_reloaded)],
            **_listed(checked.diagnostics),
        },
        f"{sources.config.file}: {len(sources.components)} components ({kinds}), no faults",
    )


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
    for each in linted.diagnostics:
        if not as_json:
            output.warn(str(each))
    output.show(
        {
            "recipes": list(linted.files),
            "errors": linted.errors,
            "warnings": linted.warnings,
            "notes": linted.notes,
            **_listed(linted.diagnostics),
        },
        f"{len(linted.files)} recipes: {linted.errors} errors, {linted.warnings} warnings, {linted.notes} notes",
    )
    if linted.errors or (strict and linted.warnings):
        raise typer.Exit(ExitCode.INVALID)


def doctor(
    stage: Annotated[
        str | None,
        typer.Option(
            "--stage", help="The stage of the config to examine. Without it: this installation, and no cloud."
        ),
    ] = None,
    config: ConfigOption = None,
    dist: DistOption = Path("dist"),
    bucket: BucketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check that a stage can work, or without one that this installation can; changes nothing.

    Ends with 1 when something is wrong.
    """
    if stage is None:
        from cloud_publisher.doctor.surroundings import examine_surroundings

        _show_checks(list(examine_surroundings(config)), "this installation", {}, as_json=as_json)
        return
    from cloud_publisher.doctor.examining import examine
    from cloud_publisher.doctor.facts import facts_of
    from cloud_publisher.session import Access, open_account

    facts = facts_of(stage, config=config, dist=dist, bucket=bucket)
    access = Access(facts.stage.region, facts.stage.role, facts.stage.external_id)
    checks = list(examine(facts, partial(open_account, access)))
    _show_checks(checks, f"stage {stage}", {"stage": stage, "account": facts.stage.account}, as_json=as_json)


def _show_checks(checks: "list[Check]", of_what: str, head: "JsonObject", *, as_json: bool) -> None:
    """Show the checks and what is wrong. Raises ``typer.Exit`` if one has failed."""
    output = Output(as_json=as_json)
    found = [each.diagnostic for each in checks if each.diagnostic is not None]
    wrong = [each for each in found if each.is_error]
    output.table(("check", "", "what was found"), [(each.name, each.state, each.words) for each in checks])
    for check in checks:
        diagnostic = check.diagnostic
        if diagnostic and not as_json and (diagnostic.is_error or check.state == "lacking"):
            output.warn(str(diagnostic))
    output.show(
        {**head, "checks": [each.as_json() for each in checks], **_listed(found)},
        f"{of_what}: {len(wrong)} of {len(checks)} checks failed" if wrong else f"{of_what} can work",
    )
    if wrong:
        raise typer.Exit(ExitCode.FAILED)


def _listed(diagnostics: Iterable[Diagnostic]) -> "JsonObject":
    return {"diagnostics": [each.as_json() for each in diagnostics]}
