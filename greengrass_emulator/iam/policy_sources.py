"""Where the policies of a decision come from, and the judgement of a whole call.

The emulated accounts are one source, a set of rendered documents that a proof replays is another. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from greengrass_emulator.iam.documents import Policy
from greengrass_emulator.iam.evaluator import Decision, decide
from greengrass_emulator.iam.patterns import text_matches
from greengrass_emulator.iam.requests import Call, Need, Principal, PrincipalKind


class PolicySource(Protocol):
    """Gives the policies that a decision is made by. May raise ``InvalidPolicy``."""

    def identity(self, principal: Principal) -> tuple[Policy, ...]:
        """The principal's own policies."""

    def of_resource(self, need: Need) -> Policy | None:
        """The policy of the bucket, key or role that the need is about."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A need with its decision."""

    need: Need
    decision: Decision


@dataclass(frozen=True, slots=True)
class Verdict:
    """Every need of a call, judged."""

    judged: tuple[Judged, ...]

    @property
    def allowed(self) -> bool:
        """Whether the call may go on: each of its needs is met."""
        return self.denied is None

    @property
    def denied(self) -> Judged | None:
        """The first need that is not met."""
        return next((each for each in self.judged if not each.decision.allowed), None)


def judge(principal: Principal, call: Call, source: PolicySource) -> Verdict:
    """Judge every need of a call. Raises what the source raises."""
    own = source.identity(principal)
    return Verdict(tuple(Judged(need, decide(principal, need, own, source.of_resource(need))) for need in call.needs))


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Policies by ARN: a principal's own (the ARN may have wildcards: ``…:thing/*``), and those of resources."""

    identities: Mapping[str, tuple[Policy, ...]] = field(default_factory=dict)
    resources: Mapping[str, Policy] = field(default_factory=dict)

    def identity(self, principal: Principal) -> tuple[Policy, ...]:
        """The policies under every ARN that is this principal's."""
        return tuple(
            policy
            for pattern, policies in self.identities.items()
            if text_matches(pattern, principal.arn)
            for policy in policies
        )

    def knows(self, principal: Principal) -> bool:
        """Whether the set says anything of this principal: of others a proof is silent."""
        return principal.kind in {PrincipalKind.SERVICE, PrincipalKind.ANONYMOUS} or any(
            text_matches(pattern, principal.arn) for pattern in self.identities
        )

    def of_resource(self, need: Need) -> Policy | None:
        """The policy of a need's bucket, key or role."""
        return self.resources.get(guarded_resource(need) or "")

    def without(self, statement: str) -> "PolicySet":
        """The same set with one statement, by its label, taken away."""
        return PolicySet(
            {arn: tuple(policy.without(statement) for policy in own) for arn, own in self.identities.items()},
            {arn: policy.without(statement) for arn, policy in self.resources.items()},
        )

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Every policy of the set, each once."""
        own = (policy for policies in self.identities.values() for policy in policies)
        return tuple({policy.name: policy for policy in (*own, *self.resources.values())}.values())


_TRUST_ACTIONS = {"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}


def guarded_resource(need: Need) -> str | None:
    """The ARN of the bucket, key or role whose own policy has a say in a need; None where nothing has one."""
    service = need.action.partition(":")[0]
    if service == "s3" and need.resource.startswith("arn:"):
        return need.resource.partition("/")[0]
    if service == "kms" and ":key/" in need.resource:
        return need.resource
    return need.resource if need.action in _TRUST_ACTIONS else None
