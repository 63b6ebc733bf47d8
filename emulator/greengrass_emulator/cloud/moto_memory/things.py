"""Things, thing groups and certificates of one account, as moto's IoT keeps them."""

import ssl
from dataclasses import dataclass
from functools import lru_cache

from moto.iot.models import IoTBackend, iot_backends

from greengrass_emulator.cloud.accounts import Account


@dataclass(frozen=True, slots=True)
class ThingGroup:
    """A thing group's name and ARN."""

    name: str
    arn: str


@lru_cache(maxsize=4096)
def _der(pem: str) -> bytes:
    try:
        return ssl.PEM_cert_to_DER_cert(pem.strip())
    except ValueError:
        return b""  # moto's own certificates are not valid ones.


class Things:
    """Reads one account's things. Holds nothing of its own."""

    def __init__(self, account: Account) -> None:
        self._account = account

    @property
    def _backend(self) -> IoTBackend:
        return iot_backends[self._account.id][self._account.region]

    def arn_prefix(self) -> str:
        """Return the beginning of every IoT ARN of this account and region."""
        return f"arn:aws:iot:{self._account.region}:{self._account.id}:"

    def exists(self, thing: str) -> bool:
        """Return whether the account has the thing."""
        return any(known.thing_name == thing for known in list(self._backend.things.values()))

    def group_exists(self, arn: str) -> bool:
        """Return whether the account has a thing group of this ARN."""
        return arn in self._backend.thing_groups

    def members(self, group_arn: str, *, recursive: bool = False) -> tuple[str, ...]:
        """Return the things of a group, and if ``recursive`` of its child groups; empty for an unknown group."""
        groups = dict(self._backend.thing_groups)
        group = groups.get(group_arn)
        if group is None:
            return ()
        # moto leaves a deleted thing in its groups.
        names = dict.fromkeys(t.thing_name for arn, t in list(group.things.items()) if arn in self._backend.things)
        if recursive:
            for arn, child in groups.items():
                if child.parent_group_name == group.thing_group_name:
                    names |= dict.fromkeys(self.members(arn, recursive=True))
        return tuple(names)

    def groups_of(self, thing: str) -> tuple[ThingGroup, ...]:
        """Return the groups that a thing is in, by name."""
        found = [
            ThingGroup(group.thing_group_name, arn)
            for arn, group in list(self._backend.thing_groups.items())
            if any(member.thing_name == thing for member in list(group.things.values()))
        ]
        return tuple(sorted(found, key=lambda group: group.name))

    def of_certificate(self, der: bytes) -> tuple[str, ...]:
        """Return the things to which an active certificate of this account is attached."""
        arns = {
            certificate.arn
            for certificate in list(self._backend.certificates.values())
            if certificate.status == "ACTIVE" and _der(certificate.certificate_pem) == der
        }
        return tuple(thing for principal, thing in list(self._backend.principal_things) if principal in arns)

    def register_certificate(self, pem: str, *, active: bool) -> tuple[str, str]:
        """Add a certificate to the account. Return its ARN and id."""
        certificate = self._backend.register_certificate_without_ca(pem, "ACTIVE" if active else "INACTIVE")
        return certificate.arn, certificate.certificate_id

    def role_of_alias(self, alias: str) -> tuple[str, int] | None:
        """Return a role alias's role ARN and its sessions' seconds, or None for an unknown alias."""
        found = self._backend.role_aliases.get(alias)
        return (found.role_arn, int(found.credential_duration_seconds or 3600)) if found else None
