"""The wheels of our own distributions, from what is installed here: no index is asked for our names.

Whoever registers our name on an index must not run code in a build account. So an installed wheel is put together again
from its RECORD (packaging.python.org, "Recording installed projects"); a file goes in only if it has the hash that the
RECORD gives. An editable installation is built from its checkout.
"""

import importlib.metadata
import json
import sys
from collections.abc import Iterator
from importlib.metadata import Distribution, PackagePath
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlparse

from cloud_publisher.errors import WrongUseError
from cloud_publisher.initialising.checkout_wheel import wheel_of_checkout
from cloud_publisher.initialising.wheel_file import Wheel, record_digest, wheel_of

_OF_THE_INSTALLER = {"RECORD", "RECORD.jws", "RECORD.p7s", "INSTALLER", "REQUESTED", "direct_url.json", "uv_cache.json"}
"""Files of ``.dist-info`` that an installer writes; a signature would be of the former RECORD."""
_COMMAND_FOLDERS = {"bin", "Scripts"}


def installed(name: str) -> Distribution | None:
    """Return what is installed here under a name; one with a RECORD, if any has one: a checkout's egg-info has none."""
    found = [*importlib.metadata.distributions(name=name)]
    return next((each for each in found if each.read_text("RECORD") is not None), found[0] if found else None)


def is_installed(name: str) -> bool:
    """Return whether a distribution is installed here."""
    return installed(name) is not None


def own_wheel(name: str) -> Wheel:
    """Return the wheel of an installed distribution.

    Raises ``WrongUseError`` if the distribution is not there, was installed without a RECORD, or has a file whose bytes
    are not those that were installed; ``WorkFailedError`` if a checkout cannot be built.
    """
    found = installed(name)
    if found is None:
        raise WrongUseError(f"{name} is not installed in {sys.prefix}", "install its wheel there, and run it again")
    checkout = checkout_of(found)
    if checkout is not None:
        return wheel_of_checkout(name, checkout)
    information = _information_folder(found, name)
    return wheel_of(dict(_members(found, name, information)), information=information, tag=_tag(found, name))


def checkout_of(found: Distribution) -> Path | None:
    """Return the folder that an editable installation uses; PEP 610 says where it is noted."""
    noted = json.loads(found.read_text("direct_url.json") or "{}")
    if not noted.get("dir_info", {}).get("editable"):
        return None
    return Path(unquote(urlparse(noted["url"]).path))


def _members(found: Distribution, name: str, information: str) -> Iterator[tuple[str, bytes]]:
    """Yield each file of the wheel: its name there, and its content."""
    commands = {point.name for point in found.entry_points}
    for file in found.files or ():
        if file.suffix == ".pyc" or (file.parts[0] == information and file.name in _OF_THE_INSTALLER):
            continue
        steps = [step for step in file.parts if step != ".."]
        outside = len(steps) != len(file.parts)
        if outside and steps[0] in _COMMAND_FOLDERS and PurePosixPath(file.name).stem in commands:
            continue  # whoever installs the wheel makes the commands anew
        path = Path(str(found.locate_file(file)))
        if outside and not path.exists():
            # pip's --target moves what is outside beside the packages, and leaves the RECORD as it was.
            path = Path(str(found.locate_file("")), *steps)
        inside = "/".join(steps)
        data = f"{information.removesuffix('.dist-info')}.data/data"
        yield (f"{data}/{inside}" if outside else inside), _content(file, path, name)


def _content(file: PackagePath, path: Path, name: str) -> bytes:
    # Never a command with our name in it: an index may have another's package of that name.
    again = "install its wheel again (pip install --force-reinstall --no-deps WHEEL), and run it again"
    try:
        content = path.read_bytes()
    except OSError as error:
        raise WrongUseError(f"{path} of {name} cannot be read: {error.strerror}", again) from error
    if file.hash is None or file.hash.value != record_digest(content, file.hash.mode):
        raise WrongUseError(f"{path} is not as {name} was installed: its SHA-256 is not that of the RECORD", again)
    return content


def _information_folder(found: Distribution, name: str) -> str:
    folder = next((file.parts[0] for file in found.files or () if file.name == "METADATA"), "")
    if found.read_text("RECORD") is None or not folder.endswith(".dist-info"):
        raise WrongUseError(f"{name} was installed without a RECORD of its files", "install its wheel again, with pip")
    return folder


def _tag(found: Distribution, name: str) -> str:
    lines = (found.read_text("WHEEL") or "").splitlines()
    tags = [line.partition(":")[2].strip() for line in lines if line.startswith("Tag:")]
    if len(tags) != 1:
        raise WrongUseError(
            f"{name} was installed from a wheel with {len(tags)} tags, and ours have one", "install our wheel again"
        )
    return tags[0]
