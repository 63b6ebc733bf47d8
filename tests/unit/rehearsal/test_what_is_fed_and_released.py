"""Which versions are released in which order, what is fed to whom, and what rows say that were left out."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from rehearsal import scenarios
from rehearsal.buildspec import BuildspecRun, PhaseRun
from rehearsal.candidates import Candidates
from rehearsal.context import Rehearsal
from rehearsal.pipeline import PipelineRun
from rehearsal.rehearsed_config import prepare_config
from rehearsal.subject import Subject, subject_of
from rehearsal.timeline import Timeline
from shared_schema.config import Config
from shared_schema.documents import read_document

CONFIG = """\
application: team
region: us-east-1
custom-components:
  agent:
    component-name: org.agent
    root: .
    build: {build_system: python, packages: [a]}
    agent:
      settings:
        sources: {SOURCES}
        sinks: {SINKS}
  wear: {component-name: org.wear, root: wear, model: {sagemaker-managed: true, package-group: wear}}
"""
MANIFEST = """\
file: wear.onnx
task: tabular
labels: [fine]
columns: [heat]
golden:
  samples:
    - {input: golden/small.csv, expect: {label: fine}}
    - {input: golden/large.csv, expect: {label: fine}}
    - {input: packed/in.csv, expect: {label: fine}}
    - {input: golden/made-by-the-build.csv, expect: {label: fine}}
"""


def repository(folder: Path, sources: str, sinks: str = "{file: {type: json-lines}}") -> Path:
    (folder / "wear/golden").mkdir(parents=True)
    (folder / "greengrass-config.yml").write_text(CONFIG.replace("{SOURCES}", sources).replace("{SINKS}", sinks))
    (folder / "wear/model.yaml").write_text(MANIFEST)
    (folder / "wear/golden/small.csv").write_text("heat\n1\n")
    (folder / "wear/golden/large.csv").write_text("heat\n" + "1\n" * 5000)
    for name in ("10", "9", "bad", "9-b", "two"):
        (folder / "wear/versions" / name / "packed").mkdir(parents=True)
        (folder / "wear/versions" / name / "wear.onnx").write_text(name)
        (folder / "wear/versions" / name / "packed/in.csv").write_text(f"heat\n{name}\n")
    (folder / "wear/versions/.hidden").mkdir()
    (folder / "wear/versions/README.md").write_text("what these are")
    return folder


def fed(subject: Subject) -> list[tuple[str, str, list[str]]]:
    return [(lane.source, lane.path, [each.path.name for each in lane.frames]) for lane in subject.feeding.lanes]


def test_versions_are_in_the_order_of_their_numbers_and_the_bad_one_apart(tmp_path: Path) -> None:
    (model,) = subject_of(repository(tmp_path, "{line: {path: x}}")).models
    assert [path.name for path in model.good] == ["9", "9-b", "10", "two"]
    assert model.bad is not None
    assert model.bad.name == "bad"


def test_options_stand_in_place_of_the_repository_s_own_versions(tmp_path: Path) -> None:
    root = repository(tmp_path, "{line: {path: x}}") / "wear/versions"
    (model,) = subject_of(tmp_path, [f"wear={root / 'two'}", f"wear={root / '9'}"]).models
    assert ([path.name for path in model.good], model.bad) == (["two", "9"], None)
    (model,) = subject_of(tmp_path, bad=[f"wear={root / 'bad'}"]).models
    assert model.good[0].name == "9"


def test_a_folder_gets_every_golden_sample_that_is_there_and_a_topic_the_small_ones(tmp_path: Path) -> None:
    sources = "{tables: {path: tables, model: wear}, line: {type: topic, topic: line/asks}}"
    subject = subject_of(repository(tmp_path, sources))
    assert fed(subject) == [
        ("tables", "tables", ["small.csv", "large.csv", "in.csv"]),
        ("line", "line/asks", ["small.csv", "in.csv"]),
    ]
    assert dict(subject.feeding.unfed) == {}


def test_given_files_are_fed_in_place_of_golden_samples(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", ".hidden.csv"):
        (tmp_path / name).write_text("heat\n1\n")
    subject = subject_of(repository(tmp_path / "team", "{line: {path: x}}"), inputs=[f"wear={tmp_path}"])
    assert fed(subject) == [("line", "x", ["a.csv", "b.csv"])]


@pytest.mark.parametrize(
    "source",
    [
        "{type: video, address: '0'}",
        "{path: /var/pictures}",
        "{path: ../pictures}",
        "{path: x, drop: latest}",
        "{path: x, model: other}",
    ],
)
def test_a_source_that_cannot_be_fed_or_counted_leaves_a_row_that_says_so(tmp_path: Path, source: str) -> None:
    subject = subject_of(repository(tmp_path, f"{{line: {source}}}"))
    assert fed(subject) == []
    (row,) = subject.unfed()
    assert (row.tried, row.holds) == (False, True)
    assert "add one with model: wear" in row.seen


def test_a_model_whose_samples_only_the_build_makes_is_told_how_to_be_fed(tmp_path: Path) -> None:
    folder = repository(tmp_path, "{line: {path: x}}")
    (folder / "wear/model.yaml").write_text(MANIFEST.replace("{input: golden/small", "{input: made/small"))
    for path in (folder / "wear/golden").iterdir():
        path.unlink()
    for path in (folder / "wear/versions").glob("*/packed/in.csv"):
        path.unlink()
    (row,) = subject_of(folder).unfed()
    assert "there is no golden sample in" in row.seen
    assert "give files by --input wear=FOLDER" in row.seen


def test_the_copy_of_a_config_gets_a_sink_a_component_that_asks_and_the_emulator_s_region(tmp_path: Path) -> None:
    topic = "{line: {type: topic, topic: line/asks}}"
    subject = subject_of(repository(tmp_path, topic, "{cloud: {type: iot-core}}"))
    told = prepare_config(tmp_path, subject.agent, subject.feeding, region="eu-west-1")
    assert len(told) == 3
    config = read_document(tmp_path / "greengrass-config.yml", Config).value
    agent = config.custom_components["agent"].agent
    assert agent is not None
    assert set(agent.settings.sinks) == {"cloud", "rehearsal"}
    assert config.region == "eu-west-1"
    assert subject.place.predictions == "rehearsal-predictions.jsonl"
    asking = config.custom_components["rehearsal-asking"]
    assert asking.component_name.startswith("org.agent.")
    assert (tmp_path / asking.root / "asking.py").is_file()
    assert (tmp_path / asking.root / "topics.json").read_text() == '{"line": "line/asks"}'


def test_a_config_that_needs_nothing_is_left_as_it_is(tmp_path: Path) -> None:
    subject = subject_of(repository(tmp_path, "{line: {path: x}}"))
    before = (tmp_path / "greengrass-config.yml").read_bytes()
    assert prepare_config(tmp_path, subject.agent, subject.feeding, region="us-east-1") == []
    assert (tmp_path / "greengrass-config.yml").read_bytes() == before
    assert subject.place.predictions == "predictions.jsonl"


def test_a_sink_that_soon_forgets_is_not_counted_by(tmp_path: Path) -> None:
    small = "{file: {type: json-lines, max-bytes: 10000, keep: 1}}"
    subject = subject_of(repository(tmp_path, "{line: {path: x}}", small))
    assert subject.place.predictions == "rehearsal-predictions.jsonl"


class Version:
    """A candidate that notes what is done to it."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.released_as: str | None = "1.0.0"
        self.done: list[str] = []

    def approve(self) -> None:
        self.done.append("approved")

    def take_back(self) -> None:
        self.done.append("taken back")


