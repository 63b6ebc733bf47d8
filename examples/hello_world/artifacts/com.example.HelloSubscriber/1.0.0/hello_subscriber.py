"""Prints each hello that it hears; the nucleus writes what it prints into its log."""

import threading

from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import SubscriptionResponseMessage


def hear(event: SubscriptionResponseMessage) -> None:
    print(f"heard {event.binary_message.message.decode()}")


def main() -> None:
    client = GreengrassCoreIPCClientV2()
    client.subscribe_to_topic(topic="hello/world", on_stream_event=hear)
    threading.Event().wait()


if __name__ == "__main__":
    main()
