"""Splits a shadow report or a health into messages, none of them too large. Pure.

The shadow's document has a bound of its own, over all its updates. To keep it, the words for people are cut, each to an
equal share of the space that is left. Each part of a health has some of the models, and everything else.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from shared_schema.json_value import JsonObject, JsonValue
from shared_schema.messages import MAXIMUM_BYTES, Health
from shared_schema.shadow import MAXIMUM_SHADOW_BYTES, ShadowReport

_CUT: Final = "…"


def shadow_updates(report: ShadowReport, gone: Sequence[str]) -> list[bytes]:
    """Return the payloads of the updates that write a report, in order. ``gone``: the models to be written as null.

    Each update has at most ``MAXIMUM_BYTES``. The document that they merge to has at most ``MAXIMUM_SHADOW_BYTES``,
    unless it is larger even without any words.
    """
    report = _with_fitting_words(report, gone)
    bare = len(_update(report, {}))
    return [_update(report, part) for part in _parts(_reported_models(report, gone), MAXIMUM_BYTES - bare)]


def health_parts(health: Health) -> list[bytes]:
    """Return the payloads that carry one health, in order, each of at most ``MAXIMUM_BYTES``."""
    models: JsonObject = {name: each.model_dump(mode="json", by_alias=True) for name, each in health.models.items()}
    # Reckon with two-digit part numbers, so that filling them in cannot make a part too large.
    bare = len(health.model_copy(update={"models": {}, "part": 99, "parts": 99}).encoded())
    parts = [list(part) for part in _parts(models, MAXIMUM_BYTES - bare)]
    return [
        health.model_copy(
            update={"models": {name: health.models[name] for name in names}, "part": index + 1, "parts": len(parts)}
        ).encoded()
        for index, names in enumerate(parts)
    ]


def _parts(models: JsonObject, room: int) -> Iterator[JsonObject]:
    """Yield the models in as few parts as possible, each of at most ``room`` bytes of JSON; at least one part."""
    part: JsonObject = {}
    used = 0
    for name, model in models.items():
        size = len(_json({name: model})) - 1  # its braces are the part's own, and a comma takes the place of one
        if part and used + size > room:
            yield part
            part, used = {}, 0
        part[name] = model
        used += size
    yield part


def _with_fitting_words(report: ShadowReport, gone: Sequence[str]) -> ShadowReport:
    """Return the report with its texts cut to equal shares of the bytes that the document has left."""
    models = report.models
    texts = {name: each.said.words for name, each in models.items() if each.said is not None and each.said.words}
    silent = report.model_copy(
        update={
            "why": None,
            "models": {
                name: each.model_copy(update={"said": replace(each.said, words=None) if each.said else None})
                for name, each in models.items()
            },
        }
    )
    # A text takes a colon before it, or the quotes in place of null.
    left = MAXIMUM_SHADOW_BYTES - len(_json(_reported(silent, _reported_models(silent, gone)))) - 2 * (len(texts) + 1)
    lengths = sorted([*(_length(text) for text in texts.values()), *([_length(report.why)] if report.why else [])])
    share = 0
    for index, length in enumerate(lengths):
        share = max(0, left // (len(lengths) - index))
        left -= min(length, share)
    return report.model_copy(
        update={
            "why": _cut(report.why, share),
            "models": {
                name: each.model_copy(update={"said": replace(each.said, words=_cut(each.said.words, share))})
                if each.said is not None
                else each
                for name, each in models.items()
            },
        }
    )


def _cut(words: str | None, room: int) -> str | None:
    """Return the words cut to ``room`` bytes of JSON, with a mark; ``None`` if nothing useful would be left."""
    if words is None or _length(words) <= room:
        return words
    short, used = [], _length(_CUT)
    for character in words:
        used += _length(character)
        if used > room:
            break
        short.append(character)
    return f"{''.join(short)}{_CUT}" if len(short) > 1 else None


def _length(text: str) -> int:
    """Return the bytes of a text within JSON, where an escaped character has up to six."""
    return len(_json(text)) - 2


def _reported_models(report: ShadowReport, gone: Sequence[str]) -> JsonObject:
    """Return what the report says of each model by its name: ``None`` for one that is gone."""
    models: JsonObject = {name: each.model_dump(mode="json", by_alias=True) for name, each in report.models.items()}
    return {**models, **dict.fromkeys(gone)}


def _reported(report: ShadowReport, models: JsonObject) -> JsonObject:
    return {**report.model_dump(mode="json", by_alias=True, exclude={"models"}), "models": models}


def _update(report: ShadowReport, models: JsonObject) -> bytes:
    return _json({"state": {"reported": _reported(report, models)}})


def _json(value: JsonValue) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
