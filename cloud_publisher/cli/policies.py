"""``cloud-publisher policies``: complete policy documents, and the CloudFormation templates' parameters."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from cloud_publisher.cli.options import BucketOption, ConfigOption
from cloud_publisher.cli.output import JsonOption, Output

if TYPE_CHECKING:
    from pydantic import BaseModel

    from shared_schema.documents import Document

Model = TypeVar("Model", bound="BaseModel")

policies = typer.Typer(
    help="Who may do what: complete policy documents, and the templates' parameters, from stages: of the config.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
StageOption = Annotated[str, typer.Option("--stage", help="The stage, as stages: of the config names it.")]
OutOption = Annotated[Path | None, typer.Option("--out", help="The folder to write to; stdout when not given.")]


@policies.command("render")
def render(
    stage: StageOption,
    out: OutOption = None,
    config: ConfigOption = None,
    bucket: BucketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write every policy that a stage needs, in its own account and in dev's, complete."""
    import json

    from cloud_publisher.config_file import read_config
    from cloud_publisher.policies.parameters import stage_parameters
    from cloud_publisher.policies.rendering import render_policy
    from infra_policies import document_names, document_path

    parameters = stage_parameters(read_config(config), stage, bucket=bucket)
    rendered = [
        render_policy(name, document_path(name).read_text(encoding="utf-8"), parameters) for name in document_names()
    ]
    output = Output(as_json=as_json)
    if out is not None:
        _write(out, {f"{each.name}.json": each.text for each in rendered})
    result: dict[str, Any] = {
        "stage": stage,
        "policies": [
            {
                "name": each.name,
                "kind": each.kind,
                "account": each.account,
                **({"file": str(out / f"{each.name}.json")} if out else {"document": json.loads(each.text)}),
            }
            for each in rendered
        ],
    }
    if out is not None:
        output.show(result, f"{len(rendered)} policies of stage {stage} are in {out}")
        output.table(("policy", "kind", "account"), [(each.name, each.kind, each.account) for each in rendered])
        return
    documents = {each.name: json.loads(each.text) for each in rendered}
    output.show(result, json.dumps(documents, indent=2))


@policies.command("parameters")
def parameters(
    stage: Annotated[
        str | None, typer.Option("--stage", help="The stage, as stages: of the config names it; all when not given.")
    ] = None,
    out: OutOption = None,
    config: ConfigOption = None,
    bucket: BucketOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the parameters of the CloudFormation templates that the stages' accounts get."""
    from cloud_publisher.config_file import read_config
    from cloud_publisher.initialising.infrastructure import parameter_file, parameter_text, stacks_now
    from cloud_publisher.policies.stacks import stack_parameters
    from shared_schema.stages import DEV_STAGE

    document = read_config(config)
    if stage is None:
        stacks = [(name, each) for name, found in stacks_now(document, bucket).items() for each in found]
    else:
        stacks = [(stage, each) for each in stack_parameters(document, stage, bucket=bucket)]
    files = {parameter_file(name, stack): parameter_text(stack) for name, stack in stacks}
    if out is not None:
        _write(out, files)
    output = Output(as_json=as_json)
    result: dict[str, Any] = {
        "stage": stage,
        "stacks": [
            {
                "stage": of_stage,
                "template": stack.template,
                "account": stack.account,
                "region": stack.region,
                "parameters": dict(stack.values),
                **({"file": str(out / name)} if out else {}),
            }
            for (of_stage, stack), name in zip(stacks, files, strict=True)
        ],
    }
    written = "\n".join(f"wrote {out / name}" for name in files) if out else "\n".join(files.values())
    output.show(result, written)
    templates = {stack.template for _, stack in stacks}
    if "target-account.yaml" not in templates:
        output.warn(
            "stages.dev has no key yet: deploy dev-account.yaml, add its output ArtifactKeyArn as stages.dev.key, "
            "and run this again for the other templates"
        )
    if "dev-account.yaml" in templates and document.value.stages[DEV_STAGE].source is None:
        output.warn(
            "stages.dev has no source: dev-account.yaml asks where the pipeline takes the repository from; add "
            "source: with connection and repository, or with bucket"
        )


@policies.command("lint")
def lint(
    config: ConfigOption = None,
    bucket: BucketOption = None,
    linters: Annotated[
        Path | None, typer.Option("--linters", help="The folder that has parliament, checkov and cfn-lint.")
    ] = None,
    exceptions: Annotated[
        Path | None, typer.Option("--exceptions", help="The exceptions; infra_policies/exceptions.yml when not given.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Look for weaknesses in the policies of every stage; with --linters, in the templates too."""
    from cloud_publisher.config_file import read_config
    from cloud_publisher.errors import WorkFailedError
    from cloud_publisher.policies.linting.findings import LintExceptions
    from cloud_publisher.policies.linting.whole import lint_stages
    from infra_policies import EXCEPTIONS

    document = read_config(config)
    listed = _read_as(exceptions or EXCEPTIONS, LintExceptions)
    judgement = lint_stages(document, listed.value.exceptions, bucket=bucket, linters=linters)
    left = [str(finding) for finding in judgement.findings]
    idle = [f"{each.linter} {each.code} at {each.place}" for each in judgement.idle]
    Output(as_json=as_json).show(
        {"findings": left, "idle-exceptions": idle, "excepted": judgement.excepted},
        "\n".join([*left, *(f"exception that nothing needs: {each}" for each in idle)])
        or f"no findings; {judgement.excepted} are excepted, each with its reason",
    )
    if left or idle:
        if as_json:
            raise typer.Exit(WorkFailedError.exit_code)
        raise WorkFailedError(
            f"{len(left)} findings, {len(idle)} idle exceptions",
            "mend the document, or write an exception with its reason; take out exceptions that nothing needs",
        )


def _read_as(path: Path, model: type[Model]) -> "Document[Model]":
    from cloud_publisher.errors import InvalidDocumentError
    from shared_schema.documents import DocumentError, read_document

    try:
        return read_document(path, model, shown_as=path.as_posix())
    except DocumentError as error:
        raise InvalidDocumentError(error.faults) from None


def _write(folder: Path, files: dict[str, str]) -> None:
    from cloud_publisher.errors import WrongUseError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            # Written atomically: a reader never sees half a policy.
            beside = folder / f".{name}.part"
            beside.write_text(text, encoding="utf-8")
            beside.replace(folder / name)
    except OSError as error:
        raise WrongUseError(
            f"{folder} cannot be written to ({error.strerror})", "name a folder of yours with --out"
        ) from None
