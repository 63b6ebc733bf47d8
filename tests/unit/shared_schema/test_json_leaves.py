"""The leaves of a JSON value: what both nuclei take for one value of a configuration."""

from shared_schema.json_value import json_pointer, leaves, with_texts


def test_a_list_and_an_empty_object_are_one_leaf_each() -> None:
    document = {"a": {"b": [1, {"c": 2}], "d": {}}, "e": None}
    assert list(leaves(document)) == [(("a", "b"), [1, {"c": 2}]), (("a", "d"), {}), (("e",), None)]


def test_a_value_that_is_no_object_is_its_own_leaf() -> None:
    assert list(leaves("text")) == [((), "text")]
    assert list(leaves({})) == [((), {})]


def test_a_pointer_escapes_what_would_be_a_step() -> None:
    assert json_pointer(("a/b", "c~d")) == "/a~1b/c~0d"
    assert json_pointer(()) == ""


def test_every_text_of_a_value_is_changed_and_nothing_else() -> None:
    document = {"a": ["b", 1, {"c": "d"}], "e": None}
    assert with_texts(document, str.upper) == {"a": ["B", 1, {"c": "D"}], "e": None}
    assert with_texts("a", lambda text: [text, text]) == ["a", "a"]
