"""Checks the agent's component: it is built from Python, and its lifecycle and rights are generated, not written."""

from collections.abc import Iterator

from cloud_publisher.validation.sources import Sources
from shared_schema.desired_state import KEY
from shared_schema.diagnostics import Diagnostic

_PROGRAM = "edge_agent"


def check_agent(sources: Sources) -> Iterator[Diagnostic]:
    """Yield the faults of the component with ``agent:``, if there is one."""
    for key, component in sources.components.items():
        if component.agent is None:
            continue
        build = component.build
        if build.build_system != "python":
            yield sources.diagnostic(
                (key, "build", "build_system"),
                f"the agent is built by {build.build_system!r}",
                "set build_system: python, with distribution: mlops-at-edge, or packages: [edge_agent, shared_schema]",
            )
        elif build.distribution is None and _PROGRAM not in build.packages:
            yield sources.diagnostic(
                (key, "build", "packages"), f"the agent's packages lack {_PROGRAM!r}, which its recipe runs", "add it"
            )
        for name, given in (("Lifecycle", component.lifecycle), ("Manifests", component.manifests)):
            if given is not None:
                yield sources.diagnostic(
                    (key, name), f"the agent's {name} is generated, and cannot be given too", f"take {name} out"
                )
        artifacts = component.artifacts or []
        if len(artifacts) > 1 or (artifacts and artifacts[0].unarchive != "ZIP"):
            yield sources.diagnostic(
                (key, "Artifacts"), "the agent has one artifact, an unarchived zip", "leave one with Unarchive: ZIP"
            )
        configuration = component.component_configuration
        if configuration and KEY in configuration.default_configuration:
            yield sources.diagnostic(
                (key, "ComponentConfiguration", "DefaultConfiguration", KEY),
                f"{KEY!r} is where `deploy` writes the desired state; a default below it would break its seal",
                "take it out; the agent's settings go under agent.settings",
            )
