"""A local topic that the recipe does not allow: health reports it while the settings name it."""

from pathlib import Path

from edge_agent.component_environment import ComponentEnvironment
from edge_agent.control.subscriptions import Subscriptions
from edge_agent.errors import NotAllowedError


class Link:
    """Records subscriptions; refuses those to the ``deaf`` topics."""

    forgets = True

    def __init__(self, *deaf: str) -> None:
        self.deaf = set(deaf)
        self.subscribed: list[str] = []

    def configuration(self, component: str, key: str) -> object | None:  # noqa: ARG002
        return None

    def end(self, name: str) -> None: ...
    def subscribe_to_configuration(self, name: str, component: str) -> None: ...
    def offer_validation(self, name: str) -> None: ...
    def offer_consent(self, name: str) -> None: ...
    def subscribe_to_command(self, name: str, topic: str) -> None: ...

    def subscribe_to_local(self, name: str, topic: str) -> None:  # noqa: ARG002
        if topic in self.deaf:
            raise NotAllowedError("subscribe_to_topic is not allowed; add it to the accessControl")
        self.subscribed.append(topic)


def subscriptions_of(link: Link) -> Subscriptions:
    return Subscriptions(link, ComponentEnvironment("com.example.agent", "thing", Path("/root"), Path("/work")))


def test_it_is_told_until_it_is_heard() -> None:
    link = Link("line/busy")
    subscriptions = subscriptions_of(link)
    subscriptions.listen(frozenset({"line/busy", "asks"}))
    assert not subscriptions.subscribe(), "to be tried again"
    assert subscriptions.troubles == (
        "line/busy is not heard: subscribe_to_topic is not allowed; add it to the accessControl",
    )
    link.deaf.clear()
    assert subscriptions.subscribe()
    assert subscriptions.troubles == ()
    assert sorted(link.subscribed) == ["asks", "line/busy"]


def test_what_the_settings_name_no_more_is_told_no_more() -> None:
    subscriptions = subscriptions_of(Link("line/busy"))
    subscriptions.listen(frozenset({"line/busy"}))
    subscriptions.subscribe()
    subscriptions.listen(frozenset())
    assert subscriptions.troubles == ()
