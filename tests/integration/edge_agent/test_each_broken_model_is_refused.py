"""Each model of ``tests/broken/models`` is refused for its own reason while a good one serves, undisturbed.

Vetted as a device vets it: by the loader, under the agent's own bookkeeping, from a nucleus's artifact folders.
"""

import importlib.util
import itertools
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from edge_agent.component_environment import AGENT_VERSION
from edge_agent.control.decisions import Applied
from edge_agent.control.reconciler import Reconciler
from edge_agent.inference.session import RUNTIME_VERSION
from edge_agent.memory import Memory
from edge_agent.processes.template import Template
from edge_agent.serving.loader import Judged, Loaded, Loader
from edge_agent.serving.model_cache import ModelCache
from edge_agent.serving.served_models import ServedModels
from edge_agent.vetting.copies import Copies
from edge_agent.vetting.verdicts import Verdicts
from edge_agent.vetting.vetter import WORKER, Vetter
from shared_schema.desired_state import DesiredModel, DesiredState
from shared_schema.digests import model_digest_of_folder
from shared_schema.errors import UndigestibleModelError
from shared_schema.messages import Channel, ModelConfirmation, Verdict

pytestmark = pytest.mark.models

SCRIPT = Path(__file__).parents[2] / "broken" / "models" / "make_models.py"
COMPONENT = "com.example.halves"
DEADLINE = 40.0


