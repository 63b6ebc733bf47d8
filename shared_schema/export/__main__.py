"""``python -m shared_schema.export [--check] [--into FOLDER]``: writes or checks the derived files."""

import argparse
import sys
from pathlib import Path

from shared_schema.diagnostics import ExitCode
from shared_schema.export.pages import reference_pages
from shared_schema.export.schemas import schema_texts

REPOSITORY = Path(__file__).parents[2]


def derived_files() -> dict[str, str]:
    """Return every derived file's text, by its path in the repository."""
    return {
        **{f"shared_schema/json_schemas/{name}.json": text for name, text in schema_texts().items()},
        **{f"docs/{name}.md": text for name, text in reference_pages().items()},
    }


def main(arguments: list[str] | None = None) -> ExitCode:
    """Return the exit code: FAILED if ``--check`` finds a file that is not current."""
    parser = argparse.ArgumentParser(
        prog="python -m shared_schema.export", description="Write the JSON Schemas and reference pages."
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a file is not current")
    parser.add_argument("--into", type=Path, default=REPOSITORY, help="the repository (default: this one)")
    given = parser.parse_args(arguments)
    old = [name for name, text in derived_files().items() if _text_of(given.into / name) != text]
    if given.check:
        for name in old:
            sys.stderr.write(f"{name} is not current: run `make schemas`, and commit what it writes\n")
        return ExitCode.FAILED if old else ExitCode.DONE
    for name, text in derived_files().items():
        target = given.into / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    sys.stdout.write("".join(f"wrote {name}\n" for name in old) or "all current\n")
    return ExitCode.DONE


def _text_of(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


if __name__ == "__main__":
    sys.exit(main())
