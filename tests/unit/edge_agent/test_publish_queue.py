"""Messages are sent in order, wait while offline, and never block the thread that queues them."""

import threading

from edge_agent.errors import NotAllowedError, NucleusAwayError
from edge_agent.reporting.publish_queue import OutgoingMessage, PublishQueue


class Broker:
    """Records what is sent, and can be offline. ``wait`` waits until so many messages were sent."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, bytes]] = []
        self.open = True
        self.forbidden: set[str] = set()
        self._changed = threading.Condition()
        self.tried = 0

    def send(self, topic: str, payload: bytes) -> None:
        with self._changed:
            self.tried += 1
            self._changed.notify_all()
            if not self.open:
                raise NucleusAwayError("away")
            if topic in self.forbidden:
                raise NotAllowedError("not allowed")
            self.sent.append((topic, payload))

    def wait(self, sent: int = 0, tried: int = 0) -> None:
        with self._changed:
            assert self._changed.wait_for(lambda: len(self.sent) >= sent and self.tried >= tried, 10)


def test_messages_are_sent_in_their_order() -> None:
    broker = Broker()
    queue = PublishQueue("test", broker.send)
    queue.start()
    for number in range(20):
        queue.post(OutgoingMessage("t", str(number).encode()))
    broker.wait(sent=20)
    queue.stop(1.0)
    assert broker.sent == [("t", str(number).encode()) for number in range(20)]


def test_while_away_the_newest_health_replaces_the_older_and_confirmations_all_wait() -> None:
    broker = Broker()
    broker.open = False
    queue = PublishQueue("test", broker.send)
    queue.start()
    for number in (1, 2, 3):
        queue.post(OutgoingMessage("health", str(number).encode(), kind="health"))
        queue.post(OutgoingMessage("confirmation", str(number).encode()))
    broker.wait(tried=1)
    broker.open = True
    queue.retry_now()
    broker.wait(sent=4)
    queue.stop(1.0)
    assert [payload for topic, payload in broker.sent if topic == "confirmation"] == [b"1", b"2", b"3"]
    assert [payload for topic, payload in broker.sent if topic == "health"] == [b"3"]


def test_beyond_its_bound_the_oldest_message_is_dropped_and_counted() -> None:
    broker = Broker()
    queue = PublishQueue("test", broker.send, most=3)
    for number in range(5):
        queue.post(OutgoingMessage("t", str(number).encode()))
    queue.start()
    broker.wait(sent=3)
    queue.stop(1.0)
    assert [payload for _, payload in broker.sent] == [b"2", b"3", b"4"]
    assert queue.lost == 2


def test_a_message_that_is_not_allowed_holds_up_no_other() -> None:
    broker = Broker()
    broker.forbidden = {"secret"}
    queue = PublishQueue("test", broker.send)
    queue.start()
    queue.post(OutgoingMessage("secret", b"1"))
    queue.post(OutgoingMessage("open", b"2"))
    broker.wait(sent=1)
    queue.stop(1.0)
    assert broker.sent == [("open", b"2")]


def test_an_impatient_queue_does_not_try_twice() -> None:
    broker = Broker()
    broker.open = False
    queue = PublishQueue("test", broker.send, patient=False)
    queue.start()
    queue.post(OutgoingMessage("t", b"1"))
    broker.wait(tried=1)
    broker.open = True
    queue.post(OutgoingMessage("t", b"2"))
    broker.wait(sent=1)
    queue.stop(1.0)
    assert broker.sent == [("t", b"2")]


def test_stopping_sends_what_is_left() -> None:
    broker = Broker()
    queue = PublishQueue("test", broker.send)
    queue.start()
    queue.post(OutgoingMessage("t", b"last"))
    queue.stop(5.0)
    assert broker.sent == [("t", b"last")]
