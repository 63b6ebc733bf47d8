"""Configuration keys without regard to case: to classic ``Aa`` and ``aA`` are one key, spelled as first written.

CaseInsensitiveString.java; Topics.java, ``children``. Pure. Lite's keys are compared by case.
"""

from collections.abc import Mapping
from typing import Any

_KeyPath = tuple[str, ...]


def as_it_stands(configuration: Any, path: _KeyPath) -> _KeyPath:
    """Return a path with each existing key spelled as in the configuration."""
    spelled: tuple[str, ...] = ()
    for key in path:
        spelled = (*spelled, _spelled(key, configuration))
        configuration = configuration.get(spelled[-1]) if isinstance(configuration, Mapping) else None
    return spelled


def respelled(value: Any, like: Any) -> Any:
    """Return a value with its keys as ``like`` spells them. Of keys that differ only in case, the last one counts."""
    if not isinstance(value, Mapping):
        return value
    result: dict[str, Any] = {}
    for key, part in value.items():
        spelled = _spelled(_spelled(key, like), result)
        below = respelled(part, like.get(spelled) if isinstance(like, Mapping) else None)
        earlier = result.get(spelled)
        if isinstance(earlier, Mapping) and isinstance(below, Mapping):
            below = {**earlier, **respelled(below, earlier)}
        result[spelled] = below
    return result


def _spelled(key: str, configuration: Any) -> str:
    if not isinstance(configuration, Mapping) or key in configuration:
        return key
    return next((each for each in configuration if each.lower() == key.lower()), key)
