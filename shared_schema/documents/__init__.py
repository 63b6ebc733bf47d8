"""Reading the documents that people write, so that a fault in one names its file, line, path and remedy."""

from shared_schema.documents.faults import DocumentError, Fault
from shared_schema.documents.reading import Document, read_document, read_text_document

__all__ = ["Document", "DocumentError", "Fault", "read_document", "read_text_document"]
