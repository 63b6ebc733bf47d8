"""Checks the folders and files that components are built from."""

import difflib
from collections.abc import Iterator
from pathlib import Path

from cloud_publisher.validation.python_builds import check_python_build
from cloud_publisher.validation.sources import Sources
from shared_schema.config import Component
from shared_schema.diagnostics import Diagnostic


def check_roots(sources: Sources) -> Iterator[Diagnostic]:
    """Yield the faults: a missing root, files that a ``python`` build names and that are missing, invalid globs."""
    for key, component in sources.components.items():
        root = sources.root(component)
        path = (key, "root")
        if not root.exists():
            yield sources.diagnostic(
                path, f"there is no folder {component.root!r}", _near(sources.folder, component.root)
            )
        elif not root.is_dir():
            yield sources.diagnostic(path, f"{component.root!r} is a file", "name the folder that holds the component")
        elif component.build.build_system == "python":
            yield from check_python_build(sources, key, component, root)
        yield from _globs(sources, key, component)


def _near(folder: Path, wanted: str) -> str:
    """Return the folder that was probably meant, among those at the same place in the repository."""
    parent = (folder / wanted).parent
    if not parent.is_dir():
        return "create it, or name the right one"
    names = sorted(path.name for path in parent.iterdir() if path.is_dir() and not path.name.startswith("."))
    close = difflib.get_close_matches(Path(wanted).name, names, n=1, cutoff=0.5)
    return (
        f"did you mean {(Path(wanted).parent / close[0]).as_posix()!r}?"
        if close
        else "create it, or name the right one"
    )


def _globs(sources: Sources, key: str, component: Component) -> Iterator[Diagnostic]:
    if not component.build.exclude:
        return
    from pathspec import GitIgnoreSpec  # noqa: PLC0415 - most configs have no globs

    for index, glob in enumerate(component.build.exclude):
        try:
            GitIgnoreSpec.from_lines([glob])
        except ValueError as error:
            yield sources.diagnostic(
                (key, "build", "exclude", index), f"{glob!r} is no glob: {error}", "write it as in a .gitignore"
            )
