"""The whole cloud as one object: start it, use it as any client would, stop it.

It owns its threads (gateway, device endpoints, brokers, artifact checker) and its folder. moto keeps its memory in the
process, so there is one cloud in a process at a time, and ``stop()`` forgets everything.
"""

import logging
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, ExitStack
from functools import partial
from pathlib import Path
from secrets import token_urlsafe
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any

from moto.moto_api._internal.models import moto_api_backend

from greengrass_emulator.cloud.accounts import AccessKey, Caller, no_such_account, read_accounts
from greengrass_emulator.cloud.api_errors import Answer
from greengrass_emulator.cloud.certificate_authority import CertificateAuthority
from greengrass_emulator.cloud.clients import AccountEndpoints, client_for
from greengrass_emulator.cloud.clock import Clock
from greengrass_emulator.cloud.cloud_state import AccountState, CloudState, write_state
from greengrass_emulator.cloud.control_plane.api import answer_request
from greengrass_emulator.cloud.control_plane.artifact_check import ArtifactChecker
from greengrass_emulator.cloud.control_plane.component_store import public_components
from greengrass_emulator.cloud.control_plane.plane import AccountPlane
from greengrass_emulator.cloud.device_endpoint import DeviceEndpoint
from greengrass_emulator.cloud.device_messages.messages import Listeners, Messages
from greengrass_emulator.cloud.device_messages.reserved_topics import take_message
from greengrass_emulator.cloud.faults.endpoint import FaultEndpoint
from greengrass_emulator.cloud.faults.faults import Faults
from greengrass_emulator.cloud.faults.gateway_layer import FaultLayer
from greengrass_emulator.cloud.faults.pending_faults import PendingFaults
from greengrass_emulator.cloud.gateway import Gateway, GatewayRequest, serve
from greengrass_emulator.cloud.iot_front import IotDataFront, IotFront
from greengrass_emulator.cloud.job_timer import JobTimer
from greengrass_emulator.cloud.moto_memory.identities import create_administrator
from greengrass_emulator.cloud.mqtt_brokers import BrokerPlan, MqttBrokers
from greengrass_emulator.cloud.registry_front import guard_registry
from greengrass_emulator.cloud.role_sessions import StsGuard, no_session_policies, service_session
from greengrass_emulator.cloud.s3_front import guard_buckets
from greengrass_emulator.errors import CloudNotRunning
from greengrass_emulator.iam.enforcement.device_permissions import DevicePermissions
from greengrass_emulator.iam.enforcement.enforcement import Enforcement

_log = logging.getLogger(__name__)
DEFAULT_ACCOUNTS = {"dev": "111111111111", "preprod": "222222222222", "prod": "333333333333"}
DEFAULT_REGION = "eu-west-1"
STATE_FILE = "cloud.json"
_one_at_a_time = threading.Lock()


