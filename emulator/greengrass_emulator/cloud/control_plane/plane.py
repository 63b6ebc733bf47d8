"""One account's control plane: its stores, its lock, and the connections to its devices.

It only holds state; the operations decide. Every operation runs under ``lock``, and does not wait while it holds it.
"""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field

from greengrass_emulator.cloud.accounts import Account
from greengrass_emulator.cloud.clock import Clock
from greengrass_emulator.cloud.control_plane.artifact_check import ArtifactChecker
from greengrass_emulator.cloud.control_plane.component_store import ComponentStore
from greengrass_emulator.cloud.control_plane.core_device_store import CoreDeviceStore
from greengrass_emulator.cloud.control_plane.deployment_store import DeploymentStore
from greengrass_emulator.cloud.control_plane.request_tokens import ClientTokens
from greengrass_emulator.cloud.device_messages.jobs import JobBook
from greengrass_emulator.cloud.device_messages.messages import Publication, Publish
from greengrass_emulator.cloud.device_messages.shadows import Shadows
from greengrass_emulator.cloud.fleet_index.things import ThingIndex
from greengrass_emulator.cloud.moto_memory.job_mirror import JobMirror
from greengrass_emulator.cloud.moto_memory.thing_documents import ThingDocuments
from greengrass_emulator.cloud.moto_memory.things import Things


@dataclass(slots=True)
class AccountPlane:
    """The state of one account's control plane."""

    account: Account
    checker: ArtifactChecker
    publish: Publish
    public: ComponentStore
    things: Things
    mirror: JobMirror
    jobs: JobBook
    shadows: Shadows
    index: ThingIndex
    components: ComponentStore = field(default_factory=ComponentStore)
    deployments: DeploymentStore = field(default_factory=DeploymentStore)
    devices: CoreDeviceStore = field(default_factory=CoreDeviceStore)
    tokens: ClientTokens = field(default_factory=ClientTokens)
    clock: Clock = field(default_factory=Clock)
    lock: threading.RLock = field(default_factory=threading.RLock)

    @classmethod
    def open(
        cls, account: Account, checker: ArtifactChecker, publish: Publish, public: ComponentStore, clock: Clock
    ) -> "AccountPlane":
        """Return an empty control plane for an account."""
        mirror, now = JobMirror(account), clock.now
        things, jobs, shadows = Things(account), JobBook(mirror, now), Shadows(account)
        index, tokens = ThingIndex(ThingDocuments(account), now), ClientTokens(now)
        return cls(account, checker, publish, public, things, mirror, jobs, shadows, index, tokens=tokens, clock=clock)

    def arn(self, kind: str, rest: str) -> str:
        """Return an ARN of this account: ``arn:aws:greengrass:REGION:ACCOUNT:KIND:REST``."""
        return f"arn:aws:greengrass:{self.account.region}:{self.account.id}:{kind}:{rest}"

    def send(self, publications: Iterable[Publication]) -> None:
        """Hand messages to the broker, without waiting."""
        for publication in publications:
            self.publish(publication.topic, publication.payload())
