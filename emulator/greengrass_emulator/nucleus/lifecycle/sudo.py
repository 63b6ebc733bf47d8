"""Sudo's changes to a step's environment, for a machine without sudo. Classic runs other users' steps by sudo.

UnixPlatform.java (SudoDecorator): ``sudo -n -E -H -u USER -g GROUP --``. In spite of ``-E``, sudo removes what
could change how a program is loaded (sudo's env.c, ``initial_badenv_table``; ``sudo -V`` of root lists it), and sets
its own PATH (``secure_path`` of Debian's and Ubuntu's sudoers).
"""

from collections.abc import Mapping
from fnmatch import fnmatchcase

TAKEN_AWAY = (
    "IFS",
    "CDPATH",
    "LOCALDOMAIN",
    "RES_OPTIONS",
    "HOSTALIASES",
    "NLSPATH",
    "PATH_LOCALE",
    "LD_*",
    "_RLD*",
    "TERMINFO",
    "TERMINFO_DIRS",
    "TERMPATH",
    "TERMCAP",
    "ENV",
    "BASH_ENV",
    "PS4",
    "GLOBIGNORE",
    "BASHOPTS",
    "SHELLOPTS",
    "JAVA_TOOL_OPTIONS",
    "PERLIO_DEBUG",
    "PERLLIB",
    "PERL5LIB",
    "PERL5OPT",
    "PERL5DB",
    "FPATH",
    "NULLCMD",
    "READNULLCMD",
    "ZDOTDIR",
    "TMPPREFIX",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONINSPECT",
    "PYTHONUSERBASE",
    "RUBYLIB",
    "RUBYOPT",
)
"""Names of variables; ``*`` stands for any text."""
SECURE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SHELL_FUNCTION = "()"


def after_sudo(environment: Mapping[str, str]) -> dict[str, str]:
    """Return what sudo leaves of an environment, with its own PATH."""
    kept = {
        name: value
        for name, value in environment.items()
        if not value.startswith(_SHELL_FUNCTION) and not any(fnmatchcase(name, each) for each in TAKEN_AWAY)
    }
    return {**kept, "PATH": SECURE_PATH}
