"""``cloud-publisher``: from a model registry to a confirmed fleet, one command for each stage of the pipeline.

Every error of ours ends as its message and its exit code. An unexpected one ends as one line that says where its
traceback went.
"""

import json
import logging
import os
import signal
import sys
import tempfile
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Annotated

import typer

from cloud_publisher.cli.build import build
from cloud_publisher.cli.checking import doctor, lint, validate
from cloud_publisher.cli.deploy import deploy
from cloud_publisher.cli.init import init
from cloud_publisher.cli.plan import plan
from cloud_publisher.cli.policies import policies
from cloud_publisher.cli.publish import publish
from cloud_publisher.cli.rollback import rollback
from cloud_publisher.cli.status import status
from cloud_publisher.errors import PublisherError
from shared_schema.diagnostics import ExitCode
from shared_schema.version import VERSION

_HELP = "Takes a model from Approved in the registry to serving, and confirmed, on every device of a fleet."
_EPILOG = """\
A release's way: validate, build, publish, deploy --wait, status. A new repository, or a newer tool in it: init.

Exit codes: 0 done, or nothing to do; 1 the work failed; 2 wrong use, or an invalid document; 3 plan, init --upgrade:
there are changes; 4 status: the fleet is not as released; 5 a device rejected a model; 6 timed out."""

app = typer.Typer(
    name="cloud-publisher",
    help=_HELP,
    epilog=_EPILOG,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("init", short_help="Write a new deploy repository, or upgrade one.")(init)
app.command("validate", short_help="Check config, template and manifests; asks no cloud.")(validate)
app.command("plan", short_help="Show what a release would change; changes nothing.")(plan)
app.command("build", short_help="Build what changed, and upload it.")(build)
app.command("publish", short_help="Publish the release's components in an account.")(publish)
app.command("deploy", short_help="Deploy the release to a thing group.")(deploy)
app.command("status", short_help="Show what a fleet runs, and has confirmed.")(status)
app.command("rollback", short_help="Put the last confirmed deployment back.")(rollback)
app.command("doctor", short_help="Check that a stage, or this installation, can work.")(doctor)
app.command("lint", short_help="Check recipes, ours or not.")(lint)
app.add_typer(policies, name="policies", short_help="Who may do what: policies, and stacks' parameters.")


def _show_version(asked: bool) -> None:
    if asked:
        typer.echo(f"mlops-at-edge {VERSION}")
        raise typer.Exit


@app.callback()
def common(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Log every step to stderr; show tracebacks.")] = False,
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_show_version, help="Show the version and exit.")
    ] = False,
) -> None:
    del version
    context.with_resource(logging_to_stderr(logging.INFO if debug else logging.WARNING))


@contextmanager
def logging_to_stderr(level: int) -> Iterator[None]:
    """Have every logger write to standard error alone within the context: one line an event, its values as logfmt."""
    from logfmter import Logfmter

    handler = logging.StreamHandler(sys.stderr)
    names = {"at": "asctime", "level": "levelname", "logger": "name"}
    handler.setFormatter(Logfmter(keys=list(names), mapping=names))
    root = logging.getLogger()
    former = root.handlers[:], root.level
    root.handlers[:] = [handler]
    root.setLevel(level)
    try:
        yield
    finally:
        root.handlers[:] = former[0]
        root.setLevel(former[1])


def main() -> None:
    """The entry point."""
    arguments = sys.argv[1:]
    former = signal.signal(signal.SIGTERM, _terminate) if _in_main_thread() else None
    try:
        app(args=arguments, prog_name="cloud-publisher")
    except PublisherError as error:
        sys.exit(_show(error, as_json="--json" in arguments))
    except (KeyboardInterrupt, SystemExit) as error:
        interrupt = _interrupt_behind(error)
        if interrupt is None:
            raise
        sys.exit(_show_interrupted(interrupt, as_json="--json" in arguments))
    except BrokenPipeError:
        # The reader of our output has ended (`cloud-publisher … | head`); Python would report that again at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(ExitCode.FAILED)
    except Exception as error:  # noqa: BLE001 - the last resort: in a pipeline, one line is read and a traceback is not
        sys.exit(_show_unexpected(error, debug="--debug" in arguments))
    finally:
        if former is not None:
            signal.signal(signal.SIGTERM, former)


def _in_main_thread() -> bool:
    """Return whether Python can take signals here; who calls ``main`` from another thread has handlers of its own."""
    return threading.current_thread() is threading.main_thread()


class _Terminated(KeyboardInterrupt):
    """SIGTERM, by which a pipeline ends a job. It is a Ctrl-C to all that cleans up on its way out."""


def _terminate(_number: int, _frame: FrameType | None) -> None:
    # Whatever comes now must not cut the cleaning short; who cannot wait sends SIGKILL.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Terminated


def _interrupt_behind(error: BaseException | None) -> KeyboardInterrupt | None:
    """Return the interrupt that an error comes from: typer makes it an exit, without a word."""
    while error is not None and not isinstance(error, KeyboardInterrupt):
        error = error.__cause__ or error.__context__
    return error


def _show_interrupted(error: KeyboardInterrupt, *, as_json: bool) -> int:
    """Say that a signal ended the command. Return 128 and the signal's number, as a shell does."""
    number = signal.SIGTERM if isinstance(error, _Terminated) else signal.SIGINT
    problem, remedy = f"ended by {number.name}", "run it again: what is done already is not done twice"
    if as_json:
        document = {"error": "Interrupted", "problem": problem, "remedy": remedy, "exit-code": 128 + number}
        sys.stdout.write(json.dumps(document, indent=2) + "\n")
    else:
        sys.stderr.write(f"error: {problem}\n    {remedy}\n")
    return 128 + number


def _show(error: PublisherError, *, as_json: bool) -> ExitCode:
    if as_json:
        sys.stdout.write(json.dumps(error.as_json(), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"error: {error}\n")
    return error.exit_code


def _show_unexpected(error: Exception, *, debug: bool) -> ExitCode:
    if debug:
        traceback.print_exception(error)
        return ExitCode.FAILED
    with tempfile.NamedTemporaryFile(
        "w", prefix="cloud-publisher-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        traceback.print_exception(error, file=log)
    sys.stderr.write(
        f"error: something unexpected: {type(error).__name__}: {error}\n"
        f"    its traceback is in {log.name}: please report it with that file, or run it with --debug\n"
    )
    return ExitCode.FAILED


if __name__ == "__main__":
    main()
