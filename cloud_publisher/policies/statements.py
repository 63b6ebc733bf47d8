"""Parses a policy document's statements, for the counts and the checks. Decides nothing about access."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, BeforeValidator, Field

from shared_schema.json_value import JsonObject


def _listed(value: object) -> object:
    return value if isinstance(value, list) else [value]


_Texts = Annotated[list[str], BeforeValidator(_listed)]
"""A text, or a list of texts."""


class _Written(BaseModel):
    """A statement as IAM's grammar has it (IAM User Guide, "Grammar of the IAM JSON policy language")."""

    sid: str | None = Field(default=None, alias="Sid")
    effect: str = Field(alias="Effect")
    action: _Texts = Field(default_factory=list, alias="Action")
    resource: _Texts = Field(default_factory=list, alias="Resource")
    principal: str | dict[str, _Texts] = Field(default_factory=dict, alias="Principal")
    condition: dict[str, dict[str, Annotated[list[str | bool | int], BeforeValidator(_listed)]]] = Field(
        default_factory=dict, alias="Condition"
    )


class _Document(BaseModel):
    statements: Annotated[list[_Written], BeforeValidator(_listed)] = Field(alias="Statement")


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement, with each element as a list."""

    sid: str
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    """``*``, or ``AWS:arn…`` and ``Service:name``."""
    conditions: Mapping[str, Mapping[str, tuple[str, ...]]]

    def condition_keys(self) -> frozenset[str]:
        """The keys of its conditions, in lower case."""
        return frozenset(key.lower() for keys in self.conditions.values() for key in keys)


def statements_of(document: JsonObject) -> Iterator[Statement]:
    """Return the statements of a policy document, in order. Raises ``pydantic.ValidationError`` if it is none."""
    for number, written in enumerate(_Document.model_validate(document).statements, start=1):
        principal = written.principal
        yield Statement(
            sid=written.sid or f"statement {number}",
            allows=written.effect == "Allow",
            actions=tuple(written.action),
            resources=tuple(written.resource),
            principals=(principal,)
            if isinstance(principal, str)
            else tuple(f"{kind}:{value}" for kind, values in principal.items() for value in values),
            conditions={
                operator: {key: tuple(str(value) for value in values) for key, values in keys.items()}
                for operator, keys in written.condition.items()
            },
        )
