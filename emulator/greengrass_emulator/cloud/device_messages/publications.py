"""Messages from the cloud to devices: a topic and a JSON document."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Publish = Callable[[str, bytes], None]
"""Publishes a payload to a topic of one account's broker, without waiting."""


@dataclass(frozen=True, slots=True)
class Publication:
    """One message from the cloud to a device."""

    topic: str
    document: Mapping[str, Any]

    def payload(self) -> bytes:
        """The document as it goes over the wire."""
        return json.dumps(self.document).encode()
