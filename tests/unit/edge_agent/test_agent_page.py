"""What docs/agent.md shows works: its manifests, its settings, its config, and its decoder."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge_agent.standalone.config_file import StandaloneConfig
from edge_agent.tasks.decoders import Candidates, Decoder
from shared_schema.documents.reading import read_text_document
from shared_schema.model_manifest import ModelManifest
from shared_schema.settings import AgentSettings

PAGE = (Path(__file__).parents[3] / "docs" / "agent.md").read_text("utf-8")
BLOCKS = re.findall(r"```(yaml|python)\n(.*?)```", PAGE, re.DOTALL)
MANIFESTS = [text for kind, text in BLOCKS if kind == "yaml" and "\ntask: " in text]
CONFIGS = [text for kind, text in BLOCKS if kind == "yaml" and "\ntask: " not in text]


@pytest.mark.parametrize("text", MANIFESTS, ids=lambda text: text.splitlines()[0])
def test_its_manifests_are_manifests(text: str) -> None:
    assert read_text_document(text, ModelManifest, file="model.yaml").value.golden.samples


def test_it_has_a_classifier_a_detector_and_a_table() -> None:
    tasks = {read_text_document(text, ModelManifest, file="model.yaml").value.task for text in MANIFESTS}
    assert tasks == {"classification", "detection", "tabular"}


@pytest.mark.parametrize("text", CONFIGS, ids=lambda text: text.splitlines()[0])
def test_its_settings_are_settings_also_as_text(text: str) -> None:
    settings = read_text_document(text, StandaloneConfig, file="line.yaml").value.settings
    assert settings.sinks
    assert AgentSettings.model_validate(settings.as_text()) == settings


def test_its_decoder_decodes() -> None:
    (program,) = (text for kind, text in BLOCKS if kind == "python")
    names: dict[str, Any] = {"np": np, "Candidates": Candidates, "Decoder": Decoder}
    exec(program, names)  # noqa: S102  the page's own text
    found = names["DECODERS"]["centres"].decode(np.array([[[50, 40, 20, 0.9, 1]]], np.float32), 2)
    assert found.boxes.tolist() == [[40, 30, 60, 50]]
    assert found.classes.tolist() == [1]
