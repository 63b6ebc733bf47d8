"""Remedies for text that is no YAML, from the parser's mark and the lines around it.

The parser names the token that it failed at; a person wants to know which line to indent, quote or close.
"""

import re

_ITEM_MARKS = re.compile(r"^(\s*)((?:- +)*)")
_KEY = re.compile(r"""^(?P<key>"[^"]*"|'[^']*'|[^\s#"'{\[&*!|>%@`][^#]*?)\s*:(?=\s|$)\s*(?P<value>.*)$""")
_BY_PROBLEM = {
    "another document": "keep one document in the file: take the line '---' out",
    "undefined alias": "put quotes around a value that begins with '*': YAML takes it for an alias",
    "constructor for the tag": "take the tag that begins with '!' out: plain values are enough here",
    "unhashable key": "write the key as plain text",
    "unexpected end of stream": "close the quote or bracket that is open",
    "',' or '}'": "put a comma between two entries, and close the brace",
    "',' or ']'": "put a comma between two items, and close the bracket",
    "cannot start any token": "put quotes around the value: its first character means something else to YAML",
}
_OTHERWISE = "correct the syntax here; most often it is the indentation, or a missing quote"


def remedy_for_syntax(text: str, line: int, column: int, problem: str) -> str:
    """Return what would be right at the place (line and column from 1) where the YAML parser failed."""
    lines = text.splitlines()
    if not 0 < line <= len(lines):
        return _by_problem(problem)
    here = lines[line - 1]
    if "\t" in here[: len(here) - len(here.lstrip())]:
        return "indent with spaces: YAML takes no tab there"
    above = _line_above(lines, line)
    if above is not None and (moved := _too_deep(here, above)):
        return moved
    if "mapping values are not allowed" in problem and column > _indent(here) + 1:
        return "put quotes around the value: it has a ': ' of its own"
    if above is not None and (known := _between_two_levels(lines, line)):
        return known
    return _by_problem(problem)


def _too_deep(here: str, above: str) -> str | None:
    """Return the remedy for a line indented below a key that has a value already, as in the seed's `custom` example."""
    upper = _KEY.match(_content(above))
    value = upper["value"].split(" #")[0].strip() if upper else ""
    if not upper or not value or value[0] in "|>&{[#" or _indent(here) <= _indent(above):
        return None
    lower = _KEY.match(_content(here))
    name = lower["key"] if lower else here.strip()
    return (
        f"move {_bare(name)!r} to the indentation of {_bare(upper['key'])!r} above it (column {_indent(above) + 1}): "
        "that one has a value already, and can hold nothing below it"
    )


def _between_two_levels(lines: list[str], line: int) -> str | None:
    here = _indent(lines[line - 1])
    above = [each for each in lines[: line - 1] if _says_something(each)]
    levels = sorted({_indent(each) for each in above})
    if not _KEY.match(_content(lines[line - 1])) or here in levels or not levels or here > levels[-1]:
        return None
    near = " or ".join(str(level + 1) for level in levels if abs(level - here) <= 2) or str(levels[0] + 1)
    return f"begin this line in the column of the keys beside it: column {near}, and not {here + 1}"


def _line_above(lines: list[str], line: int) -> str | None:
    return next((each for each in reversed(lines[: line - 1]) if _says_something(each)), None)


def _says_something(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _indent(line: str) -> int:
    """Return the column, from 0, in which a line's key begins: after the dash of ``- key: value``."""
    found = _ITEM_MARKS.match(line)
    return found.end() if found else 0


def _content(line: str) -> str:
    return line[_indent(line) :].rstrip()


def _bare(key: str) -> str:
    return key.strip("\"'")


def _by_problem(problem: str) -> str:
    return next((remedy for part, remedy in _BY_PROBLEM.items() if part in problem), _OTHERWISE)
