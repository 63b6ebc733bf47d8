"""Messages leave in order when they can, wait when they cannot, and never hold anybody up."""

import threading

from edge_agent.errors import NotAllowedError, NucleusAwayError
from edge_agent.reporting.publish_queue import OutgoingMessage, PublishQueue


class Post:
    """A recording post office that can be closed. ``wait`` waits until so many messages arrived."""

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
    post = Post()
    queue = PublishQueue("test", post.send)
    queue.start()
    for number in range(20):
        queue.post(OutgoingMessage("t", str(number).encode()))
    post.wait(sent=20)
    queue.stop(1.0)
    assert post.sent == [("t", str(number).encode()) for number in range(20)]


def test_while_away_the_newest_health_replaces_the_older_and_confirmations_all_wait() -> None:
    post = Post()
    post.open = False
    queue = PublishQueue("test", post.send)
    queue.start()
    for number in (1, 2, 3):
        queue.post(OutgoingMessage("health", str(number).encode(), kind="health"))
        queue.post(OutgoingMessage("confirmation", str(number).encode()))
    post.wait(tried=1)
    post.open = True
    queue.retry_now()
    post.wait(sent=4)
    queue.stop(1.0)
    assert [payload for topic, payload in post.sent if topic == "confirmation"] == [b"1", b"2", b"3"]
    assert [payload for topic, payload in post.sent if topic == "health"] == [b"3"]


def test_beyond_its_bound_the_oldest_message_is_let_go_and_counted() -> None:
    post = Post()
    queue = PublishQueue("test", post.send, most=3)
    for number in range(5):
        queue.post(OutgoingMessage("t", str(number).encode()))
    queue.start()
    post.wait(sent=3)
    queue.stop(1.0)
    assert [payload for _, payload in post.sent] == [b"2", b"3", b"4"]
    assert queue.lost == 2


def test_a_message_that_is_not_allowed_holds_up_no_other() -> None:
    post = Post()
    post.forbidden = {"secret"}
    queue = PublishQueue("test", post.send)
    queue.start()
    queue.post(OutgoingMessage("secret", b"1"))
    queue.post(OutgoingMessage("open", b"2"))
    post.wait(sent=1)
    queue.stop(1.0)
    assert post.sent == [("open", b"2")]


def test_an_impatient_queue_does_not_try_twice() -> None:
    post = Post()
    post.open = False
    queue = PublishQueue("test", post.send, patient=False)
    queue.start()
    queue.post(OutgoingMessage("t", b"1"))
    post.wait(tried=1)
    post.open = True
    queue.post(OutgoingMessage("t", b"2"))
    post.wait(sent=1)
    queue.stop(1.0)
    assert post.sent == [("t", b"2")]


def test_stopping_sends_what_is_left() -> None:
    post = Post()
    queue = PublishQueue("test", post.send)
    queue.start()
    queue.post(OutgoingMessage("t", b"last"))
    queue.stop(5.0)
    assert post.sent == [("t", b"last")]
