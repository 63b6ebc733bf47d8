"""The evaluator's input: principal, action, resource and context.

Requests, recordings and decisions share these values. There are no documents and no decisions here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

ContextValues = Mapping[str, tuple[str, ...]]


class PrincipalKind(StrEnum):
    """Whose credentials signed a request."""

    ROLE = "role"
    USER = "user"
    ROOT = "root"
    SERVICE = "service"
    THING = "thing"
    ANONYMOUS = "anonymous"


@dataclass(frozen=True, slots=True)
class Principal:
    """The caller. ``arn`` is the role's, the user's or the root's; for a service it is its name, for an anonymous
    caller ``*``, and for a device, known by its certificate, the ARN of its thing.

    ``account`` has 12 digits, and is empty for a service and for nobody. ``session_arn`` is an assumed role's
    ``arn:aws:sts::ACCOUNT:assumed-role/ROLE/SESSION``. ``thing`` is the device whose certificate took the session.
    """

    kind: PrincipalKind
    account: str
    arn: str
    session_arn: str = ""
    thing: str = ""

    @property
    def shown(self) -> str:
        """The name in AWS's messages: a session has the session's ARN."""
        return self.session_arn or self.arn

    @property
    def names(self) -> frozenset[str]:
        """Every ARN by which a policy may name this principal, except the account's."""
        return frozenset(name for name in (self.arn, self.session_arn) if name)

    @property
    def account_names(self) -> frozenset[str]:
        """The two spellings by which a policy names the whole account."""
        return frozenset(
            {self.account, f"arn:{partition_of(self.arn)}:iam::{self.account}:root"} if self.account else ()
        )


@dataclass(frozen=True, slots=True)
class Need:
    """One permission that a call needs.

    ``resource`` is an ARN, or ``*`` for an action that takes no resource. ``owner`` is the account that the resource
    belongs to. ``context`` has lower-case condition keys. ``because_of`` is empty for the call's own action, and
    names the action that a dependent one belongs to.
    """

    action: str
    resource: str
    owner: str
    context: ContextValues = field(default_factory=dict)
    because_of: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One API call: all of its needs must be met."""

    service: str
    operation: str
    region: str
    needs: tuple[Need, ...]


def partition_of(arn: str) -> str:
    """``aws``, ``aws-cn`` or ``aws-us-gov``: an ARN's second part."""
    parts = arn.split(":", 2)
    return parts[1] if len(parts) == 3 and parts[0] == "arn" else "aws"


def partition_of_region(region: str) -> str:
    """Return the partition that a region is in."""
    if region.startswith("cn-"):
        return "aws-cn"
    return "aws-us-gov" if region.startswith("us-gov-") else "aws"


def full_context(principal: Principal, need: Need) -> dict[str, tuple[str, ...]]:
    """Return the need's context with the keys that AWS adds to every request.

    Source: IAM User Guide, "AWS global condition context keys". ``aws:PrincipalArn`` is the role's ARN for a session.
    """
    keys: dict[str, tuple[str, ...]] = {
        "aws:resourceaccount": (need.owner,),
        "aws:principalisawsservice": ("true" if principal.kind is PrincipalKind.SERVICE else "false",),
        "aws:securetransport": ("true",),
    }
    match principal.kind:
        case PrincipalKind.SERVICE:
            keys["aws:principalservicename"] = (principal.arn,)
        case PrincipalKind.ANONYMOUS:
            keys["aws:principaltype"] = ("Anonymous",)
        case PrincipalKind.THING:
            pass  # IoT policies have only the connection's keys, which the need contains.
        case _:
            keys["aws:principalaccount"] = (principal.account,)
            keys["aws:principalarn"] = (principal.arn,)
            keys["aws:principaltype"] = (_PRINCIPAL_TYPES[principal.kind],)
            if principal.thing:
                # IoT Core, "Authorizing direct calls to AWS services": variables of a device's credentials.
                keys["credentials-iot:thingname"] = (principal.thing,)
            if principal.kind is PrincipalKind.USER:
                keys["aws:username"] = (principal.arn.rsplit("/", 1)[-1],)
    return keys | {key.lower(): values for key, values in need.context.items()}


_PRINCIPAL_TYPES = {PrincipalKind.ROLE: "AssumedRole", PrincipalKind.USER: "User", PrincipalKind.ROOT: "Account"}
