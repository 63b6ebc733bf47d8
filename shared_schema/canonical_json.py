"""The one way to write a JSON document as bytes before it is digested or sealed.

Not for people to read: sorted keys, no spaces, UTF-8 unescaped.
"""

import hashlib
import json
from typing import Any


def canonical_json(document: Any) -> bytes:
    """Return the document's canonical bytes. Raises ``ValueError`` for NaN and infinities, which JSON lacks."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def sha256_of_document(document: Any) -> str:
    """Return the SHA-256 of the canonical bytes: 64 hexadecimal digits in lower case."""
    return hashlib.sha256(canonical_json(document)).hexdigest()
