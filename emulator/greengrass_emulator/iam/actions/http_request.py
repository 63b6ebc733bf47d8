"""A signed HTTP request, as WSGI hands it over: what it was signed for, and the parts that name its operation."""

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, parse_qs, urlsplit
from wsgiref.types import WSGIEnvironment

_SCOPE = re.compile(r"Credential=([^/,\s]+)/\d{8}/([a-z0-9-]+)/([a-z0-9.-]+)/aws4_request")


@dataclass(frozen=True, slots=True)
class Scope:
    """What a request was signed for (Signature Version 4)."""

    access_key_id: str
    region: str
    service: str


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
        """Return a query parameter's first value."""
        values = self.query.get(name)
        return values[0] if values else None


def target_of(environ: WSGIEnvironment) -> SplitResult:
    """Return a request's path and query, still percent-encoded."""
    return urlsplit(str(environ.get("REQUEST_URI") or environ["PATH_INFO"]))


def scope_of(environ: WSGIEnvironment) -> Scope | None:
    """Return the scope of a request's signature or presigned URL, or None without either."""
    signed = environ.get("HTTP_AUTHORIZATION")
    if not signed:
        # A presigned URL carries the same scope in its query.
        credential = parse_qs(target_of(environ).query).get("X-Amz-Credential", [""])[0]
        signed = f"Credential={credential}"
    found = _SCOPE.search(signed)
    return Scope(*found.groups()) if found else None


def body_of(environ: WSGIEnvironment) -> bytes:
    """Return the whole body. It stays readable for the next application."""
    body: bytes = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    environ["wsgi.input"] = io.BytesIO(body)
    return body


def request_of(environ: WSGIEnvironment, scope: Scope, account: str) -> HttpRequest:
    """Return the request of a scope and of its caller's account."""
    headers = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): value
        for name, value in environ.items()
        if name.startswith("HTTP_") and isinstance(value, str)
    }
    target = target_of(environ)
    return HttpRequest(
        service=scope.service,
        region=scope.region,
        account=account,
        method=environ["REQUEST_METHOD"],
        path=target.path,
        query=parse_qs(target.query, keep_blank_values=True),
        headers=headers,
        read_body=lambda: body_of(environ),
    )
