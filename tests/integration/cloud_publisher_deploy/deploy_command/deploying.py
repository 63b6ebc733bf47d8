"""How the tests deploy, and what they look for in a deployment."""

from typing import Any

WAIT = ("deploy", "--wait", "--timeout", "60", "--interval", "0.3")


def desired(deployed: dict[str, Any], component: str) -> dict[str, Any]:
    update = deployed["components"][component]["configurationUpdate"]
    assert update["reset"] == ["/desired"]
    document: dict[str, Any] = update["merge"]["desired"]
    return document
