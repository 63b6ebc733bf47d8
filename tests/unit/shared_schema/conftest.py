"""How these tests read a document: text in, the model or its faults out."""

import textwrap
from collections.abc import Callable

import pytest
from pydantic import BaseModel

from shared_schema.documents import DocumentError, Fault, read_text_document


@pytest.fixture
def faults_in() -> Callable[[str, type[BaseModel]], list[Fault]]:
    """The faults that a text has as a document; the test fails when it has none."""

    def read(text: str, model: type[BaseModel]) -> list[Fault]:
        with pytest.raises(DocumentError) as caught:
            read_text_document(textwrap.dedent(text), model, file="document.yml")
        return caught.value.faults

    return read
