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
    with pytest.raises(RehearsalError, match=r"(?s)a script ended with 1:.*half done.*no space") as caught:
        output_of(command, name="a script", remedy=REMEDY, seconds=60)
    assert caught.value.remedy == REMEDY
    assert output_of(command, name="a script", remedy=REMEDY, seconds=60, ends=1) == "half done\n"


def test_a_process_that_hangs_is_an_error() -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(RehearsalError, match=r"a script was not done within 0\.2 s"):
        output_of(command, name="a script", remedy=REMEDY, seconds=0.2)
