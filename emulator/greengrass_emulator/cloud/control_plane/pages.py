"""Pages of a listing: ``maxResults`` (at most 100) and ``nextToken``."""

import base64
import binascii
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from greengrass_emulator.cloud.api_errors import ValidationException

DEFAULT_SIZE = 50
Item = TypeVar("Item")


def page(items: Sequence[Item], request: Mapping[str, Any]) -> tuple[Sequence[Item], str | None]:
    """One page of the items and the token of the next. Raises ``ValidationException`` for any other token."""
    size = int(request.get("maxResults") or DEFAULT_SIZE)
    start = _start(request.get("nextToken"))
    end = start + size
    token = base64.urlsafe_b64encode(f"from:{end}".encode()).decode() if end < len(items) else None
    return items[start:end], token


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(token).decode().partition(":")
        if word == "from":
            return int(number)
    except (binascii.Error, ValueError):
        pass
    raise ValidationException("nextToken is not a token that this listing gave")
