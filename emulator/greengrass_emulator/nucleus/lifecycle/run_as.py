"""The user that runs a component's steps: from the deployment's ``runWith``, or the device's ``runWithDefault``.

UnixRunWithGenerator.java and UnixPlatform.java:777-820 (SudoDecorator): a classic nucleus, root or not, uses
``sudo -n`` for any user but its own, and the step fails if sudo does not allow it. Here, on a machine without sudo, a
nucleus that is root changes the user by setpriv, with the same environment. Lite's components have systemd's
``User=``. If no user is named, a nucleus that is not root runs components as itself, and one that is root refuses: to
run components as root, the device's configuration must say so.
"""

import grp
import logging
import os
import pwd
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from greengrass_emulator.errors import NucleusError
from greengrass_emulator.nucleus.errors import StepFailed
from greengrass_emulator.nucleus.lifecycle.sudo import after_sudo
from greengrass_emulator.nucleus.runtimes import Runtime

_log = logging.getLogger(__name__)
_ROOT = 0


@dataclass(frozen=True, slots=True)
class Identity:
    """The numbers of a user and a group. ``name`` is None for a number without an account."""

    uid: int
    gid: int
    name: str | None = None
    home: str = "/"

    def is_same(self, other: "Identity") -> bool:
        """Return whether both have the same numbers, whatever their names."""
        return (self.uid, self.gid) == (other.uid, other.gid)


ROOT = Identity(_ROOT, _ROOT, "root", "/root")
"""The user of a step with ``RequiresPrivilege``."""


def whoever_this_is() -> Identity:
    """Return the user of this process."""
    return Identity(os.geteuid(), os.getegid(), _name(os.geteuid()))


def has_sudo() -> bool:
    """Return whether this machine has sudo. Whether sudo allows a step is seen when the step runs."""
    return shutil.which("sudo") is not None


@dataclass(frozen=True, slots=True)
class Identities:
    """The users of one device. ``default`` is ``runWithDefault.posixUser`` of its configuration."""

    runtime: Runtime
    default: str | None
    nucleus: Identity = field(default_factory=whoever_this_is)
    sudo: bool = field(default_factory=has_sudo)
    programs: str | None = None
    """A folder that is first on every step's PATH: that of the device's Python, which sudo's PATH does not have."""

    def of(self, posix_user: str | None) -> Identity:
        """Return the user for a component; its deployment may name one as ``USER[:GROUP]``. Raises StepFailed."""
        wanted = posix_user or self.default
        if not wanted:
            if self.nucleus.uid != _ROOT and self.runtime.runs_as_nucleus_by_default:
                return self.nucleus
            raise StepFailed(
                "Could not determine user/group to run with. Ensure that runWithDefault is set for "
                f"{self.runtime.nucleus_component} in config.yaml, such as {{posixUser: ggc_user:ggc_group}}"
            )
        found = look_up(wanted)
        if found is None:
            raise StepFailed(
                f"Could not determine user/group to run with: {wanted} is not on this device. Make the user, or name "
                "another in runWith of the deployment or in runWithDefault of the nucleus"
            )
        return found

    def launcher(self, who: Identity, *, privileged: bool) -> tuple[str, ...]:
        """Return the command that runs a step as ``who``, or as root if it is privileged. Raises StepFailed.

        A component that runs as root, like its nucleus, may not read past file modes unless its step is privileged: a
        file is readable to it as to a component with a user of its own.
        """
        wanted = ROOT if privileged else who
        ending = [] if self.runtime.components_outlive_it else ["--pdeathsig", "KILL"]
        if self._asks_sudo(wanted):
            if not self.sudo:
                raise StepFailed(
                    f"to run as {wanted.name or wanted.uid} it takes sudo, which is not there. Install sudo and allow "
                    "it without a password, or run the nucleus as root, or as the components' own user"
                )
            # Sudo must not ask for a password: the step fails instead.
            as_them = ("sudo", "-n", "-E", "-H", "-u", f"#{wanted.uid}", "-g", f"#{wanted.gid}", "--")
            return (*_setpriv(ending), *as_them, *self._on_path())
        become: list[str] = []
        if not wanted.is_same(self.nucleus):
            groups = "--clear-groups" if wanted.name is None else "--init-groups"
            become += ["--reuid", str(wanted.uid), "--regid", str(wanted.gid), groups]
        if self.nucleus.uid == _ROOT and wanted.uid == _ROOT and not privileged:
            become += ["--bounding-set", "-dac_override,-dac_read_search"]
        return _setpriv([*ending, *become])

    def environment(
        self, given: Mapping[str, str], setenv: Mapping[str, str], who: Identity, *, privileged: bool
    ) -> dict[str, str]:
        """Return a step's environment as ``who``, from the nucleus's variables and the recipe's ``Setenv``."""
        wanted = ROOT if privileged else who
        if wanted.is_same(self.nucleus) or self._asks_sudo(wanted):
            return {**given, **setenv}
        name = wanted.name or str(wanted.uid)
        theirs = {"HOME": wanted.home, "USER": name, "LOGNAME": name}
        if not self.runtime.changes_user_by_sudo:
            return {**given, **theirs, **setenv}
        left = after_sudo({**given, **setenv})
        return {**left, "PATH": f"{self.programs}:{left['PATH']}" if self.programs else left["PATH"], **theirs}

    def _on_path(self) -> tuple[str, ...]:
        """Return the words between sudo and a step that put the device's programs before those of sudo's PATH."""
        return ("sh", "-c", 'PATH="$0:$PATH"; export PATH; exec "$@"', self.programs) if self.programs else ()

    def _asks_sudo(self, wanted: Identity) -> bool:
        """Return whether sudo is used: not by a root nucleus on a machine without sudo, and never on lite."""
        if wanted.is_same(self.nucleus):
            return False
        return self.nucleus.uid != _ROOT or (self.sudo and self.runtime.changes_user_by_sudo)


