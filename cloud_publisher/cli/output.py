"""A command's output: one JSON document on stdout for the pipeline, or text (on a terminal with progress) for people.

With ``--json`` stdout holds the document alone; everything else goes to stderr.
"""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from rich.console import Console

    from shared_schema.json_value import JsonObject

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document, for the pipeline.")]


class Output:
    """Writes a command's output. ``as_json``: the command got ``--json``."""

    def __init__(self, *, as_json: bool) -> None:
        self.as_json = as_json

    def say(self, text: str) -> None:
        """Show a line for people, during the work."""
        typer.echo(text, err=self.as_json)

    def warn(self, text: str) -> None:
        """Show a line that a person should not miss; never on stdout."""
        typer.echo(text, err=True)

    def show(self, document: "JsonObject", text: str) -> None:
        """Show a command's result: the document for the pipeline, or the text for people."""
        if self.as_json:
            typer.echo(json.dumps(document, indent=2, ensure_ascii=False))
        elif text:
            typer.echo(text)

    def table(self, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        """Show a table for people; nothing with ``--json``, whose document has the same."""
        if self.as_json or not rows:
            return
        from rich.table import Table

        table = Table(*columns, box=None, pad_edge=False, header_style="bold")
        for row in rows:
            table.add_row(*row)
        self._console().print(table)

    @contextmanager
    def waiting(self, what: str) -> Iterator["Waiting"]:
        """Show what is going on: on a terminal a spinner with the last text, else a line for each change."""
        console = self._console(err=True)
        if not console.is_terminal:
            self.say(what)
            yield Waiting(self.say)
            return
        with console.status(what, spinner="dots") as status:
            yield Waiting(lambda text: status.update(f"{what}: {text}"))

    @contextmanager
    def bar(self, what: str, size: int) -> Iterator[Callable[[int], None]]:
        """On a terminal, show a bar of ``size`` bytes, which is removed at its end. In a log, show nothing."""
        console = self._console(err=True)
        if not console.is_terminal:
            yield lambda _moved: None
            return
        from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, console=console, transient=True) as progress:
            task = progress.add_task(what, total=size)
            yield lambda moved: progress.advance(task, moved)

    def _console(self, *, err: bool = False) -> "Console":
        from rich.console import Console

        stderr = err or self.as_json
        # A log has no width of its own; 80 columns would break ARNs.
        width = None if (sys.stderr if stderr else sys.stdout).isatty() else 160
        return Console(stderr=stderr, width=width, highlight=False, markup=False)


class Waiting:
    """Shows what is being waited for; the same text is shown once."""

    def __init__(self, show: Callable[[str], None]) -> None:
        self._show = show
        self._shown = ""

    def now(self, text: str) -> None:
        """Show what is being waited for now."""
        if text != self._shown:
            self._shown = text
            self._show(text)
