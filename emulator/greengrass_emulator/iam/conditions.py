"""The Condition element: operators over the keys of a request.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Multivalued context keys". Date, binary
and IP address operators are not implemented: a policy with one is refused.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from greengrass_emulator.iam.patterns import arn_matches, text_equals, text_matches
from greengrass_emulator.iam.requests import ContextValues

_Test = Callable[[str, str, ContextValues], bool]  # wanted by the policy, given by the request, the whole context


def _bool(wanted: str, given: str, context: ContextValues) -> bool:
    return text_equals(wanted, given, context, any_case=True)


def _any_case(wanted: str, given: str, context: ContextValues) -> bool:
    return text_equals(wanted, given, context, any_case=True)


def _numbers(compare: Callable[[float, float], bool]) -> _Test:
    def test(wanted: str, given: str, _: ContextValues) -> bool:
        try:
            return compare(float(given), float(wanted))
        except ValueError:
            return False

    return test


# A negated operator is beside the test that must fail for every value.
_TESTS: dict[str, tuple[_Test, bool]] = {
    "stringequals": (text_equals, False),
    "stringnotequals": (text_equals, True),
    "stringequalsignorecase": (_any_case, False),
    "stringnotequalsignorecase": (_any_case, True),
    "stringlike": (text_matches, False),
    "stringnotlike": (text_matches, True),
    "arnequals": (arn_matches, False),
    "arnlike": (arn_matches, False),
    "arnnotequals": (arn_matches, True),
    "arnnotlike": (arn_matches, True),
    "bool": (_bool, False),
    "numericequals": (_numbers(lambda given, wanted: given == wanted), False),
    "numericnotequals": (_numbers(lambda given, wanted: given == wanted), True),
    "numericlessthan": (_numbers(lambda given, wanted: given < wanted), False),
    "numericlessthanequals": (_numbers(lambda given, wanted: given <= wanted), False),
    "numericgreaterthan": (_numbers(lambda given, wanted: given > wanted), False),
    "numericgreaterthanequals": (_numbers(lambda given, wanted: given >= wanted), False),
}
_NULL = "null"


@dataclass(frozen=True, slots=True)
class Condition:
    """One operator over one key. ``values`` are alternatives; for a negated operator none may match."""

    operator: str
    key: str
    values: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.operator} {self.key} {'|'.join(self.values)}"

    def holds(self, context: ContextValues) -> bool:
        """Return whether the request's context satisfies it."""
        qualifier, name, if_exists = _parts(self.operator)
        given = context.get(self.key.lower(), ())
        if name == _NULL:
            return any(value.lower() == ("false" if given else "true") for value in self.values)
        test, negated = _TESTS[name]
        if not given:
            return if_exists or qualifier == "forallvalues" or (negated and qualifier != "foranyvalue")

        def value_holds(value: str) -> bool:
            return any(test(wanted, value, context) for wanted in self.values) != negated

        if qualifier == "forallvalues" or (negated and not qualifier):
            return all(value_holds(value) for value in given)
        return any(value_holds(value) for value in given)


def first_failing(conditions: Sequence[Condition], context: ContextValues) -> Condition | None:
    """Return the first condition that does not hold, or None: a statement applies only if all of them hold."""
    return next((condition for condition in conditions if not condition.holds(context)), None)


def is_known_operator(operator: str) -> bool:
    """Return whether this evaluator knows an operator, with its ``ForAnyValue:`` and ``IfExists``."""
    qualifier, name, if_exists = _parts(operator)
    if name == _NULL:
        return not qualifier and not if_exists
    return qualifier in {"", "foranyvalue", "forallvalues"} and name in _TESTS


def known_operators() -> tuple[str, ...]:
    """Return the operators' names, in lower case, as AWS reads them."""
    return (*sorted(_TESTS), _NULL)


def _parts(operator: str) -> tuple[str, str, bool]:
    lowered = operator.lower()
    qualifier, _, name = lowered.rpartition(":")
    if_exists = name.endswith("ifexists")
    return qualifier, name.removesuffix("ifexists"), if_exists
