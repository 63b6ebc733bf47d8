"""``cloud.json``, by which other processes find a running cloud."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from greengrass_emulator.cloud.accounts import AccessKey, no_such_account
from greengrass_emulator.cloud.clients import AccountEndpoints, client_for
from greengrass_emulator.durable import write_whole
from greengrass_emulator.errors import WrongUse


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=True)


class AccountState(_Part):
    """One account's endpoints and its administrator's key."""

    id: str
    broker_port: int
    device_endpoint_port: int
    access_key_id: str
    secret_access_key: str

    @classmethod
    def of(cls, endpoints: AccountEndpoints) -> "AccountState":
        """Return the account's entry in ``cloud.json``."""
        return cls(
            id=endpoints.account.id,
            broker_port=endpoints.broker_port,
            device_endpoint_port=endpoints.device_endpoint_port,
            access_key_id=endpoints.key.access_key_id,
            secret_access_key=endpoints.key.secret_access_key,
        )


class CloudState(_Part):
    """A running cloud, seen from another process."""

    gateway_url: str
    region: str
    root_ca_path: Path
    fault_token: str
    accounts: Mapping[str, AccountState]

    @property
    def root_certificate_path(self) -> Path:
        """The root certificate that devices trust."""
        return self.root_ca_path

    def client(self, service: str, account: str) -> Any:
        """Return a boto3 client of the account's administrator. Raises ``WrongUse`` for an unknown account."""
        endpoints = self.accounts.get(account)
        if endpoints is None:
            raise no_such_account(account, self.accounts)
        key = AccessKey(endpoints.access_key_id, endpoints.secret_access_key)
        return client_for(service, self.gateway_url, self.region, key)


def write_state(path: Path, state: CloudState) -> None:
    """Write ``cloud.json``, whole or not at all, for its owner only: it holds keys."""
    write_whole(path, state.model_dump_json(by_alias=True, indent=2) + "\n", mode=0o600)


def read_state(path: Path) -> CloudState:
    """Read ``cloud.json``. Raises ``WrongUse`` if it is missing or is another file."""
    try:
        return CloudState.model_validate_json(path.read_text())
    except OSError as fault:
        raise WrongUse(f"{path} cannot be read ({fault.strerror})", "start `greengrass-emulator up` first") from fault
    except ValidationError as fault:
        raise WrongUse(
            f"{path} is not the cloud.json of this version: {fault.error_count()} fault(s)",
            "start `greengrass-emulator up` again",
        ) from fault
