"""Writes the policy documents into the CloudFormation templates: both have one source, ``infra_policies/documents``.

A template has ``# document: NAME`` and ``# end of document``. The text between them is written here, with each
parameter as the template's own reference. Pure: texts in, text out.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

_BLOCK = re.compile(
    r"^(?P<indent> *)# document: (?P<name>[a-z.-]+)\n(?P<body>.*?)^(?P=indent)# end of document\n",
    re.DOTALL | re.MULTILINE,
)
_PARAMETER = re.compile(r"\$\{([A-Za-z]+)\}")
_AWS_VARIABLE = re.compile(r"\$\{([a-z-]+:[A-Za-z.]+)\}")

_ALWAYS = {"Partition": "AWS::Partition", "UrlSuffix": "AWS::URLSuffix"}
REFERENCES: Mapping[str, Mapping[str, str]] = {
    "dev-account.yaml": {
        **_ALWAYS,
        "DevAccount": "AWS::AccountId",
        "ArtifactRegion": "AWS::Region",
        "ArtifactBucket": "ArtifactBucketName",
        "ArtifactKeyArn": "ArtifactKey.Arn",
    },
    "target-account.yaml": {**_ALWAYS, "TargetAccount": "AWS::AccountId", "Region": "AWS::Region"},
}
"""The names of parameters that are called otherwise in a template."""

_BUILD_ROLE = "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/MlopsBuildRole"
_CANARY = "arn:${AWS::Partition}:iot:${AWS::Region}:${AWS::AccountId}:thinggroup/${CanaryGroup}"
_LISTS = (
    "ModelPackageArns",
    "ModelDataArns",
    "ModelBucketArns",
    "ModelPrefixes",
    "DeployRoleArns",
    "ReaderAccountArns",
    "ReaderRoleArns",
)


def fill_template(template: str, text: str, document: Callable[[str], str]) -> str:
    """Return the template's text with its documents replaced. ``document`` returns a document's text by its name."""
    references = REFERENCES.get(template, _ALWAYS)

    def block(match: re.Match[str]) -> str:
        indent, name = match["indent"], match["name"]
        body = yaml.dump(
            _expression(json.loads(document(name)), references), Dumper=_Dumper, sort_keys=False, width=10_000
        )
        lines = "".join(f"{indent}{line}\n" for line in body.splitlines())
        return f"{indent}# document: {name}\n{lines}{indent}# end of document\n"

    return _BLOCK.sub(block, text)


class _Sub(str):
    """A text that CloudFormation fills in."""


class _Ref(str):
    """A reference to a list parameter, by its name."""


@dataclass(frozen=True, slots=True)
class _IfCanary:
    """A statement that is only there if the stage has a canary."""

    statement: Mapping[str, object]


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        """Write no anchors and aliases: CloudFormation does not read them."""
        del data
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        """Indent a list below its key, as in the rest of the template."""
        del indentless
        super().increase_indent(flow, False)


_Dumper.add_representer(_Sub, lambda dumper, data: dumper.represent_scalar("!Sub", str(data), style='"'))
_Dumper.add_representer(_Ref, lambda dumper, data: dumper.represent_scalar("!Ref", str(data)))
_Dumper.add_representer(
    _IfCanary,
    lambda dumper, data: dumper.represent_sequence("!If", ["HasCanary", data.statement, _Ref("AWS::NoValue")]),
)


def _expression(value: Any, references: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        if value.get("Resource") == "${CanaryGroupArns}":
            return _IfCanary({**value, "Resource": _Sub(_CANARY)})
        return {key: _expression(inner, references) for key, inner in value.items()}
    if isinstance(value, list):
        return [_expression(inner, references) for inner in value]
    if not isinstance(value, str) or "${" not in value:
        return value
    whole = _PARAMETER.fullmatch(value)
    if whole and whole[1] in _LISTS:
        return _Ref(whole[1])
    if whole and whole[1] == "WriterRoleArns":
        # By name: a reference to the role would be circular, since the role names the key.
        return [_Sub(_BUILD_ROLE)]
    escaped = _AWS_VARIABLE.sub(r"${!\1}", value)
    return _Sub(_PARAMETER.sub(lambda match: f"${{{references.get(match[1], match[1])}}}", escaped))
