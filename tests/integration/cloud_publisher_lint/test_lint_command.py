"""`cloud-publisher lint`: every rule finds its mistake, at its line and with its remedy, and good recipes have none."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from cloud_publisher.cli.main import main
from cloud_publisher.linting.pages import lint_page
from cloud_publisher.linting.rules import RULES

BROKEN = Path(__file__).parents[2] / "broken" / "recipes"
REPOSITORY = Path(__file__).parents[3]
Lint = Callable[..., tuple[int, str, str]]

GOOD = """\
RecipeFormatVersion: 2020-01-25
ComponentName: com.example.app
ComponentVersion: 1.0.0
ComponentConfiguration:
  DefaultConfiguration:
    port: 80
    nothing: null
    nested: {list: [1]}
    accessControl:
      aws.greengrass.ipc.mqttproxy:
        com.example.app:mqttproxy:1:
          policyDescription: Its own topic
          operations: ['aws.greengrass#PublishToIoTCore']
          resources: ['app/+/state']
ComponentDependencies:
  aws.greengrass.Nucleus: {VersionRequirement: '>=2.0.0 <3.0.0', DependencyType: SOFT}
  com.example.base: {VersionRequirement: ^1.0.0 || 2.x}
Manifests:
  - Name: Linux
    Platform: {os: linux, architecture: aarch64, architecture.detail: arm64, floor: three}
    Lifecycle:
      Setenv: {PORT: '{configuration:/port}', FIRST: '{configuration:/nested/list/0}', NO: '{configuration:/nothing}'}
      Install: {Script: apt-get install git, SkipIf: onpath git, RequiresPrivilege: 'true', Timeout: '300'}
      Run:
        Script: |
          NAME=${NAME:-app}; for F in {artifacts:path}/*; do echo "$F"; done
          python3 -c 'print({"a": 1})'
          python3 {artifacts:decompressedPath}/app/main.py {com.example.base:configuration:/x} {iot:thingName}
    Artifacts:
      - {URI: 's3://artifacts/app/1.0.0/app.zip', Unarchive: ZIP, Permission: {Read: OWNER, Execute: ALL}}
      - {URI: 'docker:public.ecr.aws/example/app:1'}
  - Platform: {os: /darwin|windows/}
    Lifecycle: {Run: echo hello}
"""


@pytest.fixture
def lint(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Lint:
    def command(folder: Path, *words: str) -> tuple[int, str, str]:
        monkeypatch.chdir(folder)
        monkeypatch.setattr("sys.argv", ["cloud-publisher", "lint", *words])
        with pytest.raises(SystemExit) as ended:
            main()
        out, err = capsys.readouterr()
        return int(ended.value.code or 0), out, err

    return command


@pytest.mark.parametrize("name", sorted(path.name for path in BROKEN.iterdir()))
def test_each_broken_recipe_gets_the_words_that_it_must_get(name: str, lint: Lint) -> None:
    folder = BROKEN / name
    code, _, err = lint(folder, *(folder / "arguments.txt").read_text(encoding="utf-8").split())
    assert err == (folder / "expected.txt").read_text(encoding="utf-8")
    assert code == 2


def test_each_rule_has_a_broken_recipe_that_it_finds() -> None:
    told = "".join(path.read_text(encoding="utf-8") for path in BROKEN.glob("*/expected.txt"))
    assert {code for code in RULES if code in told} == set(RULES)


def test_the_page_lists_every_code_and_is_current() -> None:
    page = (REPOSITORY / "docs/lint.md").read_text(encoding="utf-8")
    assert page == lint_page(), "write it again: python -m cloud_publisher.linting.pages > docs/lint.md"
    assert all(f"| {code} |" in page for code in RULES)


def test_a_good_recipe_of_anybody_s_has_no_findings(tmp_path: Path, lint: Lint) -> None:
    (tmp_path / "recipe.yaml").write_text(GOOD)
    assert lint(tmp_path, "recipe.yaml") == (0, "1 recipes: 0 errors, 0 warnings, 0 notes\n", "")


