"""The query language of fleet indexing: parses a text into a tree that matches things' documents.

Source: AWS IoT developer guide, "Query syntax" and "Example thing queries". Not emulated: geoqueries, and phrases
without a field that match over several fields.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from greengrass_emulator.cloud.api_errors import InvalidQueryException
from greengrass_emulator.cloud.fleet_index.terms import Range, Scalar, Term, Test, comparison
from greengrass_emulator.json_value import JsonObject, JsonValue, leaves

Matches = Callable[[JsonObject], bool]

MAXIMUM_TERMS = 12
MAXIMUM_WITH_LEADING_WILDCARD = 100
"""Characters of a query that has a leading wildcard, of which it may have one."""
_UNSUPPORTED = frozenset("`@#%/';,")
_FIELDS = frozenset(
    {"thingName", "thingId", "thingTypeName", "thingGroupNames", "attributes", "shadow", "connectivity"}
    | {"deviceDefender", "registry"}
)
_SHADOW_PARTS = frozenset({"desired", "reported", "delta", "metadata", "hasDelta"})
_TOKEN = re.compile(
    r"""\s+
    | (?P<mark>[()])
    | (?P<range>[\[{] \s* (?P<low>"[^"]*"|[^\s"\]}]+) \s+ TO \s+ (?P<high>"[^"]*"|[^\s"\]}]+) \s* [\]}])
    | (?P<phrase>"(?:[^"\\]|\\.)*")
    | (?P<field>(?:[\w.$*-]|\\.)+?) \s* (?P<operator>:|<=|>=|<|>)
    | (?P<word>(?:[^\s()"\[\]{}:<>\\]|\\.)+)
    """,
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    operator: str = ""


def read_query(text: str) -> Matches:
    """Parse a query. Raises ``InvalidQueryException`` for what is not in the language."""
    unsupported = sorted(set(text) & _UNSUPPORTED)
    if unsupported:
        raise InvalidQueryException(f"The query has unsupported characters: {' '.join(unsupported)}")
    parser = _Parser(list(_tokens(text)))
    matches = parser.either(None)
    if parser.token is not None:
        raise InvalidQueryException(f"The query cannot be parsed at {parser.token.text!r}")
    if parser.terms > MAXIMUM_TERMS:
        raise InvalidQueryException(f"A query has at most {MAXIMUM_TERMS} terms, and this one {parser.terms}")
    if parser.leading > 1:
        raise InvalidQueryException("A query has at most one term with a leading wildcard")
    if parser.leading and len(text) > MAXIMUM_WITH_LEADING_WILDCARD:
        raise InvalidQueryException(
            f"A query with a leading wildcard has at most {MAXIMUM_WITH_LEADING_WILDCARD} characters"
        )
    return matches


def _tokens(text: str) -> Iterator[_Token]:
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None:
            raise InvalidQueryException(f"The query cannot be parsed at {text[at : at + 20]!r}")
        at = found.end()
        for kind in ("mark", "range", "phrase", "field", "word"):
            if found[kind] is not None:
                yield _Token(kind, found[kind], found["operator"] or "")


class _Parser:
    """Adjacent words are joined by AND, which binds closer than OR."""

    def __init__(self, tokens: list[_Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self.terms = 0
        self.leading = 0

    @property
    def token(self) -> _Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def either(self, field: str | None) -> Matches:
        found = [self._all(field)]
        while self._takes("OR"):
            found.append(self._all(field))
        return found[0] if len(found) == 1 else lambda document: any(one(document) for one in found)

    def _all(self, field: str | None) -> Matches:
        found = [self._one(field)]
        while self.token is not None and not self._is("OR") and self.token.text != ")":
            self._takes("AND")
            found.append(self._one(field))
        return found[0] if len(found) == 1 else lambda document: all(one(document) for one in found)

    def _one(self, field: str | None) -> Matches:
        token = self._next()
        if token.kind == "word" and token.text == "NOT":
            return _opposite(self._one(field))
        if token.kind in ("word", "field") and token.text.startswith("-"):
            self._at -= 1
            self._tokens[self._at] = _Token(token.kind, token.text[1:], token.operator)
            if not token.text[1:]:
                raise InvalidQueryException("A hyphen must be followed by the term that it excludes")
            return _opposite(self._one(field))
        if token.text == "(" and token.kind == "mark":
            inner = self.either(field)
            if self._next().text != ")":
                raise InvalidQueryException("A bracket is not closed")
            return inner
        if token.kind == "field":
            if field is not None:
                raise InvalidQueryException(f"A field is within another: {token.text}")
            return self._of_field(_known(_plain(token.text)), token.operator)
        return self._leaf(field, token)

    def _of_field(self, field: str, operator: str) -> Matches:
        if operator == ":":
            return self._one(field)
        self.terms += 1
        return _tests(field, comparison(operator, _bare(self._next())))

    def _leaf(self, field: str | None, token: _Token) -> Matches:
        self.terms += 1
        if token.kind == "range":
            return _tests(field, Range.read(token.text))
        if token.kind == "word" and token.text in ("AND", "OR"):
            raise InvalidQueryException(f"{token.text} joins nothing")
        if token.kind not in ("word", "phrase"):
            raise InvalidQueryException(f"The query cannot be parsed at {token.text!r}")
        term = Term.read(token.text)
        if term.everything:
            return (lambda _: True) if field is None else _there(field)
        self.leading += term.leading_wildcard
        return _tests(field, term)

    def _next(self) -> _Token:
        token = self.token
        if token is None:
            raise InvalidQueryException("The query ends where a term is expected")
        self._at += 1
        return token

    def _is(self, word: str) -> bool:
        return self.token is not None and self.token.kind == "word" and self.token.text == word

    def _takes(self, word: str) -> bool:
        taken = self._is(word)
        self._at += taken
        return taken


def _opposite(matches: Matches) -> Matches:
    return lambda document: not matches(document)


def _tests(field: str | None, test: Test) -> Matches:
    return lambda document: any(test(value) for value in _values(document, field))


def _there(field: str) -> Matches:
    return lambda document: any(True for _ in _values(document, field))


def _values(document: JsonObject, field: str | None) -> Iterator[Scalar]:
    value: JsonValue = document
    for part in field.split(".") if field else ():
        value = value.get(part) if isinstance(value, dict) else None
    return _scalars(value)


def _scalars(value: JsonValue) -> Iterator[Scalar]:
    """Yield the texts, numbers and truth values in a value, also those in lists."""
    for _, leaf in leaves(value):
        if isinstance(leaf, list):
            for item in leaf:
                yield from _scalars(item)
        elif isinstance(leaf, Scalar):
            yield leaf


def _known(field: str) -> str:
    parts = field.split(".")
    if parts[0] not in _FIELDS:
        raise InvalidQueryException(f"There is no field {field!r}")
    if parts[0] == "shadow":
        inner = parts[3:] if parts[1:2] == ["name"] else parts[1:]
        if not inner or inner[0] not in _SHADOW_PARTS:
            raise InvalidQueryException(f"There is no field {field!r} of a shadow; versions cannot be searched for")
    return field


def _plain(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text)


def _bare(token: _Token) -> str:
    if token.kind not in ("word", "phrase"):
        raise InvalidQueryException(f"Nothing can be compared with {token.text!r}")
    return token.text
