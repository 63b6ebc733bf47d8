"""One form for what is wrong, wherever it was found."""

from shared_schema.diagnostics import Diagnostic, Place, Severity, dotted, first_few, in_order

PLACE = Place("recipe.yaml", 3, 7, ("Manifests", 0))


def test_a_diagnostic_says_where_what_and_what_to_do() -> None:
    assert str(Diagnostic(PLACE, "is empty", "write one")) == "recipe.yaml:3:7: Manifests[0]: is empty\n    write one"
    coded = Diagnostic(PLACE, "is empty", "write one", "GG101", Severity.WARNING)
    assert str(coded) == "recipe.yaml:3:7: warning GG101: Manifests[0]: is empty\n    write one"
    assert str(Diagnostic(Place("recipe.yaml"), "is absent", "write one")).startswith("recipe.yaml: is absent\n")


def test_what_has_no_code_says_its_severity_unless_it_is_an_error() -> None:
    note = Diagnostic(PLACE, "is empty", severity=Severity.NOTE)
    assert str(note) == "recipe.yaml:3:7: note: Manifests[0]: is empty"
    assert (note.as_json()["code"], note.as_json()["remedy"]) == (None, None)


def test_diagnostics_are_in_the_order_of_the_lines_each_once() -> None:
    late, early = Diagnostic(Place("a", 10), "late"), Diagnostic(Place("a", 9), "early")
    assert in_order([late, early, late]) == [early, late]


def test_a_path_is_dotted_and_its_indices_are_in_brackets() -> None:
    assert dotted(("components", "a", "build", 0, "x")) == "components.a.build[0].x"
    assert dotted(()) == ""


def test_the_pipeline_gets_every_field() -> None:
    assert Diagnostic(PLACE, "is empty", "write one").as_json() == {
        "code": None,
        "severity": "error",
        "file": "recipe.yaml",
        "line": 3,
        "column": 7,
        "path": "Manifests[0]",
        "problem": "is empty",
        "remedy": "write one",
    }


def test_a_long_list_is_cut_and_says_by_how_much() -> None:
    assert first_few(["a", "b"], 2) == ["a", "b"]
    assert first_few(["a", "b", "c", "d"], 2) == ["a", "b", "and 2 more"]
    assert first_few(iter("abcd"), 3) == ["a", "b", "c", "and 1 more"]
    assert first_few([], 3) == []
