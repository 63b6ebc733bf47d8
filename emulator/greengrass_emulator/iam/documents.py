"""Reads policy documents into statements, and refuses what AWS would refuse.

Source: IAM User Guide, "IAM JSON policy element reference" and "Grammar of the IAM JSON policy language". For decisions
see ``evaluator``.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from greengrass_emulator.iam.conditions import Condition, is_known_operator, known_operators
from greengrass_emulator.iam.errors import InvalidPolicyError
from greengrass_emulator.json_value import JsonValue

_VERSIONS = ("2012-10-17", "2008-10-17")
_PRINCIPAL_TYPES = {"AWS", "Service", "Federated", "CanonicalUser"}
_STATEMENT_KEYS = {
    "Sid", "Effect", "Principal", "NotPrincipal", "Action", "NotAction", "Resource", "NotResource", "Condition",
}  # fmt: skip


class PolicyKind(StrEnum):
    """What a policy is attached to. It determines the elements that statements must and must not have."""

    IDENTITY = "identity"
    BUCKET = "bucket"
    KEY = "key"
    TRUST = "trust"
    IOT = "iot"

    @property
    def names_principals(self) -> bool:
        """Whether statements name principals, because the policy is attached to none."""
        return self in {PolicyKind.BUCKET, PolicyKind.KEY, PolicyKind.TRUST}


@dataclass(frozen=True, slots=True)
class NamedPrincipal:
    """One entry of a Principal element: its type (``AWS``, ``Service``, …) and its value; ``*`` has type ``AWS``."""

    type: str
    value: str


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement. Of each pair (Action and NotAction, …) one is empty."""

    policy: str
    name: str
    allows: bool
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    resources: tuple[str, ...] = ()
    not_resources: tuple[str, ...] = ()
    principals: tuple[NamedPrincipal, ...] = ()
    not_principals: tuple[NamedPrincipal, ...] = ()
    conditions: tuple[Condition, ...] = ()
    has_variables: bool = True

    @property
    def label(self) -> str:
        """``policy/statement``, unique within what one request meets."""
        return f"{self.policy}/{self.name}"


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy document with its name for messages."""

    name: str
    kind: PolicyKind
    statements: tuple[Statement, ...]

    def without(self, statement: str) -> "Policy":
        """Return the policy without the statement with this label."""
        return Policy(self.name, self.kind, tuple(each for each in self.statements if each.label != statement))


def read_policy(name: str, kind: PolicyKind, document: str | Mapping[str, JsonValue]) -> Policy:
    """Read one policy document, as JSON text or as what JSON text holds.

    Raises ``InvalidPolicyError`` with the statement and what is wrong in it. A statement without ``Sid`` is called by
    its number, from 1.
    """
    return _Reader(name, kind).read(document)


@dataclass(frozen=True, slots=True)
class _Reader:
    name: str
    kind: PolicyKind

    def read(self, document: str | Mapping[str, JsonValue]) -> Policy:
        content = self._json(document) if isinstance(document, str) else document
        if not isinstance(content, Mapping):
            raise self._fault("is not a JSON object", "write an object with Version and Statement")
        unknown = set(content) - {"Version", "Id", "Statement"}
        if unknown:
            raise self._fault(f"has {', '.join(sorted(unknown))}", "only Version, Id and Statement are known")
        version = content.get("Version", "2008-10-17")
        if version not in _VERSIONS:
            raise self._fault(f"has Version {version!r}", f"write {_VERSIONS[0]!r}")
        given = content.get("Statement")
        statements = [given] if isinstance(given, Mapping) else given
        if not isinstance(statements, list) or not statements:
            raise self._fault("has no Statement", "write a list of at least one")
        read = tuple(
            self._statement(index, each, has_variables=version == _VERSIONS[0])
            for index, each in enumerate(statements, start=1)
        )
        names = [each.name for each in read]
        for each in names:
            if names.count(each) > 1:
                raise self._fault(f"has two statements with Sid {each!r}", "a Sid is unique within its policy")
        return Policy(self.name, self.kind, read)

    def _json(self, text: str) -> JsonValue:
        try:
            content: JsonValue = json.loads(text)
        except ValueError as fault:
            raise self._fault(f"is not JSON: {fault}", "correct it") from fault
        return content

    def _statement(self, index: int, given: JsonValue, *, has_variables: bool) -> Statement:
        if not isinstance(given, Mapping):
            raise self._fault(f"statement {index} is not a JSON object", "write an object with Effect and Action")
        name = str(given.get("Sid") or index)
        where = f"statement {name}"
        unknown = set(given) - _STATEMENT_KEYS
        if unknown:
            raise self._fault(
                f"{where} has {', '.join(sorted(unknown))}", f"known are {', '.join(sorted(_STATEMENT_KEYS))}"
            )
        effect = given.get("Effect")
        if effect not in {"Allow", "Deny"}:
            raise self._fault(f"{where} has Effect {effect!r}", "write 'Allow' or 'Deny'")
        self._one_of(given, where, "Action", "NotAction")
        if self.kind is PolicyKind.TRUST:
            self._none_of(given, where, "Resource", "NotResource")
        else:
            self._one_of(given, where, "Resource", "NotResource")
        if self.kind.names_principals:
            self._one_of(given, where, "Principal", "NotPrincipal")
        else:
            self._none_of(given, where, "Principal", "NotPrincipal")
        if "NotPrincipal" in given and effect == "Allow":
            raise self._fault(f"{where} has NotPrincipal with Allow, which AWS does not support", "name the principals")
        return Statement(
            policy=self.name,
            name=name,
            allows=effect == "Allow",
            actions=self._texts(given, where, "Action"),
            not_actions=self._texts(given, where, "NotAction"),
            resources=self._texts(given, where, "Resource"),
            not_resources=self._texts(given, where, "NotResource"),
            principals=self._principals(given, where, "Principal"),
            not_principals=self._principals(given, where, "NotPrincipal"),
            conditions=self._conditions(given.get("Condition", {}), where),
            has_variables=has_variables,
        )

    def _one_of(self, given: Mapping[str, JsonValue], where: str, first: str, second: str) -> None:
        if (first in given) == (second in given):
            raise self._fault(
                f"{where} of a policy of kind {self.kind} must have either {first} or {second}", "write one of the two"
            )

    def _none_of(self, given: Mapping[str, JsonValue], where: str, *names: str) -> None:
        for name in names:
            if name in given:
                raise self._fault(f"{where} of a policy of kind {self.kind} must not have {name}", "take it away")

    def _texts(self, given: Mapping[str, JsonValue], where: str, element: str) -> tuple[str, ...]:
        if element not in given:
            return ()
        listed = _as_list(given[element])
        values = [value for value in listed if isinstance(value, str) and value]
        if not values or len(values) != len(listed):
            raise self._fault(f"{where} has {element} {given[element]!r}", "write a string or a list of strings")
        for value in values:
            if element.endswith("Action") and value != "*" and value.count(":") != 1:
                raise self._fault(f"{where} has {element} {value!r}", "write service:Action")
            if element.endswith("Resource") and value != "*" and not value.startswith("arn:"):
                raise self._fault(f"{where} has {element} {value!r}", "write an ARN or '*'")
        return tuple(values)

    def _principals(self, given: Mapping[str, JsonValue], where: str, element: str) -> tuple[NamedPrincipal, ...]:
        if element not in given:
            return ()
        value = given[element]
        if value == "*":
            return (NamedPrincipal("AWS", "*"),)
        if not isinstance(value, Mapping) or not value or set(value) - _PRINCIPAL_TYPES:
            raise self._fault(
                f"{where} has {element} {value!r}", f"write '*' or an object of {sorted(_PRINCIPAL_TYPES)}"
            )
        read = []
        for kind, entries in value.items():
            for entry in _as_list(entries):
                if not isinstance(entry, str) or not entry:
                    raise self._fault(f"{where} has {element} {kind} {entry!r}", "write a string or a list of strings")
                if "*" in entry and entry != "*":
                    raise self._fault(f"{where} has {element} {entry!r}", "a wildcard must stand alone in it")
                read.append(NamedPrincipal(kind, entry))
        return tuple(read)

    def _conditions(self, given: JsonValue, where: str) -> tuple[Condition, ...]:
        if not isinstance(given, Mapping):
            raise self._fault(f"{where} has a Condition that is not an object", "write an object of operators")
        read = []
        for operator, keys in given.items():
            if not is_known_operator(operator):
                known = ", ".join(known_operators())
                raise self._fault(f"{where} has the condition operator {operator!r}", f"known are {known}")
            if not isinstance(keys, Mapping) or not keys:
                raise self._fault(f"{where} has nothing under {operator}", "write an object of keys and values")
            for key, values in keys.items():
                texts = tuple(_condition_text(value) for value in _as_list(values))
                if not texts or not all(texts):
                    raise self._fault(f"{where} has no value under {operator} {key}", "write at least one")
                read.append(Condition(operator, key, texts))
        return tuple(read)

    def _fault(self, fault: str, remedy: str = "") -> InvalidPolicyError:
        return InvalidPolicyError(self.name, fault, remedy)


def _as_list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else [value]


def _condition_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, (str, int, float)) else ""
