"""What somebody types who has just installed it: each answer says what to do next."""

import importlib.metadata
from collections.abc import Callable

import pytest

Run = Callable[..., tuple[int, str, str]]


def test_the_help_shows_every_command_whole_and_the_exit_codes(run: Run) -> None:
    code, out, _ = run("--help")
    assert code == 0
    commands = out.partition("Commands:")[2].partition("A release's way")[0]
    assert "..." not in commands
    for name in ("init", "validate", "plan", "build", "publish", "deploy", "status", "rollback", "doctor", "lint"):
        assert f"  {name} " in commands
    assert "5 a device rejected a model" in " ".join(out.split())


def test_the_version_is_the_distribution_s(run: Run) -> None:
    assert run("--version") == (0, f"mlops-at-edge {importlib.metadata.version('mlops-at-edge')}\n", "")


@pytest.mark.parametrize(
    "words",
    [
        ("validate",),
        ("build",),
        ("plan",),
        ("publish", "--stage", "prod"),
        ("deploy", "--stage", "prod"),
        ("rollback", "--stage", "prod"),
        ("status", "--stage", "prod"),
        ("doctor", "--stage", "prod"),
        ("policies", "parameters"),
        ("policies", "render", "--stage", "prod"),
        ("policies", "lint"),
    ],
)
def test_in_a_folder_with_no_repository_it_says_how_to_come_by_one(run: Run, words: tuple[str, ...]) -> None:
    code, _, err = run(*words)
    assert code == 2
    assert "greengrass-config.yml: there is no such file" in err
    assert "make a new repository with `cloud-publisher init`" in err


def test_a_config_that_was_named_wrong_is_named_back(run: Run) -> None:
    code, _, err = run("validate", "--config", "other.yml")
    assert code == 2
    assert "other.yml: there is no such file" in err
