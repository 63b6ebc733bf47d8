"""Access control: the IPC rights that a component asks for in its default configuration.

Services and operations: AWS's "Authorize components to use IPC" and the pages of each service; a nucleus grants
nothing for a policy that it cannot read, so a mistake here shows only as an UnauthorizedError on the device.
"""

from collections.abc import Iterator

from cloud_publisher.linting.recipe_text import Node, RecipeText
from cloud_publisher.linting.settings import Settings
from shared_schema.diagnostics import Diagnostic
from shared_schema.documents.reading import did_you_mean

KEY = "accessControl"
IOT_CORE = "aws.greengrass.ipc.mqttproxy"
PUBSUB = "aws.greengrass.ipc.pubsub"
SERVICES: dict[str, tuple[str, ...]] = {
    PUBSUB: ("PublishToTopic", "SubscribeToTopic"),
    IOT_CORE: ("PublishToIoTCore", "SubscribeToIoTCore"),
    "aws.greengrass.ipc.lifecycle": ("PauseComponent", "ResumeComponent"),
    "aws.greengrass.ipc.componentmetric": ("PutComponentMetric",),
    "aws.greengrass.ShadowManager": (
        "GetThingShadow",
        "UpdateThingShadow",
        "DeleteThingShadow",
        "ListNamedShadowsForThing",
    ),
    "aws.greengrass.SecretManager": ("GetSecretValue",),
    "aws.greengrass.clientdevices.Auth": (
        "SubscribeToCertificateUpdates",
        "VerifyClientDeviceIdentity",
        "GetClientDeviceAuthToken",
        "AuthorizeClientDeviceAction",
    ),
    "aws.greengrass.Cli": (
        "CreateDebugPassword",
        "CreateLocalDeployment",
        "CancelLocalDeployment",
        "GetLocalDeploymentStatus",
        "ListLocalDeployments",
        "GetComponentDetails",
        "ListComponents",
        "RestartComponent",
        "StopComponent",
    ),
}
_PREFIX = "aws.greengrass#"
_POLICY_KEYS = ("policyDescription", "operations", "resources")


def check_access_control(recipe: RecipeText, settings: Settings) -> Iterator[Diagnostic]:
    """Yield the findings about each policy of each service."""
    del settings
    control = access_control_of(recipe)
    if control is None:
        return
    if not isinstance(control.value, dict):
        yield recipe.finding("GG701", control, f"{KEY} is {control.kind}")
        return
    seen: dict[str, str] = {}
    for service, policies in control.items():
        if service not in SERVICES:
            yield recipe.finding(
                "GG702", policies, f"there is no IPC service {service!r}", did_you_mean(service, list(SERVICES))
            )
        if not isinstance(policies.value, dict):
            yield recipe.finding("GG701", policies, f"the policies of {service} are {policies.kind}")
            continue
        for name, policy in policies.items():
            if name in seen:
                yield recipe.finding("GG705", policy, f"{name!r} is also a policy of {seen[name]}")
            seen.setdefault(name, service)
            yield from _policy(recipe, service, policy)


def access_control_of(recipe: RecipeText) -> Node | None:
    """Return ``accessControl`` of the default configuration."""
    configuration = recipe.top.get("ComponentConfiguration")
    defaults = configuration.get("DefaultConfiguration") if configuration else None
    return defaults.get(KEY) if defaults else None


def _policy(recipe: RecipeText, service: str, policy: Node) -> Iterator[Diagnostic]:
    if not isinstance(policy.value, dict):
        yield recipe.finding("GG701", policy, f"the policy {policy.path[-1]!r} is {policy.kind}")
        return
    known = {key.lower() for key in _POLICY_KEYS}
    for key, value in policy.items():
        if key.lower() not in known:
            yield recipe.finding(
                "GG701", value, f"there is no key {key!r} in a policy", did_you_mean(key, list(_POLICY_KEYS))
            )
    for key in ("operations", "resources"):
        listed = policy.get(key)
        if listed is None:
            yield recipe.finding("GG701", policy, f"the policy has no {key}", f"add {key}: a list", key=key)
        elif not isinstance(listed.value, list) or not listed.value:
            found = "an empty list" if listed.value == [] else listed.kind
            yield recipe.finding("GG701", listed, f"{key} is {found}", f"write a list of {key}")
        else:
            for each in listed.each():
                if each.text is None:
                    yield recipe.finding("GG701", each, f"this is {each.kind}, and text is asked for", "write text")
                elif key == "operations":
                    yield from _operation(recipe, service, each)
                elif service == IOT_CORE and each.text in {"*", "#"}:
                    yield recipe.finding(
                        "GG704",
                        each,
                        f"{each.text!r} is every topic of IoT Core",
                        "list the topics that it needs, with + and # where they vary",
                    )


def _operation(recipe: RecipeText, service: str, operation: Node) -> Iterator[Diagnostic]:
    known, text = SERVICES.get(service), str(operation.value)
    if known is None or text == "*":
        return
    if text.removeprefix(_PREFIX) in known and text.startswith(_PREFIX):
        return
    bare = text.rpartition("#")[2]
    owner = next((name for name, operations in SERVICES.items() if bare in operations), None)
    if bare in known:
        remedy = f"write {_PREFIX}{bare}"
    elif owner is not None:
        remedy = f"{bare} belongs to {owner}: move it there"
    else:
        remedy = did_you_mean(text, [f"{_PREFIX}{name}" for name in known])
    yield recipe.finding("GG703", operation, f"{service} has no operation {text!r}", remedy)
