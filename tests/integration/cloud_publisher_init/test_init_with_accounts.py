"""`cloud-publisher init --stage …` and `--from-config`: the stacks of the accounts, with parameters that fit them."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

Run = Callable[..., tuple[int, str, str]]

KEY = "arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555"
CONNECTION = "arn:aws:codeconnections:eu-west-1:111111111111:connection/11111111-2222-3333-4444-555555555555"
STAGES = (
    *("--stage", "dev=111111111111:eu-west-1"),
    *("--stage", "preprod=222222222222:eu-west-1"),
    *("--stage", "prod=333333333333:eu-central-1:line-1"),
)
EVERY_FILE = {
    "dev.dev-account.json",
    *(
        f"{stage}.{template}.json"
        for stage in ("dev", "preprod", "prod")
        for template in ("target-account", "fleet-health")
    ),
}


class Templates(yaml.SafeLoader):
    """CloudFormation's short forms, as the values that they hold."""


Templates.add_multi_constructor("!", lambda _loader, suffix, _node: suffix)


def parameters_of(folder: Path) -> dict[str, dict[str, str]]:
    return {
        path.name: {each["ParameterKey"]: each["ParameterValue"] for each in json.loads(path.read_text())}
        for path in (folder / "infrastructure/parameters").iterdir()
    }


def told_of_dev(config: Path, **keys: Any) -> None:
    """Write more of dev into a config, as the README asks."""
    document = yaml.safe_load(config.read_text())
    document["stages"]["dev"] |= keys
    config.write_text(yaml.safe_dump(document, sort_keys=False))


def assert_fits(template: Path, parameters: dict[str, str]) -> None:
    """What CloudFormation would check before it begins: known names, none missing, each pattern."""
    known = yaml.load(template.read_text(), Templates)["Parameters"]  # noqa: S506 - a SafeLoader
    assert parameters.keys() <= known.keys()
    assert {name for name, each in known.items() if "Default" not in each} <= parameters.keys()
    for name, value in parameters.items():
        values = value.split(",") if known[name]["Type"] == "CommaDelimitedList" else [value]
        assert all(re.search(known[name]["AllowedPattern"], each) for each in values), (name, value)


def test_a_repository_with_its_accounts_is_valid_and_has_what_the_first_stack_takes(run: Run, tmp_path: Path) -> None:
    code, out, err = run("init", *STAGES, "--json")
    assert (code, err) == (0, "")
    assert "infrastructure/parameters/dev.dev-account.json" in json.loads(out)["files"]
    assert run("validate") == (0, "greengrass-config.yml: 2 components (agent, digits), no faults\n", "")
    parameters = parameters_of(tmp_path)
    # The others name the key, which the first stack makes.
    assert parameters.keys() == {"dev.dev-account.json"}
    first = parameters["dev.dev-account.json"]
    assert first["ArtifactBucketName"] == "mlops-artifacts-111111111111-eu-west-1"
    assert first["ProdTargetArn"] == "arn:aws:iot:eu-central-1:333333333333:thinggroup/line-1"
    assert_fits(tmp_path / "infrastructure/dev-account.yaml", first)
    config = yaml.safe_load((tmp_path / "greengrass-config.yml").read_text())
    ids = [stage["external-id"] for stage in config["stages"].values()]
    assert len(set(ids)) == 3


def test_what_the_readme_asks_for_brings_every_stack_its_parameters(run: Run, tmp_path: Path) -> None:
    assert run("init", *STAGES)[0] == 0
    page = (tmp_path / "infrastructure/README.md").read_text()
    again = re.search(r"`cloud-publisher (policies parameters [^`]*)`", page)
    assert again is not None
    assert "has no source" in run(*again[1].split())[2]
    told_of_dev(tmp_path / "greengrass-config.yml", key=KEY, source={"connection": CONNECTION, "repository": "a/b"})
    assert run(*again[1].split())[::2] == (0, "")
    parameters = parameters_of(tmp_path)
    assert parameters.keys() == EVERY_FILE
    assert parameters["dev.dev-account.json"]["ConnectionArn"] == CONNECTION
    for name, values in parameters.items():
        template = name.split(".")[1]
        assert_fits(tmp_path / f"infrastructure/{template}.yaml", values)
        assert f"--template-file infrastructure/{template}.yaml" in page
        assert f"--parameter-overrides file://infrastructure/parameters/{name}" in page
    assert run("validate")[0] == 0


