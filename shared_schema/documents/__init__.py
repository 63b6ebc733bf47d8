"""Reads the documents that people write; a fault in one names its file, line, path and remedy."""

from shared_schema.documents.reading import Document, read_document, read_text_document

__all__ = ["Document", "read_document", "read_text_document"]