def test_a_good_gdk_project_has_its_placeholders_filled_in(tmp_path: Path, lint: Lint) -> None:
    config = {
        "component": {
            "com.example.app": {
                "author": "Example",
                "version": "NEXT_PATCH",
                "build": {"build_system": "zip", "options": {"zip_name": ""}},
                "publish": {"bucket": "artifacts", "region": "eu-west-1"},
            }
        },
        "gdk_version": "1.3.0",
    }
    (tmp_path / "gdk-config.json").write_text(json.dumps(config))
    recipe = GOOD.replace("com.example.app\n", '"{COMPONENT_NAME}"\n', 1).replace(
        "1.0.0\n", '"{COMPONENT_VERSION}"\n', 1
    )
    (tmp_path / "recipe.yaml").write_text(
        recipe.replace("s3://artifacts/app/1.0.0/", "s3://BUCKET_NAME/COMPONENT_NAME/COMPONENT_VERSION/")
    )
    for named in (".", "gdk-config.json", "recipe.yaml"):
        assert lint(tmp_path, named) == (0, "1 recipes: 0 errors, 0 warnings, 0 notes\n", "")


def test_findings_as_json_have_code_severity_place_problem_and_remedy(lint: Lint) -> None:
    code, out, err = lint(BROKEN / "a-variable-that-is-none", "recipe.yaml", "--json")
    document = json.loads(out)
    assert (code, err) == (2, "")
    assert (document["errors"], document["warnings"]) == (1, 0)
    assert document["diagnostics"] == [
        {
            "code": "GG601",
            "severity": "error",
            "file": "recipe.yaml",
            "line": 10,
            "column": 17,
            "path": "Manifests[0].Lifecycle.run",
            "problem": "there is no variable {artifact:path}",
            "remedy": "did you mean 'artifacts:path'?",
        }
    ]


def test_a_warning_alone_ends_with_0_and_with_strict_with_2(lint: Lint) -> None:
    folder = BROKEN / "artifacts-in-two-buckets"
    assert lint(folder, "recipe.yaml")[0] == 0
    assert lint(folder, "recipe.yaml", "--strict")[0] == 2


def test_a_note_is_told_and_counts_for_nothing(tmp_path: Path, lint: Lint) -> None:
    (tmp_path / "recipe.yaml").write_text(GOOD.replace("Timeout: '300'", "Timeout: 300"))
    code, out, err = lint(tmp_path, "recipe.yaml", "--strict")
    assert (code, out) == (0, "1 recipes: 0 errors, 0 warnings, 1 notes\n")
    assert "note GG510" in err
    assert lint(tmp_path, "recipe.yaml", "--runtime", "lite")[2].count("GG510") == 0


def test_json_that_is_none_is_told_though_yaml_would_read_it(tmp_path: Path, lint: Lint) -> None:
    (tmp_path / "recipe.json").write_text('{"RecipeFormatVersion": "2020-01-25",}')
    code, _, err = lint(tmp_path, "recipe.json")
    assert code == 2
    assert err.startswith("recipe.json:1:")
    assert "GG001" in err


def test_lite_s_rules_are_silent_for_classic(lint: Lint) -> None:
    folder = BROKEN / "an-install-alone-on-lite"
    assert lint(folder, "recipe.yaml", "--runtime", "classic")[0] == 0
    assert lint(folder, "recipe.yaml", "--runtime", "lite")[0] == 2


def test_every_recipe_that_we_write_ourselves_passes_for_both_runtimes(tmp_path: Path, lint: Lint) -> None:
    from cloud_publisher.recipes.component_recipe import recipe_of, recipe_sources
    from shared_schema.config import Config
    from shared_schema.documents import read_document

    config = read_document(REPOSITORY / "greengrass-config.yml", Config).value
    names = []
    for source in recipe_sources(config, frozenset({"digits"})):
        (tmp_path / source.name).mkdir()
        text = recipe_of(source, "1.0.0", bucket="artifacts", versions={}).text()
        (tmp_path / source.name / "recipe.json").write_text(text)
        names.append(source.name)
    assert len(names) == 3
    for runtime in ("classic", "lite"):
        code, out, err = lint(tmp_path, ".", "--runtime", runtime, "--bucket", "artifacts", "--strict")
        assert (code, out, err) == (0, "3 recipes: 0 errors, 0 warnings, 0 notes\n", "")
