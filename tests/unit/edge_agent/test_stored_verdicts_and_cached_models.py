"""What a device remembers over restarts: verdicts, cached models, holds."""

import shutil
from pathlib import Path

from edge_agent.memory import Memory
from edge_agent.serving.model_cache import CachedModel, ModelCache
from edge_agent.vetting.protocol import Outcome, refused
from edge_agent.vetting.verdicts import Verdicts
from shared_schema.digests import model_digest_of_folder
from shared_schema.messages import Reason

DIGEST = "k" * 43


def verdicts(tmp_path: Path, agent: str = "1.0.0", runtime: str = "1.32.0") -> Verdicts:
    return Verdicts(tmp_path / "verdicts", agent, runtime)


def test_a_verdict_holds_over_a_restart_for_the_same_agent_and_runtime_only(tmp_path: Path) -> None:
    verdicts(tmp_path).keep(DIGEST, Outcome(accepted=True, digest=DIGEST))
    again = verdicts(tmp_path).of(DIGEST)
    assert again is not None
    assert again.holds
    assert verdicts(tmp_path, agent="1.0.1").of(DIGEST) is None
    assert verdicts(tmp_path, runtime="1.33.0").of(DIGEST) is None


def test_a_refusal_for_content_holds_at_once(tmp_path: Path) -> None:
    assert verdicts(tmp_path).keep(DIGEST, refused(Reason.GOLDEN, "wrong")).holds


def test_a_refusal_for_time_memory_or_a_signal_is_tried_once_more(tmp_path: Path) -> None:
    for reason in (Reason.TIMEOUT, Reason.MEMORY, Reason.SIGNAL):
        digest = model = reason.value.ljust(64, "0")
        assert not verdicts(tmp_path).keep(digest, refused(reason, "once")).holds
        assert verdicts(tmp_path).keep(model, refused(reason, "twice")).holds


def test_an_unreadable_verdict_is_none(tmp_path: Path) -> None:
    verdicts(tmp_path).keep(DIGEST, Outcome(accepted=True))
    for path in (tmp_path / "verdicts").iterdir():
        path.write_text('{"accepted": ', "utf-8")
    assert verdicts(tmp_path).of(DIGEST) is None


def keep(cache: ModelCache, tmp_path: Path, number: int, model: str = "digits") -> str:
    files = tmp_path / "artifact"
    (files / "golden").mkdir(parents=True)
    (files / "model.onnx").write_text(f"{model} {number}", "utf-8")
    (files / "golden" / "a.png").write_text("a", "utf-8")
    (files / "model.onnx").chmod(0o440)
    digest = model_digest_of_folder(files)
    cache.keep(CachedModel(model=model, component="c", version=f"{number}.0.0", digest=digest), files)
    shutil.rmtree(files)
    return digest


def test_the_last_two_confirmed_versions_of_each_model_are_cached(tmp_path: Path) -> None:
    cache = ModelCache(tmp_path / "model-cache")
    other = keep(cache, tmp_path, 1, "other")
    digests = [keep(cache, tmp_path, number) for number in (1, 2, 3)]
    again = ModelCache(tmp_path / "model-cache")
    assert [model.version for model in again.of("digits")] == ["3.0.0", "2.0.0"]
    assert [model.digest for model in again.of("other")] == [other]
    assert not again.folder(digests[0]).exists()
    assert model_digest_of_folder(again.folder(digests[2])) == digests[2]


def test_a_version_that_is_confirmed_again_comes_first(tmp_path: Path) -> None:
    cache = ModelCache(tmp_path / "model-cache")
    for number in (1, 2, 1):
        keep(cache, tmp_path, number)
    assert [model.version for model in cache.of("digits")] == ["1.0.0", "2.0.0"]


def test_holds_and_confirming_agents_are_remembered(tmp_path: Path) -> None:
    memory = Memory(tmp_path / "memory.json")
    memory.hold("digits", DIGEST)
    memory.confirmed("1.0.0")
    again = Memory(tmp_path / "memory.json")
    assert again.says.held == {"digits": DIGEST}
    assert again.has_confirmed("1.0.0")
    assert not again.has_confirmed("1.0.1")
    again.unhold("digits")
    assert Memory(tmp_path / "memory.json").says.held == {}


def test_a_memory_that_cannot_be_read_begins_anew(tmp_path: Path) -> None:
    (tmp_path / "memory.json").write_text("half", "utf-8")
    assert Memory(tmp_path / "memory.json").says.held == {}
