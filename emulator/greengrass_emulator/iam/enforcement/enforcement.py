"""Enforcement of permissions for a whole cloud: it makes the layers that the cloud puts in front of its parts."""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

from moto.iam.access_control import PermissionResult
from moto.s3.models import FakeBucket

from greengrass_emulator.iam.enforcement.account_facts import AccountFacts, DeploymentTarget
from greengrass_emulator.iam.enforcement.account_policies import AccountPolicies
from greengrass_emulator.iam.enforcement.device_permissions import DevicePermissions, DeviceSessions
from greengrass_emulator.iam.enforcement.gateway_layer import GatewayLayer
from greengrass_emulator.iam.enforcement.permissions import Permissions
from greengrass_emulator.iam.recording import Recorder
from greengrass_emulator.iam.requests import Call, Need, Principal, PrincipalKind


class Enforcement:
    """Decides on every call to these accounts of one region. Each call is written to the file ``recording``."""

    def __init__(
        self,
        account_ids: Sequence[str],
        region: str,
        deployment_target: DeploymentTarget,
        recording: Path | None = None,
    ) -> None:
        self._account_ids = tuple(account_ids)
        self._region = region
        self._facts = AccountFacts(account_ids, region, deployment_target)
        self._sessions = DeviceSessions()
        self._ends = ExitStack()
        self._recorder = self._ends.enter_context(closing(Recorder(recording))) if recording else None
        self._ends.enter_context(moto_ignores_bucket_policies())
        self._permissions = Permissions(AccountPolicies(region), self._recorder)

    def before(self, application: WSGIApplication) -> WSGIApplication:
        """Return the gateway's application with enforcement in front of it."""
        return GatewayLayer(application, self._permissions, self._facts, self._account_ids, self._sessions)

    def devices(self, account_id: str) -> DevicePermissions:
        """Return the permissions of an account's devices, for its broker and device endpoint."""
        return DevicePermissions(self._permissions, self._sessions, account_id, self._region)

    def service_may_assume(self, service: str, role_arn: str, source_arn: str) -> bool:
        """Return whether a role trusts an AWS service on behalf of this resource of this account."""
        parts = source_arn.split(":")
        context = {"aws:sourcearn": (source_arn,), "aws:sourceaccount": (parts[4],), "aws:requestedregion": (parts[3],)}
        need = Need("sts:AssumeRole", role_arn, role_arn.split(":")[4], context)
        caller = Principal(PrincipalKind.SERVICE, "", service)
        return self._permissions.judge(caller, Call("sts", "AssumeRole", self._region, (need,))).allowed

    def close(self) -> None:
        """Close the recording, and give bucket policies back to moto."""
        self._ends.close()


@contextmanager
def moto_ignores_bucket_policies() -> Iterator[None]:
    """Turn off moto's check of bucket policies until the end of the block. One at a time in a process, like the cloud.

    moto knows neither principals nor conditions: it takes ``Deny … if not over TLS`` for a plain Deny (moto 5.2,
    s3/models.py, ``FakeBucket.get_permission``). Only one of the two may decide.
    """
    bucket: Any = FakeBucket
    own = bucket.get_permission
    bucket.get_permission = _no_opinion
    try:
        yield
    finally:
        bucket.get_permission = own


def _no_opinion(*_: object) -> Any:
    return PermissionResult.NEUTRAL
