"""The endpoints of one account of a running cloud, for its clients and for other processes."""

from dataclasses import dataclass

from greengrass_emulator.cloud.accounts import AccessKey, Account
from greengrass_emulator.cloud.cloud_state import AccountState


@dataclass(frozen=True, slots=True)
class AccountEndpoints:
    """One account's endpoints: its administrator's key, its broker's port, its device endpoint's port."""

    account: Account
    key: AccessKey
    broker_port: int
    device_endpoint_port: int

    def environment(self, endpoint_url: str) -> dict[str, str]:
        """Return the environment variables with which another process's AWS client reaches the account."""
        return {
            "AWS_ENDPOINT_URL": endpoint_url,
            "AWS_ACCESS_KEY_ID": self.key.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.key.secret_access_key,
            "AWS_REGION": self.account.region,
            "AWS_DEFAULT_REGION": self.account.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def state(self) -> AccountState:
        """Return the account's entry in ``cloud.json``."""
        return AccountState(
            id=self.account.id,
            broker_port=self.broker_port,
            device_endpoint_port=self.device_endpoint_port,
            access_key_id=self.key.access_key_id,
            secret_access_key=self.key.secret_access_key,
        )
