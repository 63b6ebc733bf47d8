"""Replaced versions stay open only while the process is within its memory budget."""

from pathlib import Path
from typing import Any, cast

from edge_agent.inference.loaded_model import LoadedModel
from edge_agent.serving.budget import MIB, MemoryBudget, resident
from edge_agent.serving.served_models import ServedModels, Target


class Desk:
    """Two models, each with a previous version of 100 MiB, in a process that needs 300 MiB beside them."""

    def __init__(self) -> None:
        self.closed: list[str] = []
        self.now = 100.0
        self.served_models = ServedModels(lambda model: self.closed.append(model.folder.name))
        for version in ("1", "2"):
            for model in ("digits", "defects"):
                target = Target(model, "c", f"{version}.0.0", version * 64, version)
                self.served_models.swap(
                    target, LoadedModel(Path(f"/{model}-{version}"), cast(Any, None), object(), cast(Any, None))
                )
        self.budget = MemoryBudget(self.served_models, lambda: (500 - 100 * len(self.closed)) * MIB, lambda: self.now)


def test_within_the_budget_both_stay_open() -> None:
    desk = Desk()
    assert desk.budget.keep(500) is None
    assert desk.closed == []


def test_beyond_it_as_many_as_needed_are_closed_the_oldest_first() -> None:
    desk = Desk()
    assert desk.budget.keep(400) == "digits"
    # The memory of a closed model needs a moment to be free.
    assert desk.budget.keep(400) is None
    desk.now += 5
    assert desk.budget.keep(400) is None
    assert desk.closed == ["digits-1"]
    assert desk.served_models.previous("defects") is not None
    desk.now += 5
    assert desk.budget.keep(100) == "defects"
    desk.now += 5
    assert desk.budget.keep(100) is None
    assert sorted(desk.served_models.serving()) == ["defects", "digits"]


def test_a_previous_version_that_a_request_holds_is_closed_when_the_request_is_done() -> None:
    desk = Desk()
    lease = desk.served_models.lease("digits")
    assert lease is not None
    with lease:
        desk.served_models.back("digits")
        assert desk.budget.keep(100) == "digits"
        assert desk.closed == []
    assert desk.closed == ["digits-2"]


def test_the_memory_that_a_process_has_is_known() -> None:
    assert resident() > 10 * MIB
