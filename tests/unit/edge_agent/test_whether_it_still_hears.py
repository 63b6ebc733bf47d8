"""On a nucleus that forgets subscriptions: what the agent renews and when, and how long it sends echoes."""

from pathlib import Path

from edge_agent.component_environment import ComponentEnvironment
from edge_agent.control.echo import Echo
from edge_agent.control.renewal import Renewal
from edge_agent.control.subscriptions import Subscriptions
from edge_agent.control.timing import Bounds
from edge_agent.errors import NotAllowedError, NotOfferedError
from shared_schema.topics import Topics

TOPICS = Topics("line", "thing")
COMMANDS = ("cmd/line/thing/report", "cmd/line/thing/rollback", "cmd/line/thing/release-hold")
AGENT = "com.example.agent"


class Nucleus:
    """Lite, or classic; records what is subscribed to and published."""

    def __init__(self, *, lite: bool = True, forgets: bool = True) -> None:
        self.forgets = forgets
        self.lite = lite
        self.subscribed: list[str] = []
        self.published: list[tuple[str, bytes]] = []
        self.ended: list[str] = []
        self.away = False

    def end(self, name: str) -> None:
        self.ended.append(name)

    def configuration(self, component: str, key: str) -> object | None:  # noqa: ARG002
        return None

    def subscribe_to_configuration(self, name: str, component: str) -> None:  # noqa: ARG002
        self.subscribed.append(name)

    def offer_validation(self, name: str) -> None:
        self.subscribe_to_configuration(name, "")
        if self.lite:
            raise NotOfferedError("unknown")

    def offer_consent(self, name: str) -> None:
        self.offer_validation(name)

    def subscribe_to_command(self, name: str, topic: str) -> None:  # noqa: ARG002
        self.subscribed.append(name)

    subscribe_to_local = subscribe_to_command

    def publish(self, topic: str, payload: bytes) -> None:
        if self.away:
            raise NotOfferedError("offline")
        self.published.append((topic, payload))

    publish_local = publish

    def new(self) -> set[str]:
        """What was subscribed to since the last look."""
        found, self.subscribed = set(self.subscribed), []
        return found


def agent_on(nucleus: Nucleus, *local: str, echo: float = 0.0) -> tuple[Subscriptions, Renewal]:
    subscriptions = Subscriptions(nucleus, ComponentEnvironment(AGENT, "thing", Path("/root"), Path("/work")))
    renewal = Renewal(nucleus, subscriptions, AGENT, Bounds(renewal=0.0, echo=echo), lambda: not nucleus.away)
    subscriptions.listen(frozenset(local))
    subscriptions.subscribe()
    subscriptions.ask_cloud(renewal.asked_of_cloud(TOPICS))
    for name in renewal.asked_of_cloud(TOPICS):
        subscriptions.granted(name)
    nucleus.new()
    return subscriptions, renewal


def renewed(nucleus: Nucleus, subscriptions: Subscriptions, renewal: Renewal) -> set[str]:
    subscriptions.subscribe()
    subscriptions.ask_cloud(renewal.asked_of_cloud(TOPICS))
    return nucleus.new()


def test_on_lite_configurations_are_renewed_each_time_and_topics_once_their_echo_is_missed() -> None:
    nucleus = Nucleus()
    subscriptions, renewal = agent_on(nucleus, "line/asks")
    renewal.renew(TOPICS)
    assert renewed(nucleus, subscriptions, renewal) == {"own configuration", "desired configuration"}
    (local, first), (cloud, second) = nucleus.published
    assert (local, cloud) == (f"{AGENT}/echo", TOPICS.echo)
    renewal.heard_locally(first)
    renewal.heard_of_cloud(second)
    assert not renewal.missed()
    # The next time neither comes back.
    renewal.renew(TOPICS)
    nucleus.new()
    assert renewal.missed()
    assert renewed(nucleus, subscriptions, renewal) >= {
        "local line/asks",
        f"local {AGENT}/echo",
        TOPICS.echo,
        *COMMANDS,
    }


