"""The three versions of the digits model, from training to answers: what the rehearsal's story stands on."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import onnx
import onnxruntime
import pytest

from shared_schema.documents import read_document
from shared_schema.model_manifest import ModelManifest

pytestmark = pytest.mark.models

COMPONENT = Path(__file__).parents[3] / "model_components" / "digits"
KINDS = ("linear", "mlp", "shuffled")


def run(script: str, *words: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", script, *words],
        cwd=COMPONENT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@dataclass(frozen=True, slots=True)
class Version:
    kind: str
    package: Path
    graph: Path

    @property
    def accuracy(self) -> float:
        metrics = json.loads((self.package / "metrics.json").read_text())
        return float(metrics["accuracy"])

    def scores(self, pictures: Any) -> Any:
        """Probabilities [N, 10] of gray pictures uint8 [N, 8, 8], scaled as the manifest says."""
        session = onnxruntime.InferenceSession(str(self.graph), providers=["CPUExecutionProvider"])
        scaled = pictures[:, None].astype(np.float32) * np.float32(manifest().preprocessing.scale)
        return session.run(None, {"image": scaled})[0]


def manifest() -> Any:
    return read_document(COMPONENT / "model.yaml", ModelManifest).value


def picture(path: Path) -> Any:
    return cv2.imread(str(path), cv2.IMREAD_UNCHANGED)


@pytest.fixture(scope="module")
def versions(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Version]:
    made = {}
    for kind in KINDS:
        folder = tmp_path_factory.mktemp(kind)
        package, output = folder / "package", folder / "output"
        output.mkdir()
        trained = run("train.py", "--kind", kind, "--out", str(package))
        assert trained.returncode == 0, trained.stderr
        converted = run("convert.py", environment={"MODEL_DIR": str(package), "OUTPUT_DIR": str(output)})
        assert converted.returncode == 0, converted.stderr
        made[kind] = Version(kind, package, output / "digits.onnx")
    return made


@pytest.fixture(scope="module")
def scans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans")
    written = run("scans.py", "--out", str(folder))
    assert written.returncode == 0, written.stderr
    return folder


def golden_share(version: Version) -> float:
    """The share of golden samples that a version reads rightly, and surely enough."""
    document = manifest()
    agreed = []
    for sample in document.golden.samples:
        scores = version.scores(picture(COMPONENT / sample.input)[None])[0]
        label = document.labels[int(scores.argmax())]
        agreed.append(label == sample.expect.label and scores.max() >= sample.expect.min_score)
    return float(np.mean(agreed))


def test_the_better_model_reads_more_of_the_held_out_scans(versions: dict[str, Version]) -> None:
    assert versions["mlp"].accuracy >= versions["linear"].accuracy + 0.02
    assert versions["linear"].accuracy > 0.9
    assert versions["shuffled"].accuracy < 0.3


@pytest.mark.parametrize("kind", ["linear", "mlp"])
def test_a_good_model_reads_every_golden_sample(versions: dict[str, Version], kind: str) -> None:
    assert golden_share(versions[kind]) == 1.0


def test_the_bad_model_fails_nearly_every_golden_sample(versions: dict[str, Version]) -> None:
    assert golden_share(versions["shuffled"]) < 0.2


@pytest.mark.parametrize(("kind", "exit_code"), [("linear", 0), ("mlp", 0), ("shuffled", 5)])
def test_the_agents_own_check_of_the_component_agrees(
    versions: dict[str, Version], tmp_path: Path, kind: str, exit_code: int
) -> None:
    folder = tmp_path / "digits"
    shutil.copytree(COMPONENT / "golden", folder / "golden")
    shutil.copy(COMPONENT / "model.yaml", folder)
    shutil.copy(versions[kind].graph, folder)
    checked = subprocess.run(
        [sys.executable, "-m", "edge_agent", "check", str(folder)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert checked.returncode == exit_code, checked.stdout + checked.stderr


def test_registry_and_graph_check_cannot_tell_the_bad_model_from_a_good_one(versions: dict[str, Version]) -> None:
    bad, good = (onnx.load(versions[kind].graph) for kind in ("shuffled", "linear"))
    onnx.checker.check_model(bad, full_check=True)
    assert [node.op_type for node in bad.graph.node] == [node.op_type for node in good.graph.node]
    assert bad.graph.input == good.graph.input
    assert bad.graph.output == good.graph.output
    names = sorted(path.name for path in versions["linear"].package.iterdir())
    assert sorted(path.name for path in versions["shuffled"].package.iterdir()) == names


@pytest.mark.parametrize("kind", KINDS)
def test_the_graph_takes_pictures_and_gives_probabilities_alone(versions: dict[str, Version], kind: str) -> None:
    session = onnxruntime.InferenceSession(str(versions[kind].graph), providers=["CPUExecutionProvider"])
    (taken,) = session.get_inputs()
    (given,) = session.get_outputs()
    assert (taken.name, taken.shape, taken.type) == ("image", ["N", 1, 8, 8], "tensor(float)")
    assert (given.name, given.shape, given.type) == ("probabilities", ["N", 10], "tensor(float)")
    scores = versions[kind].scores(np.zeros((3, 8, 8), np.uint8))
    assert scores.sum(axis=1) == pytest.approx(np.ones(3), abs=1e-5)


def test_the_pictures_carry_the_scans_without_a_loss(scans: Path, versions: dict[str, Version]) -> None:
    truth = json.loads((scans / "truth.json").read_text())
    assert len(truth) == 450
    assert all(name.removesuffix(".png").split("-")[1] == digit for name, digit in truth.items())
    pictures = np.stack([picture(scans / name) for name in truth])
    assert pictures.shape == (450, 8, 8)
    levels = np.unique(np.round(pictures.astype(float) * 16 / 255))
    assert levels.tolist() == list(range(17))
    assert len(np.unique(pictures)) == 17
    # What a device reads from the pictures is what training measured on the numbers.
    read = versions["mlp"].scores(pictures).argmax(axis=1)
    right = np.mean(read == [int(digit) for digit in truth.values()])
    assert right == pytest.approx(versions["mlp"].accuracy, abs=0.005)


def test_golden_samples_are_held_out_scans(scans: Path) -> None:
    for sample in manifest().golden.samples:
        digit, number = Path(sample.input).stem.split("-")
        assert (COMPONENT / sample.input).read_bytes() == (scans / f"{number}-{digit}.png").read_bytes()
        assert sample.expect.label == digit


def test_training_twice_gives_the_same_answers(versions: dict[str, Version], tmp_path: Path) -> None:
    again = run("train.py", "--kind", "linear", "--out", str(tmp_path / "package"))
    assert again.returncode == 0
    assert json.loads(again.stdout)["accuracy"] == versions["linear"].accuracy


def test_conversion_of_a_package_without_the_model_says_what_it_holds(tmp_path: Path) -> None:
    (tmp_path / "model.pkl").write_bytes(b"x")
    failed = run("convert.py", environment={"MODEL_DIR": str(tmp_path), "OUTPUT_DIR": str(tmp_path)})
    assert failed.returncode == 1
    assert "no model.skops but model.pkl" in failed.stderr
    assert "Traceback" not in failed.stderr


def test_conversion_refuses_a_model_that_would_run_code(tmp_path: Path) -> None:
    # skops names what it does not trust instead of running it, as a pickle would be.
    made = subprocess.run(
        [sys.executable, "-c", f"import os, skops.io; skops.io.dump([os.system], {str(tmp_path / 'model.skops')!r})"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    failed = run("convert.py", environment={"MODEL_DIR": str(tmp_path), "OUTPUT_DIR": str(tmp_path)})
    assert failed.returncode == 1
    assert "system" in failed.stderr
    assert not (tmp_path / "digits.onnx").exists()


def test_conversion_of_a_broken_file_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "model.skops").write_bytes(b"this is no skops file")
    failed = run("convert.py", environment={"MODEL_DIR": str(tmp_path), "OUTPUT_DIR": str(tmp_path)})
    assert failed.returncode == 1
    assert failed.stderr.startswith("cannot convert the digits model: ")
    assert "Traceback" not in failed.stderr


def test_conversion_without_its_environment_is_wrong_use() -> None:
    failed = run("convert.py", environment={"MODEL_DIR": "", "OUTPUT_DIR": ""})
    assert failed.returncode == 2
    assert "MODEL_DIR and OUTPUT_DIR not set" in failed.stderr