class Cloud:
    """Three accounts (or others) in one region, on 127.0.0.1. A context manager.

    With ``enforce_iam`` the accounts' policies decide on every call, MQTT packet and device request. ``recording`` is a
    file to which each call is written, and turns enforcement on too; see ``greengrass_emulator.iam``.
    ``folder`` gets the certificates and ``cloud.json``; the default is a temporary folder.
    """

    def __init__(
        self,
        accounts: Mapping[str, str] | None = None,
        *,
        region: str = DEFAULT_REGION,
        folder: Path | None = None,
        enforce_iam: bool = False,
        recording: Path | None = None,
    ) -> None:
        self.accounts = read_accounts(accounts or DEFAULT_ACCOUNTS, region)
        self.region = region
        self._wanted_folder = folder
        self._enforces = enforce_iam or recording is not None
        self._recording = recording
        self._clock = Clock()
        self._listeners = {account.id: Listeners() for account in self.accounts}
        self._fault_token = token_urlsafe(24)
        self._enforcement: Enforcement | None = None
        self._running: ExitStack | None = None
        self._endpoints: dict[str, AccountEndpoints] = {}
        self._port = 0
        self._folder = Path()
        self._planes: dict[str, AccountPlane] = {}

    def __enter__(self) -> "Cloud":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start every server and write ``cloud.json``. Raises ``CloudNotRunning`` if one does not start."""
        if self._running is not None:
            raise CloudNotRunning("The cloud runs already", "stop() it before it is started again")
        if not _one_at_a_time.acquire(blocking=False):
            raise CloudNotRunning("Another cloud runs in this process, and moto has one memory", "stop() it first")
        with ExitStack() as running:
            running.callback(_one_at_a_time.release)
            self._folder = self._make_folder(running)
            running.callback(moto_api_backend.reset)
            keys = {account.id: create_administrator(account) for account in self.accounts}
            authority = CertificateAuthority()
            identity = authority.write_server_identity(self._folder)
            checker = ArtifactChecker(self._s3_client_of)
            checker.start()
            running.callback(checker.stop)
            self._clock = Clock()
            public = public_components(self.region)
            self._planes = {
                account.id: AccountPlane.open(account, checker, partial(self._publish, account.id), public, self._clock)
                for account in self.accounts
            }
            self._jobs = JobTimer(self._planes.values())
            self._jobs.start()
            running.callback(self._jobs.stop)
            self._enforcement = self._make_enforcement(running) if self._enforces else None
            devices = {id_: self._enforcement.devices(id_) if self._enforcement else None for id_ in self._planes}
            plans = {id_: _plan(plane, devices[id_], self._listeners[id_]) for id_, plane in self._planes.items()}
            self._brokers = MqttBrokers(plans, identity)
            running.callback(self._brokers.stop)
            self._brokers.start()
            pending = PendingFaults()
            endpoints = {
                id_: DeviceEndpoint(plane, identity, devices[id_], partial(_is_cut_off, pending, id_))
                for id_, plane in self._planes.items()
            }
            for endpoint in endpoints.values():
                endpoint.start()
                running.callback(endpoint.stop)
            self._faults = Faults(self.accounts, pending, self._brokers, self._turn_clock, self._lag_index)
            self._port = self._serve_gateway(running, authority, pending)
            self._endpoints = {
                account.name: AccountEndpoints(
                    account, keys[account.id], self._brokers.port(account.id), endpoints[account.id].port
                )
                for account in self.accounts
            }
            write_state(self._folder / STATE_FILE, self._state())
            self._running = running.pop_all()
        _log.info("cloud started", extra={"gateway": self.endpoint_url, "accounts": len(self.accounts)})

    def stop(self) -> None:
        """End every server and thread, and forget every account."""
        running, self._running = self._running, None
        if running is not None:
            running.close()
            _log.info("cloud stopped")

    @property
    def endpoint_url(self) -> str:
        """The value for ``AWS_ENDPOINT_URL``."""
        self._check_running()
        return f"http://127.0.0.1:{self._port}"

    @property
    def state_path(self) -> Path:
        """The path of ``cloud.json``, by which other processes find this cloud."""
        self._check_running()
        return self._folder / STATE_FILE

    @property
    def root_certificate_path(self) -> Path:
        """The root certificate that devices trust."""
        self._check_running()
        return self._folder / "root.ca.pem"

    def endpoints(self, account: str) -> AccountEndpoints:
        """Return an account's endpoints. Raises ``WrongUse`` for an unknown account."""
        self._check_running()
        try:
            return self._endpoints[account]
        except KeyError:
            raise no_such_account(account, self._endpoints) from None

    def client(self, service: str, *, account: str = "dev") -> Any:
        """Return a boto3 client with the credentials of the account's administrator."""
        return client_for(service, self.endpoint_url, self.region, self.endpoints(account).key)

    def environment(self, account: str = "dev") -> dict[str, str]:
        """Return the environment variables with which another process's AWS client reaches the account."""
        return self.endpoints(account).environment(self.endpoint_url)

    def service_environment(self, role_arn: str, *, service: str, source_arn: str) -> dict[str, str]:
        """Return the environment of a process that an AWS service runs under a role, as CodeBuild runs a build.

        ``source_arn`` is the resource for which the service acts, such as the build project. Raises
        ``AccessDeniedException`` if the role does not exist or does not trust the service with it.
        """
        self._check_running()
        session = service_session(
            role_arn, service=service, source_arn=source_arn, region=self.region, enforcement=self._enforcement
        )
        return self.environment(self.accounts[0].name) | session

    def publish(self, topic: str, payload: bytes, *, account: str = "dev") -> None:
        """Publish to an account's broker, as an AWS service would."""
        self._publish(self.endpoints(account).account.id, topic, payload)

    def listen(self, topic_filter: str, *, account: str = "dev") -> AbstractContextManager[Messages]:
        """Receive what an account's devices publish to IoT Core, in a ``with`` block; ``+`` and ``#`` are allowed."""
        return self._listeners[self.endpoints(account).account.id].listen(topic_filter)

    def turn_clock(self, seconds: float) -> None:
        """Move the cloud's time forward; return once the rollouts and time-outs due by then have happened."""
        self._check_running()
        self._turn_clock(seconds)

    @property
    def faults(self) -> Faults:
        """Faults on demand."""
        self._check_running()
        return self._faults

    def _turn_clock(self, seconds: float) -> None:
        self._clock.turn(seconds)
        self._jobs.advance()

    def _lag_index(self, account_id: str, seconds: float) -> None:
        plane = self._planes[account_id]
        with plane.lock:
            plane.index.lag = seconds

    def _check_running(self) -> None:
        if self._running is None:
            raise CloudNotRunning("The cloud does not run", "start() it, or use it in a with statement")

    def _make_folder(self, running: ExitStack) -> Path:
        if self._wanted_folder is None:
            return Path(running.enter_context(TemporaryDirectory(prefix="greengrass-cloud-")))
        self._wanted_folder.mkdir(parents=True, exist_ok=True)
        return self._wanted_folder

    def _serve_gateway(self, running: ExitStack, authority: CertificateAuthority, pending: PendingFaults) -> int:
        iot, iot_data = IotFront(self._planes, authority), IotDataFront(self._planes)
        gateway = Gateway(
            self.accounts,
            {
                "greengrass": self._control_plane,
                "sts": no_session_policies if self._enforcement else StsGuard(self.accounts),
                "s3": guard_buckets,
                "sagemaker": guard_registry,
                "iot": iot.answer,
                "iotdata": iot_data.answer,
            },
            {"iot": iot.follow},
        )
        judged = self._enforcement.before(gateway) if self._enforcement else gateway
        application = FaultEndpoint(FaultLayer(judged, pending, self.accounts), self._faults, self._fault_token)
        return serve(running, application)

    def _make_enforcement(self, running: ExitStack) -> Enforcement:
        enforcement = Enforcement(tuple(self._planes), self.region, self._deployment_target, self._recording)
        running.callback(enforcement.close)
        return enforcement

    def _deployment_target(self, account_id: str, deployment_id: str) -> str | None:
        plane = self._planes[account_id]
        with plane.lock:
            found = plane.deployments.find(deployment_id)
        return found.target_arn if found else None

    def _control_plane(self, request: GatewayRequest) -> Answer:
        plane = self._planes[request.caller.account_id]
        return answer_request(plane, request.caller, request.method, request.raw_path, request.query, request.body())

    def _publish(self, account_id: str, topic: str, payload: bytes) -> None:
        self._brokers.publish(account_id, topic, payload)

    def _s3_client_of(self, caller: Caller) -> Any:
        # The gateway checks keys, not signatures: a request with the caller's key needs no secret.
        key = AccessKey(caller.access_key_id, "unused")
        return client_for("s3", f"http://127.0.0.1:{self._port}", self.region, key, caller.session_token)

    def _state(self) -> CloudState:
        return CloudState(
            gateway_url=f"http://127.0.0.1:{self._port}",
            region=self.region,
            root_ca_path=self._folder / "root.ca.pem",
            fault_token=self._fault_token,
            accounts={name: AccountState.of(endpoints) for name, endpoints in self._endpoints.items()},
        )


def _plan(plane: AccountPlane, permissions: DevicePermissions | None, listeners: Listeners) -> BrokerPlan:
    permitted = permissions.mqtt if permissions else None
    return BrokerPlan(plane.things.of_certificate, partial(take_message, plane), listeners.receive, permitted)


def _is_cut_off(pending: PendingFaults, account_id: str, thing: str) -> bool:
    return (account_id, thing) in pending.cut_off
