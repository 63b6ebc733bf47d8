"""The accounts of the emulated cloud, and the caller of a request."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from greengrass_emulator.errors import WrongUse

_ACCOUNT_ID = re.compile(r"\d{12}")
_ACCOUNT_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


@dataclass(frozen=True, slots=True)
class Account:
    """An AWS account, and the region that the emulator runs it in."""

    name: str
    id: str
    region: str


@dataclass(frozen=True, slots=True)
class AccessKey:
    """A long-term access key of an account's administrator. It is valid only in the emulator."""

    access_key_id: str
    secret_access_key: str


@dataclass(frozen=True, slots=True)
class Caller:
    """A request's caller: the account of its access key, and the user or role session with that key."""

    account_id: str
    arn: str
    access_key_id: str
    session_token: str | None = None


def read_accounts(names_and_ids: Mapping[str, str], region: str) -> tuple[Account, ...]:
    """Read the accounts from ``{"dev": "111111111111", …}``. Raises ``WrongUse`` for an invalid name or id."""
    for name, account_id in names_and_ids.items():
        if not _ACCOUNT_NAME.fullmatch(name):
            raise WrongUse(f"{name!r} is not an account name", "use lower-case letters, digits and '-', such as dev")
        if not _ACCOUNT_ID.fullmatch(account_id):
            raise WrongUse(f"{account_id!r} is not an account id (account {name})", "write 12 digits")
    if len(set(names_and_ids.values())) != len(names_and_ids):
        raise WrongUse("Two accounts have one id", "give each its own 12 digits")
    if not names_and_ids:
        raise WrongUse("No account was named", "write them as dev=111111111111,prod=333333333333")
    return tuple(Account(name, account_id, region) for name, account_id in names_and_ids.items())


def no_such_account(name: str, known: Iterable[str]) -> WrongUse:
    """Return the error for a name that no account of the cloud has."""
    return WrongUse(f"There is no account {name!r}", f"this cloud has {', '.join(known)}")