def look_up(wanted: str) -> Identity | None:
    """Return the account of ``USER[:GROUP]``, names or numbers; None if the user or a group is missing.

    A number without an account needs a group (UnixRunWithGenerator.java).
    """
    user, _, group = wanted.partition(":")
    try:
        account = pwd.getpwuid(int(user)) if user.isdecimal() else pwd.getpwnam(user)
    except (KeyError, OverflowError):
        account = None
    gid = _gid(group) if group else account.pw_gid if account else None
    if gid is None or (account is None and not user.isdecimal()):
        return None
    if account is None:
        return Identity(int(user), gid)
    return Identity(account.pw_uid, gid, account.pw_name, account.pw_dir)


def check_launcher() -> None:
    """Raise NucleusError if this machine cannot start components as required."""
    if shutil.which("setpriv") is None:
        raise NucleusError("setpriv, which starts components, is not there", "install util-linux, which holds it")


def give(folder: Path, who: Identity) -> None:
    """Give a folder and all in it to a component's user. If that is not allowed, log it and go on.

    GenericExternalService.java (updateComponentPathOwner): the error is logged, and the step runs.
    """
    if who.is_same(whoever_this_is()):
        return
    for path, _, files in os.walk(folder):
        for name in ("", *files):
            each = Path(path, name)
            try:
                found = each.lstat()
                if (found.st_uid, found.st_gid) != (who.uid, who.gid):
                    os.chown(each, who.uid, who.gid, follow_symlinks=False)
            except OSError as error:
                _log.error(
                    "Service artifacts may not be accessible to user",
                    extra={"path": str(each), "user": who.name or who.uid, "reason": str(error)},
                )
                return


def _setpriv(options: list[str]) -> tuple[str, ...]:
    return ("setpriv", *options) if options else ()


def _gid(group: str) -> int | None:
    if group.isdecimal():
        return int(group)
    try:
        return grp.getgrnam(group).gr_gid
    except KeyError:
        return None


def _name(uid: int) -> str | None:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return None
