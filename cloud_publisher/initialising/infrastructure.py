"""``infrastructure/`` of a deploy repository: CloudFormation templates, their parameters, how to create the stacks.

Pure: the config in, files out.
"""

import json
from collections.abc import Sequence
from pathlib import PurePosixPath

from cloud_publisher.errors import InvalidDocumentError
from cloud_publisher.policies.stacks import StackParameters, stack_parameters
from cloud_publisher.policies.stages import stage_diagnostics
from infra_policies import CLOUDFORMATION
from shared_schema.config import Config
from shared_schema.documents import Document
from shared_schema.stages import DEV_STAGE

FOLDER = PurePosixPath("infrastructure")
PARAMETERS = FOLDER / "parameters"
_TARGET_STACKS = ("target-account", "fleet-health")


def stacks_now(document: Document[Config], bucket: str | None) -> dict[str, list[StackParameters]]:
    """Return the stacks of each stage whose parameters can be written: only dev's, until its KMS key is known.

    Raises ``InvalidDocumentError``.
    """
    config = document.value
    faults = stage_diagnostics(document)
    if faults:
        raise InvalidDocumentError(faults)
    dev = stack_parameters(document, DEV_STAGE, bucket=bucket)
    stages = [name for name in config.stages if name != DEV_STAGE] if config.stages[DEV_STAGE].key else []
    return {DEV_STAGE: dev, **{name: stack_parameters(document, name, bucket=bucket) for name in stages}}


def parameter_file(stage: str, stack: StackParameters) -> str:
    """Return the name of a stack's parameter file."""
    return _name(stage, stack.template.removesuffix(".yaml"))


def parameter_text(stack: StackParameters) -> str:
    """Return the text of a stack's parameter file, for ``aws cloudformation``."""
    return json.dumps(stack.as_json(), indent=2) + "\n"


def infrastructure_files(document: Document[Config], bucket: str | None) -> dict[PurePosixPath, bytes]:
    """Return each file's content by its path in the repository. Raises ``InvalidDocumentError``."""
    stacks = stacks_now(document, bucket)
    contents = stack_files(document.value)
    for stage, of_stage in stacks.items():
        for stack in of_stage:
            contents[PARAMETERS / parameter_file(stage, stack)] = parameter_text(stack).encode()
    return contents


def stack_files(config: Config) -> dict[PurePosixPath, bytes]:
    """Return the templates and the page about them, without parameters; ``policies parameters`` writes those anew."""
    contents = {FOLDER / path.name: path.read_bytes() for path in sorted(CLOUDFORMATION.glob("*.yaml"))}
    contents[FOLDER / "README.md"] = _page(config).encode()
    return contents


def _page(config: Config) -> str:
    dev = config.stages[DEV_STAGE]
    parts = [
        "# The accounts' stacks",
        "",
        "Everything in `parameters/` is made from `stages:` of `../greengrass-config.yml`. Change the config, not",
        "these files; `cloud-publisher policies parameters --out infrastructure/parameters` writes them again. Run the",
        "commands below in the repository's folder, each with credentials of the account that it names. They are for",
        "the AWS CLI 2; version 1 takes the same files by `aws cloudformation create-stack --parameters file://…`.",
        "",
        "1. Say in the config where the pipeline takes this repository from (`stages.dev.source`: a `connection` of",
        "   CodeConnections with its `repository`, or a `bucket`), and where model packages keep their data",
        "   (`stages.dev.model-data`). Write the parameters again.",
        f"2. In account {dev.account} (dev), the bucket, its key and the pipeline:",
        "",
        *_fenced(_deploy(DEV_STAGE, "dev-account", dev.region)),
        "",
        "   Its output `ArtifactKeyArn` is `stages.dev.key` of the config:",
        "",
        *_fenced(
            f"aws cloudformation describe-stacks --region {dev.region} --stack-name mlops-dev-account \\\n"
            "  --output text --query \"Stacks[0].Outputs[?OutputKey=='ArtifactKeyArn'].OutputValue\""
        ),
        "",
        "   Write the parameters once more: with the key, those of the other stacks are written too.",
        "3. In each stage's account, its roles, policies and thing groups, then its alarms:",
        "",
    ]
    for name, stage in config.stages.items():
        parts += [f"   Account {stage.account} ({name}):", ""]
        parts += _fenced(*(_deploy(name, template, stage.region) for template in _TARGET_STACKS))
        parts.append("")
    parts += [
        "4. `cloud-publisher doctor --stage NAME` says of each stage whether it can work.",
        "",
    ]
    return "\n".join(parts)


def _deploy(stage: str, template: str, region: str) -> str:
    return (
        f"aws cloudformation deploy --region {region} --stack-name mlops-{template} \\\n"
        f"  --template-file {FOLDER / template}.yaml --capabilities CAPABILITY_NAMED_IAM \\\n"
        f"  --parameter-overrides file://{PARAMETERS / _name(stage, template)}"
    )


def _fenced(*commands: str) -> Sequence[str]:
    lines = [line for command in commands for line in command.splitlines()]
    return ["   ```bash", *(f"   {line}" for line in lines), "   ```"]


def _name(stage: str, template: str) -> str:
    return f"{stage}.{template}.json"
