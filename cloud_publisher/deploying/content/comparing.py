"""Whether two deployments ask the same of their target, and the token that makes a repeated request idempotent.

Left out are the release, the seal and the tags (architecture, "Deployments"). What the API fills in by itself is
filled in on both sides first.
"""

from cloud_publisher.deploying.channels import comparable
from cloud_publisher.deploying.deployment import DeployedComponent, DeploymentContent
from shared_schema.digests import sha256_of_document
from shared_schema.json_value import JsonObject, JsonValue


def reduced_component(component: DeployedComponent, *, digests: bool = True) -> JsonObject:
    """Return the document that a component is compared by: its version, its configuration update, its run-with."""
    return _filled(
        {
            "version": component.version,
            "merge": _reduced_merge(component, digests=digests),
            "reset": [*sorted(component.reset)],
            "runWith": component.run_with,
        }
    )


def reduced_settings(content: DeploymentContent) -> JsonObject:
    """Return the document that what is not the components is compared by: policies, rollout, name, parent."""
    return {
        "policies": _filled(
            {
                "failure": content.failure_policy,
                "update": content.update_policy,
                "validation": content.validation_policy,
            }
        ),
        "job": _filled(content.job),
        "name": content.name,
        "parent": content.parent_target_arn,
    }


def same(one: DeploymentContent, other: DeploymentContent) -> bool:
    """Return whether both deployments ask the same of their target."""
    return sha256_of_document(_reduced(one)) == sha256_of_document(_reduced(other))


def configured_alike(one: DeployedComponent, other: DeployedComponent) -> bool:
    """Return whether both have the same configuration update, apart from the desired state's release and seal."""
    keys = ("merge", "reset")
    return [reduced_component(one).get(key) for key in keys] == [reduced_component(other).get(key) for key in keys]


def fingerprint(content: DeploymentContent) -> str:
    """Return 64 hexadecimal digits over all that is asked, without the model digests, which only a build can tell.

    A model component's version stands for its content as well: a plan pins both.
    """
    return sha256_of_document(_reduced(content, digests=False))


def client_token(target_arn: str, content: DeploymentContent, replaces: str | None) -> str:
    """Return CreateDeployment's client token: 64 hexadecimal digits over the reduced document and what it replaces.

    AWS answers a token of the last 8 hours with the earlier deployment. "B, back to A, B again" must make a new one all
    the same, so the deployment that is replaced counts too.
    """
    return sha256_of_document({"target": target_arn, "asks": _reduced(content), "replaces": replaces or ""})


def _reduced(content: DeploymentContent, *, digests: bool = True) -> JsonObject:
    components: JsonObject = {
        name: reduced_component(component, digests=digests) for name, component in content.components.items()
    }
    return {"components": components, **reduced_settings(content)}


def _reduced_merge(component: DeployedComponent, *, digests: bool) -> JsonValue:
    try:
        return comparable(component.merged, digests=digests)
    except ValueError:
        return component.merge


def _filled(document: JsonObject) -> JsonObject:
    """Return the document without empty values, each number as a float: to the API 2 and 2.0 are one number."""
    filled = {key: _comparable(value) for key, value in document.items()}
    return {key: value for key, value in filled.items() if value not in (None, {}, [])}


def _comparable(value: JsonValue) -> JsonValue:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    return _filled(value) if isinstance(value, dict) else value
