"""The doctor without a stage: what of the tool's own surroundings is wrong. It asks neither a cloud nor an index.

What is only there for other work (a rehearsal, the agent on a laptop, git) may be lacking; then it says what for.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import parse_wheel_filename

from cloud_publisher.doctor.check import Check, lacking, well, wrong
from cloud_publisher.documents import read_config
from cloud_publisher.errors import InvalidDocumentError, WrongUseError
from cloud_publisher.initialising.installation import DISTRIBUTION
from cloud_publisher.initialising.own_wheels import checkout_of, installed, own_wheel
from cloud_publisher.validation.tools import FOLDER, check_tools_of
from shared_schema.config import find_config
from shared_schema.diagnostics import Diagnostic, Place
from shared_schema.extras import how_to_install
from shared_schema.version import VERSION

COMMAND = "cloud-publisher"
_LEAST_PYTHON = (3, 11)
_EXTRAS = {
    "agent": "the agent on this machine: `edge-agent check`",
    "emulator": "a rehearsal: `mlops-rehearsal run`",
}
"""By extra, what it is for. The extra ``publisher`` is what this command itself needs."""
_OF_A_CONTAINER = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI")
_ASKING = ("iam-role", "container-role", "custom-process")
"""Providers of credentials that ask a service, or run a program."""


def examine_surroundings(config: Path | None) -> Iterator[Check]:
    """Yield every check. ``config`` is another config than that of the current folder."""
    yield _python()
    yield from _tool()
    yield _on_the_path()
    yield from _extras()
    yield _pip()
    yield _git()
    path = config or find_config(Path())
    yield from _config(path, named=config is not None)
    yield from _carried(path.parent)
    yield _credentials()


def _python() -> Check:
    words = f"{sys.version.split()[0]} in {sys.prefix}"
    if sys.version_info >= _LEAST_PYTHON:
        return well("Python", words)
    least = ".".join(map(str, _LEAST_PYTHON))
    return _fault("Python", sys.executable, f"it is {words}, and {least} is needed", f"install with Python {least}")


def _tool() -> Iterator[Check]:
    folder = Path(__file__).parents[2]
    found = installed(DISTRIBUTION)
    if found is None:
        problem = f"{DISTRIBUTION} runs from {folder}, and is not installed in {sys.prefix}"
        yield _fault("tool", str(folder), problem, "install it with pip: `init` could not bring it into a repository")
        return
    if found.version != VERSION:
        problem = f"{VERSION} runs from {folder}, and {sys.prefix} says that {found.version} is installed"
        yield _fault("tool", str(folder), problem, "install it again, with pip install --force-reinstall --no-deps")
        return
    if checkout_of(found) is not None:
        yield well("tool", f"{DISTRIBUTION} {VERSION} in a checkout, {folder}")
        return
    try:
        own_wheel(DISTRIBUTION)
    except WrongUseError as error:
        yield wrong("tool", Diagnostic(Place(str(folder)), error.problem, error.remedy))
        return
    yield well("tool", f"{DISTRIBUTION} {VERSION} in {folder}")


def _on_the_path() -> Check:
    here, found = Path(sys.executable).parent / COMMAND, shutil.which(COMMAND)
    if found is None:
        problem = f"there is none on the PATH; this one is {here}"
        return lacking("command", str(here), problem, f"call it so, or add {here.parent} to the PATH")
    if here.exists() and not here.samefile(found) and not _starts_this(Path(found)):
        problem = f"the first on the PATH is {found}, and this is {here}"
        return _fault("command", found, problem, f"put {here.parent} first on the PATH, or remove the other")
    return well("command", found)


def _starts_this(script: Path) -> bool:
    """Return whether a script starts this environment's Python: pipx links to such a one, and others write them."""
    try:
        with script.open("rb") as content:
            first = content.readline().decode(errors="replace")
    except OSError:
        return False
    return first.startswith("#!") and Path(first[2:].strip()).parent == Path(sys.executable).parent


