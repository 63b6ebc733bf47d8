"""What the pages for people show is true: examples are read by the models, links and citations lead somewhere."""

import re
import textwrap
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
