"""The sources of a decision's policies, and the verdict on a whole call.

One source is the emulated accounts; another is a set of rendered documents, for a replay. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from greengrass_emulator.iam.documents import Policy
from greengrass_emulator.iam.evaluator import Decision, decide
from greengrass_emulator.iam.patterns import text_matches
from greengrass_emulator.iam.requests import Call, Need, Principal, PrincipalKind


class PolicySource(Protocol):
    """Returns the policies for a decision. May raise ``InvalidPolicyError``."""

    def identity(self, principal: Principal) -> tuple[Policy, ...]:
        """Return the principal's own policies."""

    def of_resource(self, need: Need) -> Policy | None:
        """Return the policy of the bucket, key or role that the need is about."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A need with its decision."""

    need: Need
    decision: Decision


@dataclass(frozen=True, slots=True)
class Verdict:
    """The decisions on all needs of a call."""

    judged: tuple[Judged, ...]

    @property
    def allowed(self) -> bool:
        """Whether the call is allowed: each of its needs is met."""
        return self.denied is None

    @property
    def denied(self) -> Judged | None:
        """The first need that is not met."""
        return next((each for each in self.judged if not each.decision.allowed), None)


def judge(principal: Principal, call: Call, source: PolicySource) -> Verdict:
    """Decide on every need of a call. Raises what the source raises."""
    own = source.identity(principal)
    return Verdict(tuple(Judged(need, decide(principal, need, own, source.of_resource(need))) for need in call.needs))


@dataclass(frozen=True, slots=True)
class PolicySet:
    """Policies by ARN: a principal's own (the ARN may have wildcards: ``…:thing/*``), and those of resources."""

    identities: Mapping[str, tuple[Policy, ...]] = field(default_factory=dict)
    resources: Mapping[str, Policy] = field(default_factory=dict)

    def identity(self, principal: Principal) -> tuple[Policy, ...]:
        """Return the policies of every ARN that matches this principal."""
        return tuple(
            policy
            for pattern, policies in self.identities.items()
            if text_matches(pattern, principal.arn)
            for policy in policies
        )

    def knows(self, principal: Principal) -> bool:
        """Return whether the set has policies of this principal; a proof ignores others."""
        return principal.kind in {PrincipalKind.SERVICE, PrincipalKind.ANONYMOUS} or any(
            text_matches(pattern, principal.arn) for pattern in self.identities
        )

    def of_resource(self, need: Need) -> Policy | None:
        """Return the policy of a need's bucket, key or role."""
        return self.resources.get(guarded_resource(need) or "")

    def without(self, statement: str) -> "PolicySet":
        """Return the set without the statement with this label."""
        return PolicySet(
            {arn: tuple(policy.without(statement) for policy in own) for arn, own in self.identities.items()},
            {arn: policy.without(statement) for arn, policy in self.resources.items()},
        )

    @property
    def policies(self) -> tuple[Policy, ...]:
        """Return every policy of the set, each once."""
        own = (policy for policies in self.identities.values() for policy in policies)
        return tuple({policy.name: policy for policy in (*own, *self.resources.values())}.values())


_TRUST_ACTIONS = {"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}


def guarded_resource(need: Need) -> str | None:
    """Return the ARN of the bucket, key or role whose own policy counts for a need, or None."""
    service = need.action.partition(":")[0]
    if service == "s3" and need.resource.startswith("arn:"):
        return need.resource.partition("/")[0]
    if service == "kms" and ":key/" in need.resource:
        return need.resource
    return need.resource if need.action in _TRUST_ACTIONS else None