def test_classic_forgets_nothing_and_is_not_asked() -> None:
    nucleus = Nucleus(lite=False)
    subscriptions, renewal = agent_on(nucleus, "line/asks")
    assert not subscriptions.forgetful
    assert renewal.asked_of_cloud(TOPICS) == COMMANDS
    assert not Subscriptions(Nucleus(forgets=False), ComponentEnvironment(AGENT, "t", Path("/r"), Path("/w"))).forgetful


def test_without_the_right_to_an_echo_topics_are_renewed_all_the_same() -> None:
    nucleus = Nucleus()
    subscriptions, renewal = agent_on(nucleus, "line/asks")
    subscriptions.ended(f"local {AGENT}/echo")
    subscriptions.ended(TOPICS.echo)
    subscriptions.declined(TOPICS.echo, NotAllowedError("not allowed"))
    renewal.renew(TOPICS)
    assert renewed(nucleus, subscriptions, renewal) >= {"local line/asks", *COMMANDS}
    assert nucleus.published == []


def test_an_echo_that_was_never_heard_is_not_said_again() -> None:
    nucleus = Nucleus()
    subscriptions, renewal = agent_on(nucleus)
    assert renewal.say_to_cloud(TOPICS)
    assert renewal.missed()
    assert not renewal.say_to_cloud(TOPICS)
    assert renewed(nucleus, subscriptions, renewal) == set(COMMANDS), "and not subscribed to either"
    assert nucleus.ended == [TOPICS.echo], "lite would subscribe again with each connection"


def test_an_echo_is_not_said_again_once_the_connection_is_lost_right_after_it() -> None:
    nucleus = Nucleus()
    _, renewal = agent_on(nucleus, echo=100.0)
    assert renewal.say_to_cloud(TOPICS)
    renewal.heard_of_cloud(nucleus.published[-1][1])
    assert renewal.say_to_cloud(TOPICS)
    nucleus.away = True
    assert not renewal.missed()
    nucleus.away = False
    assert not renewal.say_to_cloud(TOPICS)


def test_a_device_without_a_network_says_no_echo() -> None:
    nucleus = Nucleus()
    nucleus.away = True
    _, renewal = agent_on(nucleus)
    assert not renewal.say_to_cloud(TOPICS)
    nucleus.away = False
    assert renewal.say_to_cloud(TOPICS)


def test_an_echo_waits_its_time_and_counts_only_its_own_words() -> None:
    echo = Echo(Bounds(renewal=300.0, echo=10.0))
    assert echo.due(1000.0)
    said = echo.say(1000.0)
    echo.came(b"of somebody else")
    assert echo.awaited
    assert not echo.missed(1009.0)
    echo.came(said)
    assert not echo.missed(1011.0)
    assert not echo.due(1299.0)
    assert echo.due(1300.0)
    # It came back before, so the nucleus may have forgotten: send it once more.
    echo.say(1300.0)
    assert echo.missed(1310.0)
    assert not echo.missed(1311.0), "told once"
    assert not echo.stopped
    echo.say(1600.0)
    assert echo.missed(1610.0)
    assert echo.stopped


def test_classic_is_asked_for_one_topic_of_the_cloud_until_one_stands_and_for_another_after_a_refusal() -> None:
    nucleus = Nucleus(lite=False, forgets=True)
    subscriptions = Subscriptions(nucleus, ComponentEnvironment(AGENT, "thing", Path("/root"), Path("/work")))
    subscriptions.subscribe()
    nucleus.new()
    asked = []
    for _ in range(4):
        subscriptions.ask_cloud(COMMANDS)
        subscriptions.ask_cloud(COMMANDS)
        (name,) = nucleus.new()
        asked.append(name)
        subscriptions.declined(name, NotOfferedError("no connection"))
    assert asked == [*COMMANDS, COMMANDS[0]]
    subscriptions.ask_cloud(COMMANDS)
    subscriptions.granted(COMMANDS[1])
    nucleus.new()
    subscriptions.ask_cloud(COMMANDS)
    assert nucleus.new() == {COMMANDS[0], COMMANDS[2]}
