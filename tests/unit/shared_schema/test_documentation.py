"""What the pages for people show is true: examples are read by the models, links and citations lead somewhere."""

import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared_schema.config import Config
from shared_schema.documents import read_text_document

REPOSITORY = Path(__file__).parents[3]
_PAGES = ("*.md", "docs/*.md", "*/README.md", "emulator/greengrass_emulator/*/README.md", "model_components/*/*.md")
PAGES = sorted({page for pattern in _PAGES for page in REPOSITORY.glob(pattern)})
_CODE = (
    *("cloud_publisher", "edge_agent", "shared_schema", "infra_policies", "rehearsal", "emulator"),
    *("benchmarks", "examples", "model_components", "tests"),
)
"""The folders of the repository with Python files of ours."""
_BY_HEADING = ("architecture.md", "greengrass-facts.md", "onnxruntime-facts.md")
"""The long pages of docs/, of which a citation names the heading."""
_CITATION = re.compile(r'\bdocs/([\w-]+\.md)((?:,? \(?"[^"]+")*)')
"""As in: docs/architecture.md, "Outcomes", "Exit codes"."""
_NAMED_FILE = re.compile(rf"`((?:docs|{'|'.join(_CODE)})/[\w./-]*[\w/])`")
_YAML = re.compile(r"^( *)```yaml\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def shown(page: Path) -> str:
    return str(page.relative_to(REPOSITORY))


def anchor_of(heading: str) -> str:
    """Return the anchor that a forge gives a heading: no punctuation, and a hyphen for each space."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("page", PAGES, ids=shown)
def test_links_lead_to_files_and_headings_that_are_there(page: Path) -> None:
    for link in _LINK.findall(page.read_text()):
        if link.startswith("https://"):
            continue
        file, _, heading = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), f"{shown(page)} links to {link}"
        if heading:
            headings = re.findall(r"^#+ (.+)$", target.read_text(), re.MULTILINE)
            assert heading in {anchor_of(each) for each in headings}, f"{shown(page)} links to {link}"


def test_the_examples_of_a_config_are_right() -> None:
    examples = [
        (page, textwrap.dedent(text))
        for page in PAGES
        for _, text in _YAML.findall(page.read_text())
        if "custom-components" in text
    ]
    assert examples
    for page, text in examples:
        read_text_document(text, Config, file=shown(page))


@pytest.mark.parametrize("page", [page for page in PAGES if page.name != "CHANGELOG.md"], ids=shown)
def test_a_file_that_a_page_names_is_there(page: Path) -> None:
    for name in _NAMED_FILE.findall(page.read_text()):
        assert (REPOSITORY / name).exists(), f"{shown(page)} names {name}"


def python_files() -> Iterator[tuple[str, str]]:
    """Yield the name and text of each Python file of ours but this one."""
    for folder in _CODE:
        for file in sorted((REPOSITORY / folder).rglob("*.py")):
            if file != Path(__file__):
                yield shown(file), file.read_text()


def cited_in(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each page of docs/ that Python text cites, with the cited headings. Comments may break a citation."""
    for name, headings in _CITATION.findall(re.sub(r"\s*\n\s*(?:#\s)?\s*", " ", text)):
        yield name, re.findall(r'"([^"]+)"', headings)


def test_a_page_that_code_cites_is_there_with_its_heading() -> None:
    pages = {page.name: re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE) for page in PAGES}
    cited = [(file, *citation) for file, text in python_files() for citation in cited_in(text)]
    assert len(cited) > 50
    for file, name, headings in cited:
        assert (REPOSITORY / "docs" / name).exists(), f"{file} cites docs/{name}"
        assert set(headings) <= set(pages[name]), f"{file} cites {headings} of docs/{name}"
        assert headings or name not in _BY_HEADING, f"{file} cites docs/{name} without a heading"


def test_code_cites_the_pages_of_the_repository() -> None:
    elsewhere = re.compile(rf"(?<!docs/)\b(?:{'|'.join(map(re.escape, _BY_HEADING))})")
    assert [file for file, text in python_files() if elsewhere.search(text)] == []


@pytest.mark.parametrize(
    ("text", "cited"),
    [
        ('"""Waits (docs/operations.md)."""', [("operations.md", [])]),
        (
            '# As in docs/greengrass-facts.md,\n    # "IPC on lite", "IPC".',
            [("greengrass-facts.md", ["IPC on lite", "IPC"])],
        ),
        (
            '"""From docs/architecture.md, "Digests and\n    versions"."""',
            [("architecture.md", ["Digests and versions"])],
        ),
    ],
)
def test_a_citation_is_read_across_lines(text: str, cited: list[tuple[str, list[str]]]) -> None:
    assert list(cited_in(text)) == cited
