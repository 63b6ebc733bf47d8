"""The parts of a signed HTTP request that name its operation."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class HttpRequest:
    """A request as received. ``path`` is still percent-encoded; header names are in lower case.

    ``service`` and ``region`` are the credential scope's, ``account`` is the caller's. ``read_body`` reads the whole
    body and may be called more than once; it is called only for services that put parameters into the body.
    """

    service: str
    region: str
    account: str
    method: str
    path: str
    query: Mapping[str, list[str]] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    read_body: Callable[[], bytes] = bytes

    def query_value(self, name: str) -> str | None:
        """A query parameter's first value."""
        values = self.query.get(name)
        return values[0] if values else None
