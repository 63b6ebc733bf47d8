"""Two components on a device, and who speaks to it in their names."""

from datetime import UTC, datetime
from typing import Any

A, B = "com.example.a", "com.example.b"


def two(device: Any, configuration: dict[str, Any]) -> tuple[Any, Any]:
    """The IPC clients of both, which have the same configuration."""
    device.give(A, configuration=configuration)
    device.give(B, configuration=configuration)
    assert device.deploy(f"{A}=1.0.0", f"{B}=1.0.0").status == "SUCCEEDED"
    return device.speak_as(A), device.speak_as(B)


def now() -> datetime:
    """When an update of the configuration is said to have been made."""
    return datetime.now(UTC)
