"""Patterns of policies: wildcards, and policy variables within them.

Source: IAM User Guide, "IAM policy elements: Variables and tags" and "Resource" (wildcards within ARN segments).
``*`` stands for any characters and ``?`` for one; a variable's value is literal, even ``*``.
"""

import re
from functools import lru_cache

from greengrass_emulator.iam.requests import ContextValues

_VARIABLE = re.compile(r"\$\{([^{}]*)\}")
_DEFAULTED = re.compile(r"([^,]+?)\s*(?:,\s*'([^']*)'\s*)?")
_LITERALS = {"*": "*", "?": "?", "$": "$"}

_Piece = tuple[str, bool]  # text, and whether wildcards in it count


def text_matches(pattern: str, value: str, context: ContextValues | None = None, *, any_case: bool = False) -> bool:
    """Return whether a value matches a pattern whose ``*`` matches anything, as in StringLike and in actions.

    With a context, variables are filled in; a variable without a single value there matches nothing.
    """
    pieces = _expand(pattern, context)
    if pieces is None:
        return False
    return _compiled(_regex(pieces, star=".*"), any_case).fullmatch(value) is not None


def text_equals(wanted: str, value: str, context: ContextValues, *, any_case: bool = False) -> bool:
    """Return whether a value equals a text, with variables filled in and wildcards literal, as in StringEquals."""
    pieces = _expand(wanted, context)
    if pieces is None:
        return False
    text = "".join(piece for piece, _ in pieces)
    return text.casefold() == value.casefold() if any_case else text == value


def resource_matches(pattern: str, arn: str, context: ContextValues) -> bool:
    """Return whether a Resource element's pattern matches an ARN, or the ``*`` of an action without resources.

    In the first five segments ``*`` does not match a colon, unless it is the last of its segment; in the resource it
    matches anything.
    """
    pieces = _expand(pattern, context)
    return pieces is not None and _compiled(_arn_regex(pieces), False).fullmatch(arn) is not None


def arn_matches(pattern: str, arn: str, context: ContextValues) -> bool:
    """ArnLike and ArnEquals: six segments, each matched by itself, so that no wildcard matches a colon."""
    pieces = _expand(pattern, context)
    if pieces is None:
        return False
    segments, given = _segments(pieces), arn.split(":", 5)
    if len(segments) != 6 or len(given) != 6:
        return False
    return all(
        _compiled(_regex(segment, star=".*"), False).fullmatch(value)
        for segment, value in zip(segments, given, strict=True)
    )


def _expand(pattern: str, context: ContextValues | None) -> list[_Piece] | None:
    if context is None:
        return [(pattern, True)]
    pieces: list[_Piece] = []
    end = 0
    for variable in _VARIABLE.finditer(pattern):
        pieces.append((pattern[end : variable.start()], True))
        end = variable.end()
        value = _value(variable[1], context)
        if value is None:
            return None
        pieces.append((value, False))
    pieces.append((pattern[end:], True))
    return pieces


def _value(named: str, context: ContextValues) -> str | None:
    if named in _LITERALS:
        return _LITERALS[named]
    match = _DEFAULTED.fullmatch(named.strip())
    if match is None:
        return None
    values = context.get(match[1].lower(), ())
    return values[0] if len(values) == 1 else match[2]


def _regex(pieces: list[_Piece], star: str) -> str:
    written = ""
    for text, has_wildcards in pieces:
        if not has_wildcards:
            written += re.escape(text)
            continue
        for character in text:
            written += {"*": star, "?": "."}.get(character) or re.escape(character)
    return written


def _arn_regex(pieces: list[_Piece]) -> str:
    # Colons are counted over all parts: a variable's value may have some, but it is inside one segment.
    written, colons = "", 0
    flat = [(character, wild) for text, wild in pieces for character in text]
    for index, (character, wild) in enumerate(flat):
        if wild and character == "*":
            last_of_segment = index + 1 == len(flat) or flat[index + 1][0] == ":"
            written += ".*" if colons >= 5 or last_of_segment else "[^:]*"
        elif wild and character == "?":
            written += "." if colons >= 5 else "[^:]"
        else:
            colons += character == ":"
            written += re.escape(character)
    return written


def _segments(pieces: list[_Piece]) -> list[list[_Piece]]:
    segments: list[list[_Piece]] = [[]]
    for text, wild in pieces:
        parts = text.split(":", 6 - len(segments)) if wild else [text]
        for index, part in enumerate(parts):
            if index:
                segments.append([])
            segments[-1].append((part, wild))
    return segments


@lru_cache(maxsize=4096)
def _compiled(pattern: str, any_case: bool) -> re.Pattern[str]:
    return re.compile(pattern, re.DOTALL | (re.IGNORECASE if any_case else 0))
