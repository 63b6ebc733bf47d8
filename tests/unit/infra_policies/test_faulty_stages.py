"""Stages that cannot be right: each gives one error with file, line and remedy, exit code 2, and no output file."""

import json
from pathlib import Path
from typing import Any

import pytest

PREPROD = '    account: "222222222222"'
FAULTS = [
    pytest.param(
        PREPROD,
        '    account: "111111111111"',
        ":15:5: stages.preprod.account",
        "names the dev account",
        id="dev-as-target",
    ),
    pytest.param(
        PREPROD,
        '    account: "333333333333"',
        ".account",
        "account 333333333333 is stage 'preprod' already",
        id="two-stages",
    ),
    pytest.param(PREPROD, "    account: 222222222222", "stages.preprod.account", "put quotes around", id="a-number"),
    pytest.param(
        PREPROD, '    account: "22222222222"', "stages.preprod.account", "write its 12 digits", id="11-digits"
    ),
    pytest.param(
        "    role: arn:aws:iam::333333333333:role/MlopsDeployRole",
        "    role: MlopsDeployRole",
        "stages.prod.role",
        "is no role's ARN",
        id="a-role-without-arn",
    ),
    pytest.param(
        "arn:aws:iot:eu-west-1:333333333333:thinggroup/fleet",
        "arn:aws:iot:eu-west-1:333333333333:thing/camera",
        "stages.prod.target",
        "is no thing group's ARN",
        id="a-thing-as-target",
    ),
    pytest.param(
        "arn:aws:iot:eu-west-1:333333333333:thinggroup/fleet",
        "arn:aws:iot:eu-west-1:111111111111:thinggroup/fleet",
        "stages.prod.target",
        "is of account 111111111111, and the stage's is 333333333333",
        id="a-target-in-dev",
    ),
    pytest.param(
        "arn:aws:iot:eu-west-1:333333333333:thinggroup/fleet",
        "arn:aws-cn:iot:eu-west-1:333333333333:thinggroup/fleet",
        "stages.prod.target",
        "is of partition aws-cn",
        id="another-partition",
    ),
    pytest.param(
        "arn:aws:iot:eu-west-1:333333333333:thinggroup/fleet",
        "arn:aws:iot:eu-west-2:333333333333:thinggroup/fleet",
        "stages.prod.target",
        "is of region eu-west-2",
        id="another-region",
    ),
    pytest.param(
        "    external-id: example-prod\n", "", "stages.prod", "has a role and no external-id", id="no-external-id"
    ),
    pytest.param("external-id: example-prod", "external-id: '?'", "external-id", "is malformed", id="an-external-id"),
    pytest.param(
        "artifact-bucket: example-artifacts", "artifact-bucket: Example", "artifact-bucket", "bucket", id="bucket"
    ),
    pytest.param("  dev:\n", "  development:\n", "stages", "there is no stage 'dev'", id="no-dev"),
    pytest.param(
        "external-id: example-dev\n    key:", "external-id: example-dev\n    keys:", "keys", "did you mean", id="key"
    ),
    pytest.param(
        "    external-id: example-prod\n",
        "    external-id: example-prod\n    key: arn:aws:kms:eu-west-1:333333333333:key/1\n",
        "stages.prod.key",
        "belongs to the stage dev alone",
        id="a-key-outside-dev",
    ),
    pytest.param(
        "arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555",
        "arn:aws:kms:eu-west-1:111111111111:alias/mlops",
        "stages.dev.key",
        "and no alias",
        id="an-alias",
    ),
    pytest.param(
        "333333333333:thinggroup/canary",
        "222222222222:thinggroup/canary",
        "stages.prod.canary",
        "is of account 222222222222, and the stage's is 333333333333",
        id="a-canary-in-another-account",
    ),
    pytest.param(
        "333333333333:thinggroup/canary",
        "333333333333:thinggroup/fleet",
        "stages.prod",
        "has one group as target and canary",
        id="a-canary-that-is-the-target",
    ),
    pytest.param(
        "    external-id: example-prod\n",
        "    external-id: example-prod\n    source: {bucket: sources}\n",
        "stages.prod.source",
        "belongs to the stage dev alone",
        id="a-source-outside-dev",
    ),
    pytest.param("com.example.digits", "digits", "custom-components", "no beginning in common", id="no-namespace"),
]


@pytest.mark.parametrize(("right", "wrong", "place", "words"), FAULTS)
def test_a_fault_of_stages_is_told_with_its_place(
    publisher: Any, edited: Any, tmp_path: Path, right: str, wrong: str, place: str, words: str
) -> None:
    config = edited(right, wrong)
    answer = publisher("policies", "render", "--stage", "prod", "--config", config, "--out", tmp_path / "out")
    assert answer.exit_code == 2
    assert "greengrass-config.yml:" in answer.err
    assert place in answer.err
    assert words in answer.err
    assert not (tmp_path / "out").exists()


def test_a_misspelt_stage_is_guessed(publisher: Any, config: Path) -> None:
    answer = publisher("policies", "render", "--stage", "prd", "--config", config)
    assert answer.exit_code == 2
    assert "there is no stage 'prd'" in answer.err
    assert "did you mean 'prod'?" in answer.err


def test_a_config_without_stages_says_how_to_add_them(publisher: Any, config: Path) -> None:
    text = config.read_text()
    config.write_text(text[: text.index("\nstages:")] + text[text.index("\ncustom-components:") :])
    answer = publisher("policies", "render", "--stage", "prod", "--config", config)
    assert answer.exit_code == 2
    assert "the config has no stages" in answer.err
    assert "docs/policies.md" in answer.err


def test_without_the_key_the_dev_stack_comes_first(publisher: Any, edited: Any, tmp_path: Path) -> None:
    config = edited("    key: arn:aws:kms:eu-west-1:111111111111:key/11111111-2222-3333-4444-555555555555\n", "")
    refused = publisher("policies", "render", "--stage", "prod", "--config", config)
    assert refused.exit_code == 2
    assert "deploy dev-account.yaml first" in refused.err
    given = publisher("policies", "parameters", "--stage", "dev", "--config", config, "--out", tmp_path / "out")
    assert given.exit_code == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["dev.dev-account.json"]
    assert "stages.dev has no key yet" in given.err


def test_the_faults_come_as_json_too(publisher: Any, edited: Any) -> None:
    config = edited(PREPROD, '    account: "111111111111"')
    answer = publisher("policies", "render", "--stage", "prod", "--config", config, "--json")
    assert answer.exit_code == 2
    faults = json.loads(answer.out)["diagnostics"]
    assert faults[0]["path"] == "stages.preprod.account"
    assert faults[0]["line"] == 15
