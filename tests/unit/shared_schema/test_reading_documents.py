"""A fault names the file, the line and column, the path, what is wrong, and what would be right."""

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some
from pydantic import BaseModel

from shared_schema.config import Config
from shared_schema.diagnostics import Diagnostic, dotted
from shared_schema.documents import read_document, read_text_document
from shared_schema.errors import DocumentError
from shared_schema.model_manifest import ModelManifest

FaultsIn = Callable[[str, type[BaseModel]], list[Diagnostic]]

MISSPELT = """\
custom-components:
  digits:
    component-name: com.example.digits
    root: digits
    build:
      build_sistem: zip
"""


def test_a_misspelt_key_is_placed_and_the_right_one_proposed(faults_in: FaultsIn) -> None:
    (fault,) = faults_in(MISSPELT, Config)
    assert (fault.place.file, fault.place.line, fault.place.column) == ("document.yml", 6, 7)
    assert dotted(fault.place.path) == "custom-components.digits.build.build_sistem"
    assert "no key 'build_sistem'" in fault.problem
    assert fault.remedy == "did you mean 'build_system'?"


def test_a_fault_reads_as_an_editor_and_a_person_expect(faults_in: FaultsIn) -> None:
    (fault,) = faults_in(MISSPELT, Config)
    first, second = str(fault).splitlines()
    assert first == "document.yml:6:7: custom-components.digits.build.build_sistem: there is no key 'build_sistem' here"
    assert second.strip() == "did you mean 'build_system'?"
    assert fault.as_json()["path"] == "custom-components.digits.build.build_sistem"


@pytest.mark.parametrize(
    ("key", "meant"),
    [
        ("lifecycle", "Lifecycle"),
        ("component_name2", "component-name"),
        ("artifacts", "Artifacts"),
        ("Componentdependencies", "ComponentDependencies"),
    ],
)
def test_a_key_in_the_wrong_case_or_nearly_right_is_recognised(faults_in: FaultsIn, key: str, meant: str) -> None:
    (fault,) = faults_in(
        f"custom-components: {{a: {{component-name: a.b, root: r, {key}: x}}}}",
        Config,
    )
    assert fault.remedy == f"did you mean {meant!r}?"


def test_a_key_like_no_other_gets_the_list_of_what_there_is(faults_in: FaultsIn) -> None:
    (fault,) = faults_in("zzz: 1\ncustom-components: {a: {component-name: a, root: r}}", Config)
    assert fault.remedy.startswith("use one of: application, artifact-bucket, custom-components, publisher, region")


def test_every_fault_is_told_at_once_in_the_order_of_the_file(faults_in: FaultsIn) -> None:
    faults = faults_in(
        """\
        region: ireland
        custom-components:
          digits:
            component-name: "a name"
            build:
              build_system: tar
        """,
        Config,
    )
    assert [(fault.place.line, dotted(fault.place.path)) for fault in faults] == [
        (1, "region"),
        (3, "custom-components.digits.root"),
        (4, "custom-components.digits.component-name"),
        (6, "custom-components.digits.build.build_system"),
    ]


def test_a_missing_key_is_placed_at_its_parent(faults_in: FaultsIn) -> None:
    (fault,) = faults_in("custom-components:\n  digits:\n    root: x\n", Config)
    assert (fault.place.line, fault.place.column) == (2, 3)
    assert fault.problem == "the key 'component-name' is missing"
    assert fault.remedy == "add 'component-name' here"


def test_a_key_that_stands_twice_is_a_fault(faults_in: FaultsIn) -> None:
    (fault,) = faults_in(
        "custom-components:\n  digits:\n    component-name: a\n    root: x\n    root: y\n",
        Config,
    )
    assert (fault.place.line, dotted(fault.place.path)) == (5, "custom-components.digits.root")
    assert "is here twice" in fault.problem


@pytest.mark.parametrize(
    ("value", "remedy"),
    [
        ("[a]", "write text"),
        ("12", "put quotes around"),
        ("2026-11-24", "put quotes around"),
    ],
)
def test_a_value_of_the_wrong_type_says_what_to_write(faults_in: FaultsIn, value: str, remedy: str) -> None:
    (fault,) = faults_in(f"custom-components: {{a: {{component-name: a, root: {value}}}}}", Config)
    assert dotted(fault.place.path) == "custom-components.a.root"
    assert remedy in fault.remedy


def test_a_step_that_is_neither_text_nor_mapping_is_one_fault_and_not_one_for_each_branch(faults_in: FaultsIn) -> None:
    faults = faults_in(
        "custom-components: {a: {component-name: a, root: r, Lifecycle: {Run: [x]}}}",
        Config,
    )
    assert [dotted(fault.place.path) for fault in faults] == ["custom-components.a.Lifecycle.Run"]