def rehearsal(folder: Path, models: list[Candidates], build: int = 0, deploy: int = 0) -> Any:
    """A rehearsal without devices, whose pipeline ends with these codes."""

    def ended(name: str, code: int) -> BuildspecRun:
        return BuildspecRun(name, folder / f"{name}.log", [PhaseRun("build", code, 0.1)])

    def run(**_: Any) -> PipelineRun:
        return PipelineRun(1, ended("build", build), {} if build else {"dev": ended("dev", deploy)})

    world = SimpleNamespace(
        devices=[], accounts={"dev": None}, published=lambda: SimpleNamespace(deployments={"dev": ()})
    )
    release = SimpleNamespace(run=run, source=folder)
    made: Any = Rehearsal(world, release, models, Timeline())  # type: ignore[arg-type]
    for each in models:
        made.current[each.key] = each.good[0]
    return made


def test_without_a_bad_version_the_refusal_is_left_out_and_the_row_says_how_to_add_it(tmp_path: Path) -> None:
    made = rehearsal(tmp_path, [Candidates("wear", [Version("1")])])
    (row,) = scenarios.refusal(made, [])
    assert (row.mark, row.holds) == ("–", True)
    assert "--bad wear=FOLDER, or in its versions/bad" in row.seen
    assert scenarios.way_back(made, []) == []


def test_a_bad_version_that_devices_accept_fails_its_row_which_says_what_is_missing(tmp_path: Path) -> None:
    bad = Version("bad")
    made = rehearsal(tmp_path, [Candidates("wear", [Version("1")], bad)])
    row = scenarios.refusal(made, [])[0]
    assert bad.done == ["approved"]
    assert (row.claim, row.holds) == ("each deploy exits with 5: rejected by the devices' own checks", False)
    assert "wear: the golden samples of model.yaml do not tell the bad version from a good one" in row.seen


def test_a_bad_version_that_the_build_refuses_reaches_no_device(tmp_path: Path) -> None:
    made = rehearsal(tmp_path, [Candidates("wear", [Version("1")], Version("bad"))], build=1)
    row = scenarios.refusal(made, [])[0]
    assert row.holds
    assert row.claim == "the build refuses the bad version of wear, and nothing is deployed"
    assert "build 1; see" in row.seen


def test_a_bad_version_is_taken_back_before_the_good_one_is_deployed_again(tmp_path: Path) -> None:
    bad = Version("bad")
    made = rehearsal(tmp_path, [Candidates("wear", [Version("1")], bad)])
    rows = scenarios.way_back(made, [])
    assert bad.done == ["taken back"]
    assert rows[0].holds
