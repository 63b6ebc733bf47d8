"""Somebody in the account who hears what a device says, and may command it."""

import json
from pathlib import Path

from awscrt import mqtt
from awsiot import mqtt_connection_builder
from greengrass_emulator.cloud.cloud import Cloud
from greengrass_emulator.cloud.provisioning import provision_device

from shared_schema.messages import CommandReply, Confirmation

ACCOUNT = "preprod"


class Ear:
    """Somebody in the account who hears what the fleet says, and may send commands."""

    def __init__(self, cloud: Cloud, folder: Path, thing: str) -> None:
        self._cloud = cloud
        self.thing = thing
        self.heard: list[tuple[str, bytes]] = []
        me = provision_device(cloud, folder / f"{thing}-ear", account=ACCOUNT, thing=f"{thing}-ear")
        self._connection = mqtt_connection_builder.mtls_from_path(
            endpoint="localhost",
            port=cloud.endpoints(ACCOUNT).broker_port,
            cert_filepath=str(me.folder / "thing.cert.pem"),
            pri_key_filepath=str(me.folder / "thing.key.pem"),
            ca_filepath=str(me.folder / "root.ca.pem"),
            client_id=me.thing,
            clean_session=True,
        )
        self._connection.connect().result(10)
        for topic in (
            f"dt/halves-demo/{thing}/#",
            *(f"cmd/halves-demo/{thing}/{each}" for each in ("+/reply", "echo")),
        ):
            done, _ = self._connection.subscribe(topic, mqtt.QoS.AT_LEAST_ONCE, self._hear)
            done.result(10)

    def _hear(self, topic: str, payload: bytes, **_: object) -> None:
        self.heard.append((topic, payload))

    def command(self, name: str, **payload: str) -> None:
        self._cloud.publish(f"cmd/halves-demo/{self.thing}/{name}", json.dumps(payload).encode(), account=ACCOUNT)

    def on(self, last: str) -> list[bytes]:
        return [payload for topic, payload in list(self.heard) if topic.endswith(last)]

    def confirmations(self) -> list[Confirmation]:
        return [Confirmation.model_validate_json(each) for each in self.on("/confirmation")]

    def replies(self, command: str) -> list[CommandReply]:
        return [CommandReply.model_validate_json(each) for each in self.on(f"/{command}/reply")]

    def close(self) -> None:
        self._connection.disconnect().result(10)
