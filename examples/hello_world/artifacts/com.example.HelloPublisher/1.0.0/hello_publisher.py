"""Says hello every second: to the topic hello/world of its device, and to hello/world/THING of the cloud."""

import os
import time

from awsiot.greengrasscoreipc.clientv2 import GreengrassCoreIPCClientV2
from awsiot.greengrasscoreipc.model import BinaryMessage, PublishMessage


def main() -> None:
    client = GreengrassCoreIPCClientV2()
    name = client.get_configuration(key_path=["name"]).value["name"]
    hello = f"Hello, {name}!".encode()
    while True:
        client.publish_to_topic(
            topic="hello/world", publish_message=PublishMessage(binary_message=BinaryMessage(message=hello))
        )
        client.publish_to_iot_core(topic_name=f"hello/world/{os.environ['AWS_IOT_THING_NAME']}", qos="1", payload=hello)
        time.sleep(1)


if __name__ == "__main__":
    main()
