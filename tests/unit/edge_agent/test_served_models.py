"""A swap changes the model of the next request. Requests in flight end on the model that they hold."""

import threading
from pathlib import Path
from typing import Any, cast

from edge_agent.inference.loaded_model import LoadedModel
from edge_agent.serving.served_models import ServedModels, Target


def target(version: int) -> Target:
    return Target("digits", "com.example.digits", f"{version}.0.0", str(version) * 64, str(version))


def opened(version: int) -> LoadedModel:
    return LoadedModel(Path(f"/{version}"), cast(Any, None), object(), cast(Any, None))


def test_a_model_is_closed_only_when_the_last_request_that_holds_it_is_done() -> None:
    closed: list[LoadedModel] = []
    served_models = ServedModels(closed.append)
    models = [opened(version) for version in range(4)]
    served_models.swap(target(0), models[0])
    lease = served_models.lease("digits")
    assert lease is not None
    with lease:
        for version in (1, 2, 3):
            served_models.swap(target(version), models[version])
        assert closed == [models[1]]
        assert lease.served.handle.model is models[0]
    assert closed == [models[1], models[0]]


def test_previous_stays_open_and_comes_back_at_once() -> None:
    closed: list[LoadedModel] = []
    served_models = ServedModels(closed.append)
    one, two = opened(1), opened(2)
    served_models.swap(target(1), one)
    served_models.swap(target(2), two)
    back = served_models.back("digits")
    assert back is not None
    assert back.handle.model is one
    previous = served_models.previous("digits")
    assert previous is not None
    assert previous.handle.model is two
    assert closed == []


def test_there_is_no_way_back_without_a_previous() -> None:
    served_models = ServedModels(lambda _: None)
    served_models.swap(target(1), opened(1))
    assert served_models.back("digits") is None
    current = served_models.current("digits")
    assert current is not None
    assert current.target == target(1)


def test_a_withdrawn_model_serves_nobody() -> None:
    closed: list[LoadedModel] = []
    served_models = ServedModels(closed.append)
    one, two = opened(1), opened(2)
    served_models.swap(target(1), one)
    served_models.swap(target(2), two)
    served_models.withdraw("digits")
    assert served_models.lease("digits") is None
    assert sorted(map(id, closed)) == sorted(map(id, (one, two)))


def test_a_request_waits_for_the_first_model() -> None:
    served_models = ServedModels(lambda _: None)
    timer = threading.Timer(0.05, served_models.swap, (target(1), opened(1)))
    timer.start()
    lease = served_models.lease("digits", timeout=10)
    timer.join()
    assert lease is not None
    assert lease.served.target == target(1)


def test_the_same_digest_of_another_release_is_predicted_under_its_new_version() -> None:
    served_models = ServedModels(lambda _: None)
    served_models.swap(target(1), opened(1))
    renamed = Target("digits", "com.example.digits", "9.0.0", "w" * 43, "2")
    served_models.rename(renamed)
    lease = served_models.lease("digits")
    assert lease is not None
    assert lease.served.target == renamed
