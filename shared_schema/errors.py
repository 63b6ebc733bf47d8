"""The errors of this package: one tree.

SchemaError                 (the base; never raised itself)
├── DocumentError           a document is invalid; carries every diagnostic
└── UndigestibleModelError  a model contains what it may not

They are ``ValueError``: pydantic reports one that a validator raises as a fault of the document.
"""

from collections.abc import Iterable

from shared_schema.diagnostics import Diagnostic, in_order


class SchemaError(ValueError):
    """``problem`` says what happened, and to what; ``remedy`` what to do about it."""

    def __init__(self, problem: str, remedy: str) -> None:
        self.problem = problem
        self.remedy = remedy
        super().__init__(f"{problem}; {remedy}")


class DocumentError(SchemaError):
    """A document is invalid. ``diagnostics`` has every fault that was found, in the file's order."""

    def __init__(self, diagnostics: Iterable[Diagnostic]) -> None:
        self.diagnostics = in_order(diagnostics)
        super().__init__("\n".join(str(each) for each in self.diagnostics), "correct the document")

    def __str__(self) -> str:
        # Each diagnostic has its own remedy.
        return self.problem


class UndigestibleModelError(SchemaError):
    """A model contains what it may not: a link, a device, a FIFO, a name outside its folder or a name twice."""
