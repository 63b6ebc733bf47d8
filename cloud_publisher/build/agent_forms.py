"""Which forms of the desired state an agent reads, found in the sources that go to the device.

The sources may be older than this publisher, and it never runs them: it reads the constants from their text.
"""

import ast
from collections.abc import Iterable, Iterator

from cloud_publisher.build.file_sets import SourceFile

_WHERE = "shared_schema/desired_state.py"
_NAME = "FORMS"


def forms_read_by(files: Iterable[SourceFile]) -> tuple[str, ...]:
    """Return ``FORMS`` of an agent's sources; empty if it cannot be found."""
    try:
        path = next(file.path for file in files if file.name == _WHERE)
        module = ast.parse(path.read_text(encoding="utf-8"))
    except (StopIteration, OSError, ValueError, SyntaxError):
        return ()
    texts: dict[str, str] = {}
    for name, value in _assignments(module):
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            texts[name] = value.value
        elif name == _NAME and isinstance(value, ast.Tuple):
            return tuple(form for each in value.elts if (form := _text(each, texts)) is not None)
    return ()


def _assignments(module: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for statement in module.body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name) and statement.value:
            yield statement.target.id, statement.value
        elif isinstance(statement, ast.Assign) and isinstance(statement.targets[0], ast.Name):
            yield statement.targets[0].id, statement.value


def _text(value: ast.expr, texts: dict[str, str]) -> str | None:
    if isinstance(value, ast.Name):
        return texts.get(value.id)
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else None
