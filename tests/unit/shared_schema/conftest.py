"""How these tests read a document: text in, the model or its faults out."""

import textwrap
from collections.abc import Callable

import pytest
from pydantic import BaseModel

from shared_schema.diagnostics import Diagnostic
from shared_schema.documents import read_text_document
from shared_schema.errors import DocumentError


@pytest.fixture
def faults_in() -> Callable[[str, type[BaseModel]], list[Diagnostic]]:
    """The faults that a text has as a document; the test fails when it has none."""

    def read(text: str, model: type[BaseModel]) -> list[Diagnostic]:
        with pytest.raises(DocumentError) as caught:
            read_text_document(textwrap.dedent(text), model, file="document.yml")
        return caught.value.diagnostics

    return read
