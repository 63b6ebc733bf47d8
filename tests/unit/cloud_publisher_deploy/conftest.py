"""Releases for the unit tests of what `deploy` decides."""

from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import pytest

from shared_schema.names import digest_text
from shared_schema.release import Release

AGENT = "com.example.agent"
DESIRED = f"{AGENT}.desired"
DIGITS = "com.example.digits"


@pytest.fixture
def make_release() -> Callable[..., Release]:
    """A release of an agent and models (version by key); ``agent`` None for one without."""

    def make(*, agent: str | None = "1.0.0", models: dict[str, str] | None = None, **more: Any) -> Release:
        models = {"digits": "1.0.0"} if models is None else models
        components = [
            component(key, f"com.example.{key}", version, "model", model=model(version))
            for key, version in models.items()
        ]
        if agent:
            components += [
                component("agent", AGENT, agent, "agent", forms=["2"]),
                component("desired", DESIRED, "1.0.0", "desired"),
            ]
        components += more.pop("applications", [])
        return Release.model_validate(
            {
                "schema": 1,
                "built": datetime(2026, 11, 24, tzinfo=UTC),
                "bucket": "artifacts",
                "region": "eu-west-1",
                "settings": {"health": {"interval": 30}} if agent else None,
                "components": components,
            }
            | more
        )

    return make


def component(key: str, name: str, version: str, kind: str, **more: Any) -> dict[str, Any]:
    return {
        "key": key,
        "name": name,
        "version": version,
        "kind": kind,
        "content-digest": "c" * 64,
        "reused": False,
        "recipe": "{}",
        **more,
    }


def model(version: str, seconds: float = 20.0) -> dict[str, Any]:
    return {"digest": digest_text(sha256(version.encode()).digest()), "vetting-timeout": seconds}
