"""A rehearsal's processes: what they get, and how one that fails or hangs is reported."""

import json
import sys

import pytest

from rehearsal.errors import RehearsalError
from rehearsal.processes import output_of

REMEDY = "correct it"


def test_no_process_gets_the_developers_own_account(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "a developer's")
    monkeypatch.setenv("HOUSE", "kept")
    program = "import json, os; print(json.dumps(dict(os.environ)))"
    printed = output_of(
        [sys.executable, "-c", program], name="a script", remedy=REMEDY, seconds=60, environment={"OWN": "given"}
    )
    found = json.loads(printed)
    assert "AWS_PROFILE" not in found
    assert (found["HOUSE"], found["OWN"]) == ("kept", "given")


def test_an_unexpected_exit_code_is_an_error_with_the_output_and_the_remedy() -> None:
    command = [sys.executable, "-c", "import sys; print('half done'); sys.exit('no space')"]
    with pytest.raises(RehearsalError) as caught:
        output_of(command, name="a script", remedy=REMEDY, seconds=60)
    said = "a script ended with exit code 1; its last lines:\n    | half done\n    | no space"
    assert (caught.value.problem, caught.value.remedy) == (said, REMEDY)
    assert output_of(command, name="a script", remedy=REMEDY, seconds=60, ends=1) == "half done\n"


def test_a_training_that_raises_is_told_in_our_words_and_its_traceback_is_marked_as_its_own() -> None:
    command = [sys.executable, "-c", "\n" * 40 + "print(chr(10) * 30); raise ValueError('no data')"]
    with pytest.raises(RehearsalError) as caught:
        output_of(command, name="train.py", remedy=REMEDY, seconds=60)
    first, *lines = caught.value.problem.splitlines()
    assert first == "train.py ended with exit code 1; its last lines:"
    assert len(lines) == 20
    assert all(line.startswith("    |") for line in lines)
    assert lines[-1] == "    | ValueError: no data"


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (["sh", "-c", "kill -9 $$"], "a script was ended by signal 9; it printed nothing"),
        (["/no/such/program"], "a script cannot be started: No such file or directory"),
    ],
)
def test_one_that_is_killed_or_that_is_not_there_is_an_error_too(command: list[str], words: str) -> None:
    with pytest.raises(RehearsalError) as caught:
        output_of(command, name="a script", remedy=REMEDY, seconds=60)
    assert caught.value.problem == words


def test_a_process_that_hangs_is_an_error_with_what_it_printed_so_far() -> None:
    command = ["sh", "-c", "echo begun; exec sleep 60"]
    with pytest.raises(RehearsalError) as caught:
        output_of(command, name="a script", remedy=REMEDY, seconds=1)
    assert caught.value.problem == "a script was not done within 1 s; its last lines:\n    | begun"
