"""The named shadow ``mlops`` as a value: what an agent says of itself. Where it was read is the caller's affair."""

import logging
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from shared_schema.shadow import ShadowReport
from shared_schema.topics import SHADOW

log = logging.getLogger(__name__)


def read_report(thing: str, document: Any) -> ShadowReport | None:
    """What a shadow's document (or its ``state``) says under ``reported``; None for one not of our making."""
    try:
        reported = document.get("reported") if isinstance(document, Mapping) else None
        return ShadowReport.model_validate(reported)
    except ValidationError as error:
        log.warning("shadow not understood", extra={"thing": thing, "shadow": SHADOW, "error": str(error)})
        return None
