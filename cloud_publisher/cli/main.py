"""``cloud-publisher``: from a model registry to a confirmed fleet, one command for each stage of the pipeline.

Every error of ours ends as its message and its exit code. An unexpected one ends as one line that says where its
traceback went.
"""

import json
import logging
import os
import sys
import tempfile
import traceback
from typing import Annotated

import typer

from cloud_publisher.cli.build import build
from cloud_publisher.cli.deploy import deploy
from cloud_publisher.cli.doctor import doctor
from cloud_publisher.cli.init import init
from cloud_publisher.cli.lint import lint
from cloud_publisher.cli.logs import logging_to_stderr
from cloud_publisher.cli.plan import plan
from cloud_publisher.cli.policies import policies
from cloud_publisher.cli.publish import publish
from cloud_publisher.cli.rollback import rollback
from cloud_publisher.cli.status import status
from cloud_publisher.cli.validate import validate
from cloud_publisher.errors import PublisherError

app = typer.Typer(
    name="cloud-publisher",
    help="Takes a model from Approved in the registry to serving, and confirmed, on every device of a fleet.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("init")(init)
app.command("validate")(validate)
app.command("lint")(lint)
app.command("plan")(plan)
app.command("build")(build)
app.command("publish")(publish)
app.command("deploy")(deploy)
app.command("status")(status)
app.command("rollback")(rollback)
app.command("doctor")(doctor)
app.add_typer(policies, name="policies")


@app.callback()
def common(
    context: typer.Context,
    debug: Annotated[bool, typer.Option("--debug", help="Log every step to stderr; show tracebacks.")] = False,
) -> None:
    """Takes a model from Approved in the registry to serving, and confirmed, on every device of a fleet."""
    context.with_resource(logging_to_stderr(logging.INFO if debug else logging.WARNING))


def main() -> None:
    """The entry point."""
    words = sys.argv[1:]
    try:
        app(args=words, prog_name="cloud-publisher")
    except PublisherError as error:
        sys.exit(_tell(error, as_json="--json" in words))
    except KeyboardInterrupt:
        sys.stderr.write("interrupted\n")
        sys.exit(130)
    except BrokenPipeError:
        # Whoever read our output has gone (`cloud-publisher … | head`); Python would complain once more at its exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    except Exception as error:  # noqa: BLE001 - the last resort of the program: nobody reads a traceback in a pipeline
        sys.exit(_tell_unexpected(error, debug="--debug" in words))


def _tell(error: PublisherError, *, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps(error.as_json(), indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stderr.write(f"error: {error}\n")
    return error.exit_code


def _tell_unexpected(error: Exception, *, debug: bool) -> int:
    if debug:
        traceback.print_exception(error)
        return 1
    with tempfile.NamedTemporaryFile(
        "w", prefix="cloud-publisher-", suffix=".log", delete=False, encoding="utf-8"
    ) as log:
        traceback.print_exception(error, file=log)
    sys.stderr.write(
        f"error: something unexpected: {type(error).__name__}: {error}\n"
        f"    its traceback is in {log.name}: please report it with that file, or run it with --debug\n"
    )
    return 1


if __name__ == "__main__":
    main()
