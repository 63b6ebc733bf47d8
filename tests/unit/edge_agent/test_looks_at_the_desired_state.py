"""A desired state that is read while it is half written changes nothing."""

from typing import Any

from edge_agent.control.reading import Reading
from shared_schema.desired_state import DesiredModel, DesiredState

MODEL = DesiredModel(component="c.digits", version="1.0.0", digest="A" * 43)


def document(release: str) -> dict[str, Any]:
    return DesiredState(release=release, models={"digits": MODEL}, settings={"health": {"interval": "5"}}).sealed()


class Subscriptions:
    def __init__(self) -> None:
        self.subscribed: object = None

    def read(self) -> tuple[object, object]:
        return None, self.subscribed


class Reconciler:
    def __init__(self) -> None:
        self.applied: Any = None
        self.releases: list[str] = []

    def apply(self, applied: Any, now: float, artifact_deadline: float) -> bool:  # noqa: ARG002
        if self.applied is not None and self.applied.state == applied.state:
            return False
        self.applied = applied
        self.releases.append(applied.state.release)
        return True


def test_half_a_document_is_looked_at_again_and_what_was_applied_goes_on() -> None:
    subscriptions, reconciler, in_force = Subscriptions(), Reconciler(), []
    last_confirmed: Any = None
    reading = Reading(subscriptions, reconciler, last_confirmed, in_force.append)  # type: ignore[arg-type]
    subscriptions.subscribed = document("7")
    assert reading.read(0.0) is None
    whole = document("8")
    for half in (
        {},
        {"form": "2", "release": "8"},
        {**whole, "models": {}},
        {**document("7"), "release": "8"},
        {key: value for key, value in whole.items() if key != "settings"},
        {**whole, "settings": {"health": {"interval": "6"}}},
    ):
        subscriptions.subscribed = half
        pause = reading.read(1.0)
        assert (pause is None) == (half == {}), "read again, unless there is nothing"
        assert reconciler.releases == ["7"]
        assert reading.settings.health.interval == 5.0
    subscriptions.subscribed = whole
    assert reading.read(2.0) is None
    assert reconciler.releases == ["7", "8"]
    # While nothing changes, reading again has no effect.
    assert reading.read(62.0) is None
    assert len(in_force) == 2
