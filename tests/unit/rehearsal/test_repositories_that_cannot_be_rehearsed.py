"""`mlops-rehearsal run` with what cannot be rehearsed: exit code 2, what is wrong, what to do; nothing is started."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal.cli.main import main

Run = Callable[..., str]
AGENT = "  agent: {component-name: org.agent, root: ., build: {build_system: python, packages: [a]}, agent: {}}\n"
WEAR = "  wear: {component-name: org.wear, root: wear, model: {sagemaker-managed: true, package-group: wear}}\n"
OTHER = WEAR.replace("wear", "other")
ONE_OBJECT = "  wear: {component-name: org.wear, root: wear, model: {sagemaker-managed: false, name: wear.onnx}}\n"
MANIFEST = (
    "file: wear.onnx\ntask: tabular\nlabels: [fine]\ncolumns: [heat]\n"
    "golden: {samples: [{input: golden/a.csv, expect: {label: fine}}]}\n"
)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with an agent and one model, and beside it a folder with a version."""
    folder = tmp_path / "team"
    (folder / "wear").mkdir(parents=True)
    (folder / "wear/model.yaml").write_text(MANIFEST)
    write_config(folder, AGENT + WEAR)
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "wear.onnx").write_text(name)
    return folder


def write_config(folder: Path, components: str) -> None:
    (folder / "greengrass-config.yml").write_text(f"application: team\ncustom-components:\n{components}")


