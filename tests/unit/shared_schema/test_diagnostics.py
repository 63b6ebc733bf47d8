"""One form for what is wrong, wherever it was found."""

from shared_schema.diagnostics import Diagnostic, Place, Severity, first_few

PLACE = Place("recipe.yaml", 3, 7, "Manifests[0]")


def test_a_diagnostic_says_where_what_and_what_to_do() -> None:
    assert str(Diagnostic(PLACE, "is empty", "write one")) == "recipe.yaml:3:7: Manifests[0]: is empty\n    write one"
    coded = Diagnostic(PLACE, "is empty", "write one", "GG101", Severity.WARNING)
    assert str(coded) == "recipe.yaml:3:7: warning GG101: Manifests[0]: is empty\n    write one"
    assert str(Diagnostic(Place("recipe.yaml"), "is absent", "write one")).startswith("recipe.yaml: is absent\n")


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
