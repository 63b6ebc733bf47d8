"""Shows what `deploy` or `rollback` did, and ends the command with its exit code."""

import typer

from cloud_publisher.cli.fleet_watch import COLUMNS, standing_rows
from cloud_publisher.cli.output import Output
from cloud_publisher.deploying.rollout.reports import Delivered, DeployReport
from cloud_publisher.fleet.outcome import Outcome

_REMEDIES = {
    Outcome.REJECTED: "the devices' own checks refused a model, and the one before serves on: reject its package in "
    "the registry and build again, or run deploy --retry if the reason has gone",
    Outcome.FAILED: "mend what the devices name (their logs say more), and run deploy --retry",
    Outcome.TIMED_OUT: "look at the late devices (cloud-publisher status), and run it again: it goes on waiting",
}


def end_with(report: DeployReport, output: Output) -> None:
    """Show the report. Raises ``typer.Exit`` with its exit code, unless that is 0."""
    for part in ([report.canary] if report.canary else []) + [report]:
        for each in (*part.delivered, *([part.rolled_back] if part.rolled_back else [])):
            output.table(COLUMNS, standing_rows(each.standings))
    output.show(report.as_json(), _summary(report))
    if report.outcome in _REMEDIES and report.exit_code:
        last = report.delivered or (report.canary.delivered if report.canary else ())
        output.warn(f"error: {_how_it_ended(last[-1])}\n    {_REMEDIES[report.outcome]}")
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def _summary(report: DeployReport) -> str:
    lines = [f"canary: {_summary(report.canary)}"] if report.canary else []
    lines += [_line(each, report) for each in report.delivered]
    if not report.delivered:
        lines.append(f"{report.target.words}: left as it is, since the canary did not confirm")
    if report.kept:
        lines.append(f"kept, though not in this release: {', '.join(report.kept)} (--allow-removal NAME removes one)")
    if report.removed:
        lines.append(f"removed: {', '.join(report.removed)}")
    if report.rolled_back:
        ended = report.rolled_back.outcome.value if report.rolled_back.outcome else "not confirmed yet"
        lines.append(f"rolled back: deployment {report.rolled_back.deployment.id} {ended}")
    return "\n".join(lines)


def _line(each: Delivered, report: DeployReport) -> str:
    what = {
        "configuration": "other components' configuration first, ",
        "agent": "agent first, ",
        "release": "",
        "rollback": "put back, ",
    }[each.part]
    channel = f", {report.channel.value} channel" if report.channel else ""
    release = f", release {each.release}" if each.release else ""
    outcome = each.outcome.value if each.outcome else "not confirmed yet"
    return f"{report.target.words}: {what}deployment {each.deployment.id} {each.action}{release}{channel}: {outcome}"


def _how_it_ended(last: Delivered) -> str:
    outcome = last.outcome.value if last.outcome else "open"
    names = [each.thing for each in last.standings if each.standing.value == outcome]
    late = [each.thing for each in last.standings if not each.final and each.seen]
    shown = names or late
    return f"deployment {last.deployment.id} {outcome}" + (f": {', '.join(shown)}" if shown else "")