@pytest.fixture
def refused(repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run the command in the repository; give what it said. It must end with 2, and must have written nothing."""

    def run(*words: str) -> str:
        before = sorted(repository.rglob("*"))
        monkeypatch.chdir(repository)
        monkeypatch.setattr(sys, "argv", ["mlops-rehearsal", "run", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        assert (ended.value.code, out) == (2, ""), err
        assert err.startswith("mlops-rehearsal: ")
        assert sorted(repository.rglob("*")) == before
        return err

    return run


def test_a_model_without_a_version_is_told_both_ways_to_give_them(refused: Run) -> None:
    said = refused()
    assert "there is no version of wear to release" in said
    assert "--model-data wear=FOLDER --model-data wear=FOLDER; or put them into wear/versions/1, versions/2" in said
    assert "--bad wear=FOLDER, or versions/bad" in said


@pytest.mark.parametrize(
    ("words", "problem", "remedy"),
    [
        (["--model-data", "wear"], "--model-data wear: this is not NAME=FOLDER", "such as --model-data wear=FOLDER"),
        (["--model-data", "wear="], "this is not NAME=FOLDER", "such as --model-data wear=FOLDER"),
        (["--bad", "=../one"], "--bad =../one: this is not NAME=FOLDER", "such as --bad wear=FOLDER"),
        (["--model-data", "waer=../one"], "the config has no model 'waer'", "did you mean 'wear'?"),
        (["--model-data", "agent=../one"], "the config has no model 'agent'", "use one of: wear"),
        (["--model-data", "wear=../three"], "there is no folder ../three", "the files of one version"),
        (["--model-data", "wear=../one/wear.onnx"], "../one/wear.onnx is a file", "name the folder that holds it"),
        (["--model-data", "wear=wear/none"], "wear/none holds no file", "put the files of one version into it"),
        (["--bad", "wear=../one"], "there is no version of wear to release", "--model-data wear=FOLDER"),
        (
            ["--model-data", "wear=../one", "--model-data", "wear=../one"],
            "one has the same files as",
            "its release would change nothing",
        ),
        (["--model-data", "wear=../one", "--bad", "wear=../one"], "has the same files as", "give another version"),
        (
            ["--model-data", "wear=../one", "--bad", "wear=../one", "--bad", "wear=../two"],
            "--bad is given 2 times for wear",
            "give one",
        ),
        (
            ["--model-data", "wear=../one", "--input", "waer=../two"],
            "--input waer=../two: the config has no model 'waer'",
            "did you mean 'wear'?",
        ),
        (["--model-data", "wear=../one", "--input", "wear=../hidden"], "there is no file in it", "put images"),
        (["--extended", "--model-data", "wear=../one"], "--extended makes its own models", "leave out --model-data"),
        (["--bare", "--enforce-iam"], "--bare stages have the emulated cloud's own keys", "leave out one of the two"),
    ],
)
def test_an_option_that_gives_no_version_is_refused(
    words: list[str], problem: str, remedy: str, repository: Path, tmp_path: Path, refused: Run
) -> None:
    (repository / "wear/none").mkdir()
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden/.csv").touch()
    said = refused(*words)
    assert problem in said
    assert remedy in said


def test_an_empty_folder_among_the_versions_is_refused(repository: Path, refused: Run) -> None:
    (repository / "wear/versions/1").mkdir(parents=True)
    assert "wear/versions/1 holds no file" in refused()


def test_a_link_in_a_version_is_refused(tmp_path: Path, refused: Run) -> None:
    (tmp_path / "one/link").symlink_to("wear.onnx")
    said = refused("--model-data", "wear=../one")
    assert "link: a model holds files and folders only" in said
    assert "put the file itself in its place" in said


def test_a_bad_version_of_a_model_that_no_agent_vets_is_refused(repository: Path, refused: Run) -> None:
    write_config(repository, AGENT + WEAR + OTHER)
    shutil.copytree(repository / "wear", repository / "other")
    (repository / "wear/model.yaml").unlink()
    said = refused("--model-data", "wear=../one", "--bad", "wear=../two")
    assert "no model.yaml in wear: no agent vets it" in said


def test_a_repository_whose_models_no_agent_serves_is_refused(repository: Path, refused: Run) -> None:
    (repository / "wear/model.yaml").unlink()
    said = refused("--model-data", "wear=../one")
    assert "no agent would serve wear: there is no model.yaml in wear" in said


def test_two_models_of_one_package_group_are_refused(repository: Path, refused: Run) -> None:
    write_config(repository, AGENT + WEAR + OTHER.replace("package-group: other", "package-group: wear"))
    said = refused("--model-data", "wear=../one")
    assert "wear and other both come from the package group wear" in said
    assert "give other a place of its own" in said


def test_a_version_of_two_files_for_a_model_that_is_one_object_is_refused(
    repository: Path, tmp_path: Path, refused: Run
) -> None:
    write_config(repository, AGENT + ONE_OBJECT)
    (tmp_path / "one/more.bin").touch()
    said = refused("--model-data", "wear=../one")
    assert "holds 2 files, and the model is one object, wear.onnx" in said
    assert "leave one file in it" in said


@pytest.mark.parametrize(
    ("components", "problem", "remedy"),
    [
        (WEAR, "no component is the agent", "as `cloud-publisher init` writes it"),
        (AGENT, "none of its components has the key `model`", "docs/getting-started.md"),
        (AGENT + WEAR.replace("root", "rot"), "greengrass-config.yml:4:", "did you mean 'root'?"),
    ],
)
def test_a_config_that_gives_nothing_to_rehearse_is_refused(
    components: str, problem: str, remedy: str, repository: Path, refused: Run
) -> None:
    write_config(repository, components)
    said = refused("--model-data", "wear=../one") if "wear" in components else refused()
    assert problem in said
    assert remedy in said


def test_a_manifest_that_is_wrong_is_refused_with_its_place(repository: Path, refused: Run) -> None:
    (repository / "wear/model.yaml").write_text(MANIFEST.replace("tabular", "table"))
    said = refused("--model-data", "wear=../one")
    assert "wear/model.yaml:2:1: task:" in said
    assert "`cloud-publisher validate` says more" in said


def test_a_folder_without_a_repository_is_refused(tmp_path: Path, refused: Run) -> None:
    said = refused("--repository", str(tmp_path / "nowhere"))
    assert "nowhere/greengrass-config.yml" in said
    assert "--repository" in said