def test_a_misspelt_key_in_a_step_is_one_fault_at_the_key(faults_in: FaultsIn) -> None:
    faults = faults_in(
        "custom-components: {a: {component-name: a, root: r, Lifecycle: {Run: {Script: x, RequirePrivilege: true}}}}",
        Config,
    )
    assert [fault.remedy for fault in faults] == ["did you mean 'RequiresPrivilege'?"]


SYNTAX = [
    # The seed's own text: its second snippet indents the command below build_system.
    (
        'build:\n  build_system: "custom"\n    custom_build_command:\n      - "bash"\n',
        (3, 5),
        "move 'custom_build_command' to the indentation of 'build_system' above it (column 3)",
    ),
    (
        "build:\n  build_system: custom\n    custom_build_command:\n      - bash\n",
        (3, 25),
        "move 'custom_build_command' to the indentation of 'build_system' above it (column 3)",
    ),
    ("a:\n\tb: 1\n", (2, 1), "indent with spaces"),
    ("a: b: c\n", (1, 5), "put quotes around the value: it has a ': ' of its own"),
    ("a:\n    b: 1\n   c: 2\n", (3, 4), "begin this line in the column of the keys"),
    ('a: "b\nc: 1\n', (3, 1), "close the quote"),
    ("a: *b\n", (1, 4), "put quotes around a value that begins with '*'"),
    ("a: @BUCKET\n", (1, 4), "put quotes around the value"),
    ("a: !!python/object:os.system {}\n", (1, 4), "take the tag"),
    ("a: 1\n---\nb: 2\n", (2, 1), "keep one document"),
    ('{"a": 1 "b": 2}', (1, 12), "put a comma"),
    ("a: {b: [1, 2}\n", (1, 13), "put a comma between two items, and close the bracket"),
]


@pytest.mark.parametrize(("text", "place", "remedy"), SYNTAX, ids=[remedy[:40] for _, _, remedy in SYNTAX])
def test_text_that_is_no_yaml_is_placed_and_the_remedy_names_the_line_to_change(
    faults_in: FaultsIn, text: str, place: tuple[int, int], remedy: str
) -> None:
    (fault,) = faults_in(text, Config)
    assert (fault.place.line, fault.place.column) == place
    assert fault.problem.startswith("is no valid YAML")
    assert remedy in fault.remedy


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "holds nothing"), ("# only a comment\n", "holds nothing"), ("- a\n", "a list"), ("just text\n", "text")],
)
def test_a_document_that_is_no_mapping_says_what_it_is(faults_in: FaultsIn, text: str, problem: str) -> None:
    (fault,) = faults_in(text, Config)
    assert fault.place.line == 0
    assert problem in fault.problem


def test_aliases_that_unfold_into_gigabytes_are_refused(faults_in: FaultsIn) -> None:
    bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 10)
    )
    (fault,) = faults_in(bomb, Config)
    assert "aliases" in fault.problem


def test_a_value_that_contains_itself_is_refused(faults_in: FaultsIn) -> None:
    (fault,) = faults_in("a: &a [*a]\n", Config)
    assert "contains itself" in fault.problem


def test_a_missing_file_an_unreadable_one_and_a_folder_are_faults_too(tmp_path: Path) -> None:
    not_text = tmp_path / "latin.yml"
    not_text.write_bytes(b"a: \xe9\n")
    for path, told in [
        (tmp_path / "absent.yml", "there is no such file"),
        (not_text, "is not UTF-8 text"),
        (tmp_path, "cannot be read"),
    ]:
        with pytest.raises(DocumentError) as caught:
            read_document(path, Config)
        assert caught.value.diagnostics[0].place.file == str(path)
        assert told in caught.value.diagnostics[0].problem


def test_json_is_read_by_the_same_way(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"custom-components": {"a": {"component-name": "a", "root": "r"}}}')
    assert read_document(path, Config).value.custom_components["a"].root == "r"


def test_a_check_beyond_one_value_can_place_its_fault_too() -> None:
    document = read_text_document(MISSPELT.replace("sistem", "system"), Config, file="document.yml")
    fault = document.diagnostic(("custom-components", "digits", "root"), "there is no such folder", "create it")
    assert (fault.place.line, fault.place.column, dotted(fault.place.path)) == (4, 5, "custom-components.digits.root")
    # What the text does not hold is placed at its nearest parent.
    assert document.diagnostic(("custom-components", "digits", "Artifacts", 0), "x", "y").place.line == 2


@given(some.text(alphabet=some.sampled_from("ab:-[]{}\"'\n\t #&*!|>%@,?1.~é\x00"), max_size=60))
def test_no_text_whatever_raises_anything_but_a_document_error(text: str) -> None:
    for model in (Config, ModelManifest):
        with pytest.raises(DocumentError) as caught:
            read_text_document(text, model, file="any.yml")
        for fault in caught.value.diagnostics:
            assert fault.problem
            assert fault.remedy
