"""Reads documents for these tests: from text to the model, or to its faults."""

import textwrap
from collections.abc import Callable

import pytest
from pydantic import BaseModel

from shared_schema.documents import DocumentError, Fault, read_text_document


@pytest.fixture
def faults_in() -> Callable[[str, type[BaseModel]], list[Fault]]:
    """Return the faults of a text as a document. The test fails if it has none."""

    def read(text: str, model: type[BaseModel]) -> list[Fault]:
        with pytest.raises(DocumentError) as caught:
            read_text_document(textwrap.dedent(text), model, file="document.yml")
        return caught.value.faults

    return read
