"""Shows a plan to people: what changes, as a diff; what stays, in one line."""

from collections.abc import Iterator

from shared_schema.plan import ComponentChange, Plan, TargetPlan, ValueChange

_SIGNS = {"added": "+", "changed": "~", "removed": "-", "kept": "=", "unchanged": "="}
_PARTS = {
    "configuration": "other components' configuration, with the desired state of now",
    "agent": "the agent, with the models of now",
    "release": "the whole release",
}


def plan_text(plan: Plan) -> str:
    """Return the whole plan as text."""
    lines = ["Build", *_build(plan)]
    if plan.account:
        lines += ["", f"Publish in account {plan.account}", *_publish(plan)]
    for target in plan.targets:
        lines += ["", *_target(target)]
    return "\n".join([*lines, "", _totals(plan)])


def _build(plan: Plan) -> Iterator[str]:
    for each in plan.components:
        if each.action == "reuse":
            continue
        yield f"  + {each.name} {each.version}"
        yield from (f"      {reason}" for reason in each.because)
        yield from (f"      upload {uri}" for uri in each.uploads)
    reused = [f"{each.name} {each.version}" for each in plan.components if each.action == "reuse"]
    if reused:
        yield f"  = {', '.join(reused)}"


def _publish(plan: Plan) -> Iterator[str]:
    for each in plan.publishing:
        if each.action != "unchanged":
            because = f" ({each.because})" if each.because else ""
            yield f"  + {each.name} {each.version}: {each.action}{because}"
    there = [f"{each.name} {each.version}" for each in plan.publishing if each.action == "unchanged"]
    if there:
        yield f"  = {', '.join(there)}"


def _target(target: TargetPlan) -> Iterator[str]:
    channel = f", {target.channel} channel" if target.channel else ""
    yield f"Deploy to {'the canary ' if target.canary else ''}{target.target_arn}{channel}"
    on = f"on top of deployment {target.replaces}" if target.replaces else "the first deployment of this target"
    if target.deployments:
        yield f"  {len(target.deployments)} deployment{'s'[: len(target.deployments) > 1]}, {on}:"
        yield from (f"    {number}. {_PARTS[each.part]}" for number, each in enumerate(target.deployments, start=1))
    for each in target.components:
        if each.change not in ("unchanged", "kept"):
            yield from _component(each)
    yield from _leaves(target.settings, "  ~ the deployment's")
    yield from (f"  = {each.name} {each.after}: kept, {each.words}" for each in target.components if _is_kept(each))
    same = [f"{each.name} {each.after}" for each in target.components if each.change == "unchanged"]
    if same:
        yield f"  = {', '.join(same)}"
    yield from (f"  ! {warning}" for warning in target.warnings)


def _is_kept(change: ComponentChange) -> bool:
    return change.change == "kept"


def _component(change: ComponentChange) -> Iterator[str]:
    versions = [version for version in dict.fromkeys((change.before, change.after)) if version]
    yield f"  {_SIGNS[change.change]} {change.name} {' → '.join(versions)}"
    yield from _leaves(change.configuration, "     ")


def _leaves(leaves: list[ValueChange], indent: str) -> Iterator[str]:
    for leaf in leaves:
        yield f"{indent} {leaf.pointer}: {leaf.before or 'absent'} → {leaf.after or 'absent'}"


def _totals(plan: Plan) -> str:
    if not plan.changes:
        return "Nothing would change."
    build = sum(each.action == "build" for each in plan.components)
    publish = sum(each.action != "unchanged" for each in plan.publishing)
    deploy = sum(len(each.deployments) for each in plan.targets)
    return f"{build} to build, {publish} to publish, {deploy} deployment{'' if deploy == 1 else 's'} to make."