def _extras() -> Iterator[Check]:
    problems = _unmet("publisher")
    if problems:
        yield _fault("extra publisher", sys.prefix, "; ".join(problems), how_to_install("publisher"))
    else:
        yield well("extra publisher", "all that it names is installed")
    for extra, purpose in _EXTRAS.items():
        problems = _unmet(extra)
        if problems:
            words = "; ".join(problems)
            yield lacking(f"extra {extra}", sys.prefix, words, f"for {purpose}: {how_to_install(extra)}")
        else:
            yield well(f"extra {extra}", "all that it names is installed")


def _unmet(extra: str) -> list[str]:
    """Return what of an extra is not installed here, in words."""
    found = installed(DISTRIBUTION)
    missing, others = [], []
    for each in map(Requirement, (found.requires if found else None) or ()):
        if each.marker is not None and not each.marker.evaluate({"extra": extra}):
            continue
        try:
            version = metadata.version(each.name)
        except metadata.PackageNotFoundError:
            missing.append(each.name)
            continue
        if not each.specifier.contains(version, prereleases=True):
            others.append(f"{each.name} is {version}, and {each.specifier} is needed")
    return [*([f"not installed: {', '.join(missing)}"] if missing else []), *others]


def _pip() -> Check:
    try:
        return well("pip", metadata.version("pip"))
    except metadata.PackageNotFoundError:
        remedy = f"for a build that collects a device's wheels: {sys.executable} -m ensurepip"
        return lacking("pip", sys.prefix, "it is not installed in this environment", remedy)


def _git() -> Check:
    found = shutil.which("git")
    if found is None:
        remedy = "for a rehearsal that plays what a commit would hold: install git"
        return lacking("git", "PATH", "there is none on the PATH", remedy)
    return well("git", found)


def _config(path: Path, *, named: bool) -> Iterator[Check]:
    if not path.exists() and not named:
        problem = f"there is no {path.name} in {Path.cwd()}"
        remedy = "for all commands but init and lint: go to the repository's folder, or name the file with --config"
        yield lacking("config", str(path), problem, remedy)
        return
    try:
        config = read_config(path).value
    except InvalidDocumentError as error:
        yield from (wrong("config", each) for each in error.diagnostics)
        return
    stages = ", ".join(config.stages) or "none"
    yield well("config", f"{path}: {len(config.custom_components)} components; stages: {stages}")


def _carried(repository: Path) -> Iterator[Check]:
    """Check ``tools/``, where the repository carries its tool."""
    folder = repository / FOLDER
    if not folder.is_dir():
        return
    faults = list(check_tools_of(repository))
    yield from (wrong(FOLDER, each) for each in faults)
    versions = {
        str(parse_wheel_filename(path.name)[1]) for path in folder.glob(f"{DISTRIBUTION.replace('-', '_')}-*.whl")
    }
    if versions and VERSION not in versions:
        problem = f"it has {DISTRIBUTION} {', '.join(sorted(versions))}, and this is {VERSION}"
        remedy = f"install from {folder}, or bring this version there: {COMMAND} init --upgrade"
        yield _fault(FOLDER, str(folder), problem, remedy)
    elif not faults:
        locks = len(list(folder.glob("*.txt")))
        yield well(FOLDER, f"{locks} locks; each wheel that they name is there with the right hash")


def _credentials() -> Check:
    """Look where boto3 looks, without asking anybody."""
    import botocore.session  # noqa: PLC0415 - half a second, and only this check needs it
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415

    container = next((name for name in _OF_A_CONTAINER if name in os.environ), None)
    if container:
        return well("AWS credentials", f"the container's ({container}); not asked")
    session = botocore.session.Session()
    try:
        providers = session.get_component("credential_provider")
        for provider in _ASKING:
            providers.remove(provider)
        found = session.get_credentials()
    except BotoCoreError as error:
        return _fault(
            "AWS credentials", "the AWS configuration", f"{error}", "correct the profile, or unset AWS_PROFILE"
        )
    if found is None:
        remedy = "for build, publish, deploy and status: set AWS_PROFILE, or the keys; validate and lint need none"
        return lacking("AWS credentials", "environment", "none were found; no service was asked for any", remedy)
    region = session.get_config_variable("region") or "no region"
    return well("AWS credentials", f"found by {found.method}, {region}; whether they are valid was not asked")


def _fault(name: str, place: str, problem: str, remedy: str) -> Check:
    return wrong(name, Diagnostic(Place(place), problem, remedy))
