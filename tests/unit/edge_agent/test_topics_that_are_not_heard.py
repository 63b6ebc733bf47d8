"""A local topic that the recipe gives no right to: health says so for as long as the settings name it."""

from pathlib import Path

from edge_agent.control.doors import Doors
from edge_agent.errors import NotAllowedError
from edge_agent.surroundings import Surroundings


class Ears:
    """Records what is followed; ``deaf`` to some local topics."""

    forgets = True

    def __init__(self, *deaf: str) -> None:
        self.deaf = set(deaf)
        self.followed: list[str] = []

    def configuration(self, component: str, key: str) -> object | None:  # noqa: ARG002
        return None

    def end(self, name: str) -> None: ...
    def follow_configuration(self, name: str, component: str) -> None: ...
    def offer_validation(self, name: str) -> None: ...
    def offer_consent(self, name: str) -> None: ...
    def follow_command(self, name: str, topic: str) -> None: ...

    def follow_local(self, name: str, topic: str) -> None:  # noqa: ARG002
        if topic in self.deaf:
            raise NotAllowedError("subscribe_to_topic is not allowed; add it to the accessControl")
        self.followed.append(topic)


def doors_of(ears: Ears) -> Doors:
    return Doors(ears, Surroundings("com.example.agent", "thing", Path("/root"), Path("/work")))


def test_it_is_told_until_it_is_heard() -> None:
    ears = Ears("line/busy")
    doors = doors_of(ears)
    doors.listen(frozenset({"line/busy", "asks"}))
    assert not doors.subscribe(), "to be tried again"
    assert doors.troubles == ("line/busy is not heard: subscribe_to_topic is not allowed; add it to the accessControl",)
    ears.deaf.clear()
    assert doors.subscribe()
    assert doors.troubles == ()
    assert sorted(ears.followed) == ["asks", "line/busy"]


def test_what_the_settings_name_no_more_is_told_no_more() -> None:
    doors = doors_of(Ears("line/busy"))
    doors.listen(frozenset({"line/busy"}))
    doors.subscribe()
    doors.listen(frozenset())
    assert doors.troubles == ()
