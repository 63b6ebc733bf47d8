"""A worker that babbles, is silent, overruns or ends costs itself: control says what happened, and goes on."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from edge_agent.errors import TemplateError
from edge_agent.processes.template import Template
from edge_agent.vetting.copies import ModelFiles
from edge_agent.vetting.protocol import Outcome
from edge_agent.vetting.vetter import Vetter
from shared_schema.messages import Reason

HERE = Path(__file__).parent


@pytest.fixture(scope="module", name="template")
def template_fixture() -> Iterator[Template]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(HERE))
        template = Template(["hostile"])
        template.start()
        yield template
        template.stop()


def workers() -> list[int]:
    return [each.pid for each in psutil.Process().children() if each.name() == "edge-worker"]


def vetted(template: Template, folder: Path, does: str) -> Outcome:
    (folder / "does").write_text(does)
    before = workers()
    outcome = Vetter(template, "hostile").vet(ModelFiles(folder, "d" * 43, 1.0))
    assert workers() == before
    return outcome


@pytest.mark.parametrize(
    ("does", "reason", "words"),
    [
        ("no_json", Reason.LOAD, "load: the worker said what no worker says"),
        ("no_report", Reason.LOAD, "load: the worker said what no worker says"),
        ("a_gigabyte_announced", Reason.LOAD, "load: the worker said what no worker says"),
        ("endless_reports", Reason.LOAD, "load: the worker said what no worker says"),
        ("silence", Reason.TIMEOUT, "load: not done within 1 s"),
        ("exit_with_0", Reason.LOAD, "load: the worker ended with 0: it said nothing"),
        ("exit_with_words", Reason.LOAD, "load: the worker ended with 1: SystemExit: a last word"),
        ("close_and_go_on", Reason.TIMEOUT, "load: the worker closed its stream and went on"),
        ("abort", Reason.SIGNAL, "load: the model ended its process by SIGABRT"),
        ("killed", Reason.SIGNAL, "load: the model ended its process by SIGKILL"),
        ("half_a_message", Reason.LOAD, "load: the worker ended with 0: it said nothing"),
    ],
)
def test_it_is_ended_and_the_refusal_says_what_it_did(
    template: Template, tmp_path: Path, does: str, reason: Reason, words: str
) -> None:
    before = template.pid
    outcome = vetted(template, tmp_path, does)
    assert (outcome.accepted, outcome.reason) == (False, reason), outcome.words
    assert (outcome.words or "").startswith(words)
    assert not outcome.holds
    assert template.pid == before


def test_what_control_knows_itself_is_not_believed_of_a_worker(template: Template, tmp_path: Path) -> None:
    outcome = vetted(template, tmp_path, "a_digest_of_its_own")
    assert outcome.digest == "d" * 43
    assert outcome.steps_ms == {"digest": 1.0, "load": 1.0}
    assert outcome.tries == 1


def test_a_template_that_dies_costs_a_second_and_no_worker(template: Template, tmp_path: Path) -> None:
    with template.fork("hostile") as worker:
        first = template.pid
        assert first is not None
        os.kill(first, signal.SIGKILL)
        assert vetted(template, tmp_path, "abort").reason is Reason.SIGNAL
        assert template.pid not in {None, first}
        # The worker of the dead template is control's own child: it lives on.
        assert worker.code(0.0) is None


def test_template_and_workers_outlive_the_signals_of_a_nucleus(template: Template, tmp_path: Path) -> None:
    """Classic signals a component's descendants before itself, lite all of them at once."""
    with template.fork("hostile") as worker:
        assert template.pid is not None
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(worker.pid, number)
            os.kill(template.pid, number)
        first = template.pid
        assert vetted(template, tmp_path, "abort").reason is Reason.SIGNAL
        assert template.pid == first
        assert worker.code(0.0) is None


def test_a_template_that_cannot_import_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    template = Template(["no.such.module"])
    with pytest.raises(TemplateError, match="the template has ended"):
        template.fork("no.such.module")
    assert template.pid is None or not psutil.pid_exists(template.pid)
    template.stop()


def test_a_template_with_threads_forks_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A fork would copy locks that nobody frees."""
    starts = "import threading, time\nthreading.Thread(target=time.sleep, args=(60,)).start()"
    (tmp_path / "threaded.py").write_text(starts)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    template = Template(["threaded"])
    with pytest.raises(TemplateError):
        template.fork("threaded")
    template.stop()
