"""``cloud-publisher policies``: complete policy documents, and the CloudFormation templates' parameters."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cloud_publisher.cli.options import BucketOption, ConfigOption
from cloud_publisher.cli.output import JsonOption, Output
from shared_schema.diagnostics import ExitCode

if TYPE_CHECKING:
    from shared_schema.json_value import JsonObject

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

    from cloud_publisher.documents import read_config
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
    result: JsonObject = {
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
    from cloud_publisher.documents import read_config
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
    result: JsonObject = {
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
    from cloud_publisher.documents import read_config, read_valid
    from cloud_publisher.errors import WorkFailedError
    from cloud_publisher.policies.linting.lint import LintExceptions, lint_stages
    from infra_policies import EXCEPTIONS

    document = read_config(config)
    judgement = lint_stages(
        document, read_valid(exceptions or EXCEPTIONS, LintExceptions), bucket=bucket, linters=linters
    )
    left = judgement.diagnostics
    Output(as_json=as_json).show(
        {"diagnostics": [each.as_json() for each in left], "excepted": judgement.excepted},
        "\n".join(str(each) for each in left)
        or f"no findings; {judgement.excepted} are excepted, each with its reason",
    )
    if left:
        if as_json:
            raise typer.Exit(ExitCode.FAILED)
        raise WorkFailedError(
            f"{len(left)} findings in the policies",
            "correct the documents, or write an exception with its reason; take out exceptions that nothing needs",
        )


def _write(folder: Path, files: dict[str, str]) -> None:
    from cloud_publisher.errors import WrongUseError
    from shared_schema.documents.writing import write_whole

    try:
        for name, text in files.items():
            write_whole(folder / name, text)
    except OSError as error:
        raise WrongUseError(
            f"{folder} cannot be written to ({error.strerror})", "name a folder of yours with --out"
        ) from None
