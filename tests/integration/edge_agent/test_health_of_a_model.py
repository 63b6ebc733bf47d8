"""What health says of a served model: the provider that it fell back to, and its latencies."""

from collections.abc import Callable
from pathlib import Path

from edge_agent.inference.loaded_model import open_model
from edge_agent.memory import Memory
from edge_agent.reporting.publish_queue import PublishQueue
from edge_agent.reporting.reporter import Reporter
from edge_agent.serving.served_models import ServedModels, Target
from edge_agent.snapshot import Snapshot
from shared_schema.messages import AgentState, Channel, Health, ModelHealth
from shared_schema.topics import Topics

WriteModel = Callable[..., Path]


def health_of(folder: Path, work: Path) -> ModelHealth:
    served_models = ServedModels(lambda model: model.close())
    served_models.swap(Target("halves", "com.example.halves", "1.0.0", "w" * 43, "1"), open_model(folder))
    lease = served_models.lease("halves")
    assert lease is not None
    with lease:
        for milliseconds in (1.0, 2.0, 40.0):
            lease.served.handle.meter.count(milliseconds)
    sent: list[bytes] = []
    publish_queue = PublishQueue("publish-queue", lambda _, payload: sent.append(payload))
    reporter = Reporter("device-1", work, publish_queue, Memory(work / "memory.json"))
    reporter.topics = Topics("halves-demo", "device-1")
    reporter.health(Snapshot(AgentState.SERVING, None, "1", served_models.serving(), {}, (Channel.SUBSCRIBED,)))
    publish_queue.start()
    publish_queue.stop(10)
    health = Health.model_validate_json(sent[0])
    assert health.channels == ["subscribed"]
    return health.models["halves"]


def test_a_provider_that_the_device_lacks_is_shown_beside_the_one_it_fell_back_to(
    tmp_path: Path, write_model: WriteModel
) -> None:
    folder = write_model(tmp_path / "model")
    manifest = folder / "model.yaml"
    providers = "runtime: {providers: [TensorrtExecutionProvider, CPUExecutionProvider]}\n"
    manifest.write_text(manifest.read_text("utf-8") + providers, "utf-8")
    found = health_of(folder, tmp_path)
    assert (found.provider, found.provider_wanted) == ("CPUExecutionProvider", "TensorrtExecutionProvider")


def test_where_the_first_choice_is_taken_there_is_nothing_to_add(tmp_path: Path, write_model: WriteModel) -> None:
    found = health_of(write_model(tmp_path / "model"), tmp_path)
    assert (found.provider, found.provider_wanted) == ("CPUExecutionProvider", None)
    assert found.latency_ms is not None
    assert (found.requests, found.latency_ms.max) == (3, 40.0)
    assert 1.9 < found.latency_ms.p50 < 2.1
