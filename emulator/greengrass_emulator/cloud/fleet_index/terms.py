"""The leaves of a query: a term, a phrase, a range, a comparison, each with the test of a value.

Search is case-insensitive and by words, which white space separates (AWS IoT, "Query syntax"). Two numbers are compared
as numbers.
"""

import operator
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from greengrass_emulator.cloud.api_errors import InvalidQueryException

Scalar: TypeAlias = str | bool | int | float
Test = Callable[[Scalar], bool]

_RANGE = re.compile(
    r'(?P<open>[\[{])\s*(?P<low>"[^"]*"|[^\s"\]}]+)\s+TO\s+(?P<high>"[^"]*"|[^\s"\]}]+)\s*(?P<close>[\]}])'
)
_COMPARISONS = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}
_PART = re.compile(r"\\(?P<escaped>.)|(?P<wild>[*?])|(?P<plain>[^\\*?]+)", re.DOTALL)
_WILD = {"*": ".*", "?": "."}


@dataclass(frozen=True, slots=True)
class Term:
    """One word, which may have wildcards, or a phrase of several in quotes."""

    words: tuple[re.Pattern[str], ...]
    number: float | None
    everything: bool
    leading_wildcard: bool

    @classmethod
    def read(cls, text: str) -> "Term":
        """Read a word, or a phrase with its quotes. Raises ``InvalidQueryException`` for an empty phrase."""
        quoted = text.startswith('"')
        inner = text[1:-1] if quoted else text
        words = inner.split() if quoted else [inner]
        if not words:
            raise InvalidQueryException("A phrase is empty")
        return cls(
            words=tuple(re.compile(_pattern(word), re.IGNORECASE | re.DOTALL) for word in words),
            number=None if quoted else _number(inner),
            everything=inner == "*",
            leading_wildcard=inner != "*" and words[0][0] in _WILD,
        )

    def __call__(self, value: Scalar) -> bool:
        """Return whether a value has the words in this order."""
        if isinstance(value, (int, float)) and not isinstance(value, bool) and self.number is not None:
            return float(value) == self.number
        there = _text(value).split()
        count = len(self.words)
        return any(
            all(wanted.fullmatch(word) for wanted, word in zip(self.words, there[at:], strict=False))
            for at in range(len(there) - count + 1)
        )


@dataclass(frozen=True, slots=True)
class Range:
    """``[75 TO 100]``; a curly bracket excludes its end. Numbers are compared by size, quoted values as text."""

    low: float | str
    high: float | str
    with_low: bool
    with_high: bool

    @classmethod
    def read(cls, text: str) -> "Range":
        """Read a range. Raises ``InvalidQueryException`` if only one end is a number."""
        found = _RANGE.fullmatch(text)
        low, high = (_end(found[name]) for name in ("low", "high")) if found else ("", 0.0)
        if found is None or type(low) is not type(high):
            raise InvalidQueryException(f"{text} is not a range: its ends are two numbers, or two texts in quotes")
        return cls(low, high, found["open"] == "[", found["close"] == "]")

    def __call__(self, value: Scalar) -> bool:
        """Return whether a value lies within the range."""
        given = _text(value).lower() if isinstance(self.low, str) else _number(value)
        if given is None:
            return False
        above: Any = operator.ge if self.with_low else operator.gt
        below: Any = operator.le if self.with_high else operator.lt
        return bool(above(given, self.low) and below(given, self.high))


def comparison(sign: str, text: str) -> Test:
    """``<``, ``<=``, ``>`` or ``>=`` a number. Raises ``InvalidQueryException`` for anything else."""
    wanted = _number(text)
    if wanted is None:
        raise InvalidQueryException(f"{sign} compares numbers, and {text} is not a number")
    compare = _COMPARISONS[sign]

    def test(value: Scalar) -> bool:
        given = _number(value)
        return given is not None and bool(compare(given, wanted))

    return test


def _end(text: str) -> float | str:
    number = None if text.startswith('"') else _number(text)
    return text.strip('"').lower() if number is None else number


def _pattern(word: str) -> str:
    return "".join(
        _WILD[part["wild"]] if part["wild"] else re.escape(part["escaped"] or part["plain"])
        for part in _PART.finditer(word)
    )


def _number(value: Scalar) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


def _text(value: Scalar) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
