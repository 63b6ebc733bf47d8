"""The agent's log: one line an event, which a logfmt reader takes apart and a person finds by its words."""

import logging
import re
import subprocess
import sys

import pytest
from logfmter import Logfmter

from edge_agent.bringing_up.lines import tell

SAYING = """
import logging
from edge_agent.log import log_to_stderr

log_to_stderr()
log = logging.getLogger("edge_agent.said")
log.info("swapped", extra={"model": "digits", "version": "1.0.0"})
log.warning("busy for too long", extra={"why": 'a "quoted" word', "limit": 60.0, "ok": False})
log.debug("not said")
try:
    {}["gone"]
except KeyError:
    log.exception("job failed", extra={"source": "camera"})
"""


def test_an_event_is_one_line_and_a_traceback_stands_below_its_own() -> None:
    done = subprocess.run(
        [sys.executable, "-c", SAYING], check=True, stderr=subprocess.PIPE, text=True, errors="strict", timeout=60
    )
    lines = done.stderr.splitlines()
    at = re.compile(r'^at="\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}" ')
    assert [at.sub("", line) for line in lines[:4]] == [
        "level=INFO logger=edge_agent.said msg=swapped model=digits version=1.0.0",
        r'level=WARNING logger=edge_agent.said msg="busy for too long" why="a \"quoted\" word" limit=60.0 ok=false',
        'level=ERROR logger=edge_agent.said msg="job failed" source=camera',
        "Traceback (most recent call last):",
    ]
    assert all(at.match(line) for line in lines[:3])
    assert lines[-1] == "KeyError: 'gone'"


@pytest.mark.parametrize(
    "value", ["plain", "two words", "a=b", 'quo"te', "back\\slash", "new\nline", "", "ünï", 'both "x" \\ y', 3, 1.5]
)
def test_the_program_that_brings_it_up_writes_its_lines_alike(
    value: object, capsys: pytest.CaptureFixture[str]
) -> None:
    tell("INFO", "said so", words=value)
    record = logging.LogRecord("x", logging.INFO, "x.py", 1, "said so", None, None)
    record.words = value
    alike = Logfmter(keys=["level"], mapping={"level": "levelname"}).format(record)
    told = capsys.readouterr().err.removesuffix("\n")
    at = r'at="\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}" '
    assert re.sub(at, "", told).replace("logger=edge_agent.bringing_up ", "") == alike
