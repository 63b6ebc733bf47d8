"""`cloud-publisher validate`: every fault with its place and remedy, and only faults."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from cloud_publisher.cli.main import main

BROKEN = Path(__file__).parents[2] / "broken" / "repositories"
REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def validate(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    def command(folder: Path, *words: str) -> tuple[int, str, str]:
        monkeypatch.chdir(folder)
        monkeypatch.setattr("sys.argv", ["cloud-publisher", "validate", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return command


@pytest.mark.parametrize("name", sorted(path.name for path in BROKEN.iterdir()))
def test_each_broken_repository_gets_the_words_that_it_must_get(
    name: str, validate: Callable[..., tuple[int, str, str]]
) -> None:
    code, out, err = validate(BROKEN / name)
    assert err == (BROKEN / name / "expected.txt").read_text(encoding="utf-8")
    assert code == 2
    assert out == ""


def test_our_own_repository_has_no_faults(validate: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = validate(REPOSITORY)
    assert (code, err) == (0, "")
    assert "no faults" in out


def test_faults_as_json_have_file_line_column_path_problem_and_remedy(
    validate: Callable[..., tuple[int, str, str]],
) -> None:
    import json

    code, out, _ = validate(BROKEN / "a-missing-root", "--json")
    document = json.loads(out)
    assert code == 2
    assert document["exit-code"] == 2
    assert document["diagnostics"] == [
        {
            "code": None,
            "severity": "error",
            "file": "greengrass-config.yml",
            "line": 4,
            "column": 5,
            "path": "custom-components.app.root",
            "problem": "there is no folder 'apps'",
            "remedy": "did you mean 'app'?",
        }
    ]


def test_a_model_without_a_manifest_is_a_note_and_no_fault(
    tmp_path: Path, validate: Callable[..., tuple[int, str, str]]
) -> None:
    (tmp_path / "cars").mkdir()
    (tmp_path / "cars/.gitkeep").touch()
    (tmp_path / "deployment.json").write_text("{}")
    (tmp_path / "greengrass-config.yml").write_text(
        "custom-components:\n  cars:\n    component-name: cars\n    root: cars\n"
        "    model: {sagemaker-managed: true, package-group: cars, name: model.tar.gz}\n"
        '    Artifacts: [{URI: "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/model.tar.gz"}]\n'
        "    Lifecycle: {Run: exit 0}\n"
    )
    code, out, _ = validate(tmp_path)
    assert code == 0
    assert "greengrass-config.yml:5:5: note: custom-components.cars.model: there is no model.yaml in cars" in out


MODEL = (
    "custom-components:\n  cars:\n    component-name: cars\n    root: cars\n{model}"
    '    Artifacts: [{{URI: "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/cars.zip", Unarchive: ZIP, '
    "Permission: {{Read: ALL}}}}]\n    Lifecycle: {{Run: exit 0}}\n"
)


def test_a_manifest_of_another_kind_in_an_application_is_a_note_and_no_fault(
    tmp_path: Path, validate: Callable[..., tuple[int, str, str]]
) -> None:
    (tmp_path / "cars").mkdir()
    (tmp_path / "cars/model.yaml").write_text("framework: torch\nweights: cars.pt\n")
    (tmp_path / "greengrass-config.yml").write_text(MODEL.format(model=""))
    code, out, _ = validate(tmp_path)
    assert code == 0
    assert "note: custom-components.cars: there is a model.yaml in cars, and the component has no key `model`" in out


def test_models_that_no_agent_is_told_to_serve_are_a_note(
    tmp_path: Path, validate: Callable[..., tuple[int, str, str]]
) -> None:
    shutil.copytree(BROKEN / "a-source-named-install" / "digits", tmp_path / "cars")
    model = "    model: {sagemaker-managed: true, package-group: cars}\n"
    (tmp_path / "greengrass-config.yml").write_text(MODEL.format(model=model))
    code, out, _ = validate(tmp_path)
    assert code == 0
    assert "note: custom-components.cars: no component has agent:, so no device is told to serve cars" in out


def test_the_second_name_of_the_config_is_read_when_the_first_is_missing(
    validate: Callable[..., tuple[int, str, str]],
) -> None:
    _, _, err = validate(BROKEN / "the-seeds-own-example")
    assert "gg-config.yml:4:5" in err


def test_a_config_and_a_template_that_are_named_are_the_ones_that_are_read(
    tmp_path: Path, validate: Callable[..., tuple[int, str, str]]
) -> None:
    code, _, err = validate(
        tmp_path,
        "--config",
        str(BROKEN / "a-template-with-an-unknown-key/greengrass-config.yml"),
        "--deployment",
        str(tmp_path / "none.json"),
    )
    assert code == 2
    assert f"{tmp_path}/none.json: there is no such file" in err


def test_a_recipe_over_greengrass_s_limit_is_a_fault(
    tmp_path: Path, validate: Callable[..., tuple[int, str, str]]
) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "greengrass-config.yml").write_text(
        "custom-components:\n  app:\n    component-name: app\n    root: app\n"
        f'    Lifecycle: {{Run: "echo {"x" * 16_000}"}}\n'
    )
    code, _, err = validate(tmp_path)
    assert code == 2
    assert "16000 is the most that Greengrass takes" in err


@pytest.mark.parametrize("words", [["--help"], ["validate"], ["build", "--help"]])
def test_what_starts_quickly_imports_nothing_heavy(words: list[str]) -> None:
    program = (
        "import sys\n"
        f"sys.argv = ['cloud-publisher', *{words!r}]\n"
        "from cloud_publisher.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code, ended.code\n"
        "heavy = {'boto3', 'botocore', 'onnx', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_it_runs_as_a_module_too() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "cloud_publisher", "validate"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("models", "characters", "told", "not_told"),
    [
        (20, 25, "", "nucleus lite"),
        (31, 25, "with nucleus lite in the target: the deployment's document has ", "at any target"),
        (30, 128, "at any target: the desired state has ", "nothing that is not told"),
    ],
)
def test_a_release_that_is_too_large_is_a_note_with_its_figures(
    models: int,
    characters: int,
    told: str,
    not_told: str,
    tmp_path: Path,
    validate: Callable[..., tuple[int, str, str]],
) -> None:
    repository = BROKEN / "a-model-under-the-agent"
    for folder in ("digits", "edge_agent"):
        shutil.copytree(repository / folder, tmp_path / folder)
    (tmp_path / "deployment.json").write_text("{}")
    config = yaml.safe_load((repository / "greengrass-config.yml").read_text())["custom-components"]
    config["agent"]["agent"] = yaml.safe_load((REPOSITORY / "greengrass-config.yml").read_text())["custom-components"][
        "agent"
    ]["agent"]
    config["agent"]["agent"]["settings"]["sources"]["camera"]["model"] = "model-0000"
    del config["agent"]["ComponentDependencies"]
    digits = config.pop("digits")
    for number in range(models):
        config[f"model-{number:04}"] = {**digits, "component-name": f"com.example.{number:04}".ljust(characters, "x")}
    (tmp_path / "greengrass-config.yml").write_text(
        yaml.safe_dump({"application": "lines", "custom-components": config}, sort_keys=False)
    )
    code, out, err = validate(tmp_path)
    assert (code, err) == (0, "")
    assert told in out
    assert not_told not in out
    if told:
        assert "greengrass-config.yml:3:3: " in out
        assert "and deploy refuses it" in out
        assert "deploy fewer models" in out
