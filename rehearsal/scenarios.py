"""The five scenarios of the rehearsal, each a function from the world to the proofs that it gives.

A scenario does what an operator would (approve a package, run the pipeline). Then it looks at the accounts through the
API, and at what the devices wrote. No row of the table is assumed.
"""

from collections.abc import Sequence

from rehearsal.context import Rehearsal
from rehearsal.feeder import Feeder
from rehearsal.restarts import restart_devices
from rehearsal.rows import (
    REFUSAL,
    RELOAD,
    all_confirm,
    all_zero,
    as_another_user,
    both_channels,
    codes,
    count_deployments,
    count_versions,
    deploy_codes,
    every_frame_once,
    installed_by_each_stage,
    listed,
    only_one_version,
    refusals,
    same_digest,
    serving_now,
    undisturbed,
    with_their_own_python,
)
from rehearsal.timeline import Proof

REJECTED = 5


def first_release(rehearsal: Rehearsal) -> list[Proof]:
    """Release the first version of each model: from Approved until every device serves and confirms them."""
    scenario = "1 first release"
    rehearsal.approve_next(0)
    run = rehearsal.run_pipeline()
    whole = Proof(scenario, "build, and publish and deploy in three accounts", all_zero(run), codes(run))
    if run.build.exit_code:
        return [whole]
    serving = serving_now(rehearsal)
    return [
        whole,
        all_confirm(scenario, "every device serves and confirms {}", serving, rehearsal.wanted()),
        same_digest(scenario, serving),
        both_channels(scenario, rehearsal),
        as_another_user(scenario, rehearsal),
        with_their_own_python(scenario, rehearsal),
        installed_by_each_stage(scenario, rehearsal, run),
    ]


def hot_reload(rehearsal: Rehearsal, feeders: Sequence[Feeder], number: int = 1) -> list[Proof]:
    """Release the next version of each model that has one: it replaces the one before in the same process, and every
    frame gets its prediction.

    Before the first such release each classic nucleus is restarted, one of them without a network: it must not take
    what it reads back from its own store for a change.
    """
    booted = [restart_devices(RELOAD, rehearsal.world, fed=bool(feeders))] if number == 1 else []
    before = {device.name: device.agent_pid() for device in rehearsal.world.devices}
    names = rehearsal.approve_next(number)
    if not names:
        return [*booted, only_one_version(rehearsal), *every_frame_once(RELOAD, rehearsal, feeders)]
    run = rehearsal.run_pipeline()
    serving = serving_now(rehearsal)
    after = {device.name: device.agent_pid() for device in rehearsal.world.devices}
    kept = [name for name, pid in after.items() if pid is not None and pid == before[name]]
    return [
        *booted,
        Proof(RELOAD, f"the pipeline releases the next version of {listed(names)}", all_zero(run), codes(run)),
        all_confirm(RELOAD, "every device serves and confirms {}", serving, rehearsal.wanted()),
        Proof(
            RELOAD,
            "no agent was restarted" + (" by the first release after its nucleus's start" if booted else ""),
            len(kept) == len(after),
            ", ".join(f"{name} pid {pid}" for name, pid in after.items()),
        ),
        *every_frame_once(RELOAD, rehearsal, feeders),
    ]


def refusal(rehearsal: Rehearsal, feeders: Sequence[Feeder]) -> list[Proof]:
    """Release the bad versions: every device refuses them, and goes on serving. Without one, say how to add it."""
    bad = {each.key: each.bad for each in rehearsal.models if each.bad}
    if not bad:
        key = rehearsal.models[0].key
        remedy = f"give a version that devices must refuse by --bad {key}=FOLDER, or in its versions/bad"
        claim = "devices refuse a bad version, and the pipeline goes back to the good one"
        return [Proof(REFUSAL, claim, True, f"left out: there is no bad version; {remedy}", tried=False)]
    before = {device.name: device.agent_pid() for device in rehearsal.world.devices}
    deployed = rehearsal.world.published().deployments
    wanted = rehearsal.wanted()
    for version in bad.values():
        rehearsal.approve(version)
    run = rehearsal.run_pipeline(gated=False)
    goes_on = [undisturbed(rehearsal, feeders, before, wanted), *every_frame_once(REFUSAL, rehearsal, feeders)]
    if run.build.exit_code:
        same = deployed == rehearsal.world.published().deployments
        claim = f"the build refuses the bad version of {listed(bad)}, and nothing is deployed"
        return [Proof(REFUSAL, claim, same, f"{codes(run)}; see {run.build.log}"), *goes_on]
    refused, statuses = refusals(rehearsal, list(bad))
    all_refuse = set(deploy_codes(run).values()) == {REJECTED} and len(run.deploys) == len(rehearsal.world.accounts)
    accepted = (
        f"; {listed(bad)}: the golden samples of model.yaml do not tell the bad version from a good one: add samples "
        "that it answers wrongly"
        if 0 in deploy_codes(run).values()
        else ""
    )
    return [
        Proof(
            REFUSAL, "each deploy exits with 5: rejected by the devices' own checks", all_refuse, codes(run) + accepted
        ),
        Proof(
            REFUSAL,
            "classic ends FAILED_NO_STATE_CHANGE, lite SUCCEEDED with a REJECTED confirmation",
            len(refused) == len(rehearsal.world.devices),
            ", ".join(statuses),
        ),
        *goes_on,
    ]


def way_back(rehearsal: Rehearsal, feeders: Sequence[Feeder]) -> list[Proof]:
    """Reject the bad versions: the pipeline deploys the good ones again. Nothing to do without a bad version."""
    scenario = "4 way back"
    bad = [each.bad for each in rehearsal.models if each.bad]
    if not bad:
        return []
    for version in bad:
        rehearsal.take_back(version)
    run = rehearsal.run_pipeline()
    return [
        Proof(scenario, "the pipeline deploys the good model as it was built before", all_zero(run), codes(run)),
        all_confirm(scenario, "every device confirms {} again", serving_now(rehearsal), rehearsal.wanted()),
        *every_frame_once(scenario, rehearsal, feeders),
    ]


def nothing_to_do(rehearsal: Rehearsal) -> list[Proof]:
    """Run the same pipeline once more: it must change nothing."""
    scenario = "5 nothing new"
    before = rehearsal.world.published()
    run = rehearsal.run_pipeline()
    after = rehearsal.world.published()
    return [
        Proof(scenario, "the pipeline runs once more and ends well", all_zero(run), codes(run)),
        Proof(
            scenario, "nothing is built or uploaded", before.objects == after.objects, f"{len(after.objects)} objects"
        ),
        Proof(scenario, "nothing is published", before.versions == after.versions, count_versions(after)),
        Proof(scenario, "nothing is deployed", before.deployments == after.deployments, count_deployments(after)),
    ]
