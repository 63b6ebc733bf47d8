"""``model.yaml``: this repository's own, and each way in which one can be wrong."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel

from shared_schema.diagnostics import Diagnostic, dotted
from shared_schema.documents import read_document, read_text_document
from shared_schema.model_manifest import ModelManifest

FaultsIn = Callable[[str, type[BaseModel]], list[Diagnostic]]
COMPONENTS = Path(__file__).parents[3] / "model_components"
RIGHT: dict[str, Any] = {
    "file": "a.onnx",
    "task": "classification",
    "labels": ["cat", "dog"],
    "preprocessing": {"size": [32, 32]},
    "golden": {"samples": [{"input": "golden/1.png", "expect": {"label": "cat"}}]},
}


def manifest(**keys: Any) -> str:
    """Return a manifest that is right except for the given keys. A key with None is left out."""
    return yaml.safe_dump({key: value for key, value in {**RIGHT, **keys}.items() if value is not None})


@pytest.mark.parametrize("path", sorted(COMPONENTS.glob("*/model.yaml")), ids=lambda path: path.parent.name)
def test_the_repositorys_own_manifests_are_right_and_their_samples_are_there(path: Path) -> None:
    document = read_document(path, ModelManifest).value
    assert document.golden.samples
    for sample in document.golden.samples:
        assert (path.parent / sample.input).is_file()


def test_what_is_left_out_has_a_sensible_value() -> None:
    document = read_text_document(manifest(), ModelManifest, file="m.yaml").value
    assert document.runtime.providers == ["CPUExecutionProvider"]
    assert document.golden.agreement == 1.0
    assert document.vetting.timeout > 0


@pytest.mark.parametrize("outside", ["../secret.onnx", "/etc/passwd", "a/../../b.onnx", "", "a\\b.onnx"])
@pytest.mark.parametrize("place", ["file", "golden.samples[0].input"])
def test_no_path_leaves_the_components_folder(faults_in: FaultsIn, outside: str, place: str) -> None:
    text = (
        manifest(file=outside)
        if place == "file"
        else manifest(golden={"samples": [{"input": outside, "expect": {"label": "cat"}}]})
    )
    (fault,) = faults_in(text, ModelManifest)
    assert dotted(fault.place.path) == place
    assert "relative to model.yaml" in fault.remedy


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({"preprocessing": None}, "has no preprocessing"),
        ({"labels": None}, "has no labels"),
        ({"task": "detection"}, "names no decoder"),
        ({"task": "classify"}, "did you mean 'classification'?"),
        ({"golden": None}, "the key 'golden' is missing"),
        ({"golden": {"samples": []}}, "at least 1"),
        ({"golden": {"samples": [{"input": "a.png", "expect": {}}]}}, "expects nothing"),
        ({"golden": {"samples": [{"input": "a.png", "expect": {"label": "cow"}}]}}, "not in labels: ['cow']"),
        ({"golden": {"agreement": 0, "samples": RIGHT["golden"]["samples"]}}, "golden.agreement"),
        ({"preprocessing": {"size": [32]}}, "preprocessing.size"),
        ({"preprocessing": {"size": [32, 32], "mean": [0.5, 0.5]}}, "2 numbers for 3 channel(s)"),
        ({"preprocessing": {"size": [8, 8], "colour": "gray", "std": [1, 1, 1]}}, "3 numbers for 1 channel(s)"),
        ({"preprocessing": {"size": [32, 32], "std": [0, 1, 1]}}, "preprocessing.std[0]"),
        ({"preprocessing": {"size": [32, 32], "color": "rgb"}}, "did you mean 'colour'?"),
        ({"vetting": {"timeout": 901}}, "vetting.timeout"),
        ({"runtime": {"intra-op-threads": 0}}, "runtime.intra-op-threads"),
        ({"runtime": {"intra_op_threads": 1}}, "did you mean 'intra-op-threads'?"),
    ],
)
def test_a_manifest_that_could_not_be_vetted_by_is_a_fault(
    faults_in: FaultsIn, keys: dict[str, Any], told: str
) -> None:
    (fault,) = faults_in(manifest(**keys), ModelManifest)
    assert told in str(fault)


def test_labels_that_yaml_takes_for_numbers_say_to_quote_them(faults_in: FaultsIn) -> None:
    faults = faults_in(manifest(labels=[0, 1]), ModelManifest)
    assert faults[0].place.path == ("labels", 0)
    assert "put quotes around" in faults[0].remedy