def _script() -> Any:
    spec = importlib.util.spec_from_file_location("make_broken_models", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


MODELS = _script()


class Line:
    """A device whose model is asked without a pause, and a desired state that may name another model."""

    def __init__(self, folder: Path) -> None:
        self.root, state = folder / "root", folder / "state"
        self.answers: list[Loaded | Judged] = []
        self.said: list[ModelConfirmation] = []
        self.predicted = 0
        self.wrong: list[str] = []
        self._arrived = threading.Event()
        self._stop = threading.Event()
        self._releases = itertools.count(1_800_000_000)
        model_cache = ModelCache(state / "model-cache", state / "copies")
        self._template = Template([WORKER])
        self._template.start()
        verdicts = Verdicts(state / "verdicts", AGENT_VERSION, RUNTIME_VERSION)
        copies = Copies(state / "copies")
        self._loader = Loader(verdicts, model_cache, copies, Vetter(self._template), self._post)
        self._served_models = ServedModels(self._loader.close)
        self._reconciler = Reconciler(
            self.root,
            self._served_models,
            self._loader,
            model_cache,
            Memory(state / "memory.json"),
            lambda _, said: self._say(said),
        )
        self._asking = threading.Thread(target=self._ask)
        self._loader.start()
        good = MODELS.write_good(self.place("1.0.0"))
        self.digest = model_digest_of_folder(good)
        self._allowed = {self.digest}
        assert self.apply("1.0.0", self.digest).verdict == Verdict.CONFIRMED
        self._asking.start()

    def place(self, version: str) -> Path:
        place = self.root / "packages" / "artifacts-unarchived" / COMPONENT / version
        place.mkdir(parents=True)
        return place / "halves"

    def apply(self, version: str, digest: str) -> ModelConfirmation:
        """Apply a document that names this version. Return its confirmation."""
        self.propose(version, digest)
        return self.hear(version)

    def propose(self, version: str, digest: str) -> None:
        models = {"halves": DesiredModel(component=COMPONENT, version=version, digest=digest)}
        state = DesiredState(release=str(next(self._releases)), models=models)
        self.said.clear()
        self._reconciler.apply(Applied(state, Channel.VALIDATED), time.monotonic(), 0.0)

    def hear(self, version: str) -> ModelConfirmation:
        ends = time.monotonic() + DEADLINE
        while not self.said:
            assert self._arrived.wait(max(0.0, ends - time.monotonic())), f"no verdict on {version}"
            self._arrived.clear()
            for answer in self.answers[:]:
                assert isinstance(answer, Loaded)
                self._reconciler.loaded(answer)
                self.answers.remove(answer)
        return self.said[0]

    def goes_on(self, before: int) -> bool:
        """Return whether it predicts more than before, within the deadline: a refusal may take less than a frame."""
        ends = time.monotonic() + DEADLINE
        while self.predicted <= before and time.monotonic() < ends:
            time.sleep(0.01)
        return self.predicted > before

    def allow(self, digest: str) -> None:
        """Allow another model to serve."""
        self._allowed.add(digest)

    def close(self) -> None:
        self._stop.set()
        self._asking.join(10)
        self._loader.stop(10)
        self._template.stop()

    def _post(self, answer: Loaded | Judged) -> None:
        self.answers.append(answer)
        self._arrived.set()

    def _say(self, said: ModelConfirmation) -> None:
        self.said.append(said)

    def _ask(self) -> None:
        for label in itertools.cycle(("top", "bottom")):
            if self._stop.is_set():
                return
            lease = self._served_models.lease("halves")
            if lease is None:
                self.wrong.append("nothing served")
                continue
            with lease:
                answer = lease.served.handle.model.answer(MODELS.half(label))
                if answer.output["label"] != label or lease.served.target.digest not in self._allowed:
                    self.wrong.append(f"{lease.served.target.version} says {answer.output}")
            self.predicted += 1
            self._stop.wait(0.002)


def _workers() -> list[psutil.Process]:
    return [each for each in psutil.Process().children(recursive=True) if each.name() == "edge-worker"]


@pytest.fixture(scope="module")
def line(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Line]:
    line = Line(tmp_path_factory.mktemp("line"))
    yield line
    line.close()


def _digest(folder: Path) -> str:
    try:
        return model_digest_of_folder(folder)
    except UndigestibleModelError:
        return "0" * 43


@pytest.mark.parametrize("name", list(MODELS.BROKEN))
def test_it_is_refused_with_its_own_reason_and_disturbs_nothing(name: str, line: Line) -> None:
    expected = MODELS.BROKEN[name]
    version = f"2.0.{list(MODELS.BROKEN).index(name)}"
    folder = MODELS.make(line.place(version), name)
    before = line.predicted
    said = line.apply(version, _digest(folder))
    assert (said.version, said.verdict) == (version, Verdict.REJECTED)
    assert said.reason is not None
    assert said.reason.value in expected.reason.split("|"), said.words
    assert MODELS.matches(expected.words, said.words or ""), said.words
    reached = list(said.steps_ms)[-1] if said.steps_ms else "start"
    if said.reason.value not in {"timeout", "signal"}:
        # A worker that was killed reports no more; the words name its step.
        assert reached in expected.step.split("|")
    else:
        assert any((said.words or "").startswith(step) for step in expected.step.split("|"))
    assert line.goes_on(before)
    assert line.wrong == []
    assert _workers() == []
    # Name the model that serves again: it is confirmed without being loaded.
    assert line.apply("1.0.0", line.digest).verdict == Verdict.CONFIRMED


def test_of_two_proposals_the_later_one_wins_and_the_earlier_is_abandoned_in_the_middle_of_its_vetting(
    line: Line,
) -> None:
    endless = MODELS.make(line.place("3.0.0"), "endless-loop")
    manifest = endless / "model.yaml"
    manifest.write_text(manifest.read_text("utf-8").replace("timeout: 3", "timeout: 600"), "utf-8")
    better = MODELS.write_good(line.place("3.0.1"), 2.0)
    line.propose("3.0.0", _digest(endless))
    ends = time.monotonic() + DEADLINE
    while not _workers():
        assert time.monotonic() < ends
        time.sleep(0.02)
    line.allow(_digest(better))
    said = line.apply("3.0.1", _digest(better))
    assert (said.version, said.verdict) == ("3.0.1", Verdict.CONFIRMED)
    assert _workers() == []
    # An abandoned model is not confirmed, and the replaced one comes back at once.
    assert [each.version for each in line.said] == ["3.0.1"]
    assert line.apply("1.0.0", line.digest).steps_ms == {}
    assert line.wrong == []


def test_the_script_writes_them_all(tmp_path: Path) -> None:
    """As a person would, to look at one with `edge-agent check`."""
    import subprocess
    import sys

    done = subprocess.run([sys.executable, str(SCRIPT), str(tmp_path)], capture_output=True, text=True, check=True)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == sorted(MODELS.BROKEN)
    assert len(done.stdout.splitlines()) == len(MODELS.BROKEN)