def test_from_a_config_with_stages_it_writes_the_infrastructure_alone(run: Run, tmp_path: Path) -> None:
    assert run("init", *STAGES)[0] == 0
    told_of_dev(tmp_path / "greengrass-config.yml", key=KEY, source={"bucket": "sources-of-ours"})
    (tmp_path / "other").mkdir()
    code, out, err = run("init", "other", "--from-config", "greengrass-config.yml", "--json")
    assert (code, err) == (0, "")
    written = {Path(each).relative_to("other").as_posix() for each in json.loads(out)["files"]}
    assert {name.split("/")[0] for name in written} == {"infrastructure"}
    assert parameters_of(tmp_path / "other").keys() == EVERY_FILE
    assert "nothing to write" in run("init", "other", "--from-config", "greengrass-config.yml")[1]
    # What somebody changed is not overwritten.
    (tmp_path / "other/infrastructure/README.md").write_text("mine")
    assert run("init", "other", "--from-config", "greengrass-config.yml")[0] == 2
    assert (tmp_path / "other/infrastructure/README.md").read_text() == "mine"


@pytest.mark.parametrize(
    ("instead", "words"),
    [
        ("preprod=111111111111:eu-west-1", "--stage preprod: account: names the dev account 111111111111"),
        ("preprod=333333333333:eu-west-1", "account 333333333333 is stage 'preprod' already"),
        ("preprod=2222:eu-west-1", "--stage preprod: account: '2222' is no AWS account id"),
        ("preprod=222222222222:Ireland", "--stage preprod: region: "),
        ("preprod=222222222222:cn-north-1", "--stage preprod: region: cn-north-1 is in partition aws-cn"),
        ("preprod=222222222222:eu-west-1:a group", "--stage preprod: target: "),
        ("preprod=222222222222", "--stage preprod=222222222222 is no stage"),
        ("Preprod=222222222222:eu-west-1", "--stage Preprod=222222222222:eu-west-1 is no stage"),
        ("dev=222222222222:eu-west-1", "--stage dev is given twice"),
        ("test=222222222222:eu-west-1", "--stage: there is no stage 'preprod'"),
        ('preprod=222222222222:"\n', "--stage preprod: region: "),
    ],
)
def test_accounts_that_cannot_be_right_are_told_by_their_option_and_nothing_is_written(
    run: Run, tmp_path: Path, instead: str, words: str
) -> None:
    stages = [instead if word.startswith("preprod=") else word for word in STAGES]
    code, _, err = run("init", "new", *stages)
    assert code == 2
    assert words in err
    assert len(err.splitlines()) <= 5
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--stage", "prod=333333333333:eu-west-1"), "there is no --stage dev="),
        ((*STAGES, "--bucket", "Not_A_Bucket"), "--bucket: "),
        ((*STAGES, "--from-config", "greengrass-config.yml"), "are both given"),
        (("--from-config", "nowhere.yml"), "nowhere.yml: there is no such file"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    run: Run, tmp_path: Path, arguments: tuple[str, ...], words: str
) -> None:
    code, _, err = run("init", "new", *arguments)
    assert code == 2
    assert words in err
    assert not (tmp_path / "new").exists()


def test_a_config_without_stages_says_so(run: Run, tmp_path: Path) -> None:
    assert run("init")[0] == 0
    code, _, err = run("init", "--from-config", "greengrass-config.yml")
    assert code == 2
    assert "the config has no stages" in err
    assert not (tmp_path / "infrastructure").exists()


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ({"connection": "arn:aws:iam::111111111111:role/x", "repository": "a/b"}, "is no connection's ARN"),
        ({"connection": CONNECTION}, "has one of connection and repository"),
        ({"connection": CONNECTION, "repository": "a/b", "bucket": "sources"}, "names no one place"),
        ({"bucket": "sources", "branch": "main"}, "has a bucket and a branch"),
        ({"connection": CONNECTION, "repository": "a/b", "key": "x.zip"}, "has a connection and a key"),
        ({"connection": CONNECTION, "repository": "b"}, "stages.dev.source.repository"),
    ],
)
def test_a_source_that_cannot_be_right_is_told_with_its_place(
    run: Run, tmp_path: Path, source: dict[str, str], words: str
) -> None:
    assert run("init", *STAGES)[0] == 0
    told_of_dev(tmp_path / "greengrass-config.yml", source=source)
    code, _, err = run("policies", "parameters", "--out", "out")
    assert code == 2
    assert words in err
    assert "greengrass-config.yml:" in err
