"""Parses the named shadow ``mlops``: what an agent reports of itself. The caller has read it."""

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from shared_schema.shadow import ShadowReport
from shared_schema.topics import SHADOW

log = logging.getLogger(__name__)


def read_report(thing: str, document: Any) -> ShadowReport | None:
    """Return what a shadow's document (or its ``state``) reports; None if no agent of ours wrote it."""
    try:
        reported = document.get("reported") if isinstance(document, Mapping) else None
        return ShadowReport.model_validate(reported)
    except ValidationError as error:
        log.warning("shadow not understood", extra={"thing": thing, "shadow": SHADOW, "error": str(error)})
        return None
