"""Whether two deployments ask the same of their target, and the token that makes a repeated request idempotent.

Left out are the release, the seal and the tags (docs/architecture.md, "Every command can be repeated"). What the
API fills in by itself is filled in on both sides first. Source of the defaults: AWS IoT Greengrass V2 API reference,
DeploymentPolicies.
"""

from collections.abc import Mapping
from typing import Any

from cloud_publisher.deploying.channels import meaning
from cloud_publisher.deploying.deployment import DeployedComponent, DeploymentContent, Json
from shared_schema.canonical_json import sha256_of_document


def reduced(content: DeploymentContent, *, digests: bool = True) -> dict[str, Any]:
    """Return the document that deployments are compared by; without ``digests`` it has no model's digest."""
    return {
        "components": {name: _component(component, digests=digests) for name, component in content.components.items()},
        "policies": _policies(content.policies),
        "job": _without_empty(content.job),
        "name": content.name,
        "parent": content.parent_target_arn,
    }


def same(one: DeploymentContent, other: DeploymentContent) -> bool:
    """Return whether both deployments ask the same of their target."""
    return sha256_of_document(reduced(one)) == sha256_of_document(reduced(other))


def configured_alike(one: DeployedComponent, other: DeployedComponent) -> bool:
    """Return whether both have the same configuration update, apart from the desired state's release and seal."""
    keys = ("merge", "reset")
    return [_component(one).get(key) for key in keys] == [_component(other).get(key) for key in keys]


def fingerprint(content: DeploymentContent) -> str:
    """Return 64 hexadecimal digits over all that is asked, without the model digests, which only a build can tell.

    A model component's version stands for its content as well: a plan pins both.
    """
    return sha256_of_document(reduced(content, digests=False))


def client_token(target_arn: str, content: DeploymentContent, replaces: str | None) -> str:
    """Return CreateDeployment's client token: 64 hexadecimal digits over the reduced document and what it replaces.

    AWS answers a token of the last 8 hours with the earlier deployment. "B, back to A, B again" must make a new one all
    the same, so the deployment that is replaced counts too.
    """
    return sha256_of_document({"target": target_arn, "asks": reduced(content), "replaces": replaces or ""})


def _component(component: DeployedComponent, *, digests: bool = True) -> dict[str, Any]:
    try:
        merge: Any = meaning(component.merged, digests=digests)
    except ValueError:
        merge = component.merge
    written: dict[str, Any] = _without_empty(
        {
            "version": component.version,
            "merge": merge,
            "reset": sorted(component.reset),
            "runWith": component.run_with,
        }
    )
    return written


def _policies(given: Json) -> dict[str, Any]:
    update = {"action": "NOTIFY_COMPONENTS", "timeoutInSeconds": 60, **(given.get("componentUpdatePolicy") or {})}
    validation = {"timeoutInSeconds": 30, **(given.get("configurationValidationPolicy") or {})}
    handling = given.get("failureHandlingPolicy") or "ROLLBACK"
    filled: dict[str, Any] = _without_empty({"failure": handling, "update": update, "validation": validation})
    return filled


def _without_empty(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        # 2 and 2.0 are one number to the API, and two texts of JSON.
        return float(value)
    if not isinstance(value, Mapping):
        return value
    inner = {key: _without_empty(each) for key, each in value.items()}
    return {key: each for key, each in inner.items() if each not in (None, {}, [], ())}
