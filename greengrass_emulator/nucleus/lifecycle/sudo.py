"""What sudo does to a step's environment, for a machine that has no sudo: classic runs other users' steps by it.

UnixPlatform.java (SudoDecorator): ``sudo -n -E -H -u USER -g GROUP --``. Whatever ``-E`` says, sudo takes away what
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
"""Names of variables; ``*`` stands for anything."""
SECURE_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_SHELL_FUNCTION = "()"


def after_sudo(environment: Mapping[str, str]) -> dict[str, str]:
    """What is left of an environment, with sudo's own PATH in it."""
    kept = {
        name: value
        for name, value in environment.items()
        if not value.startswith(_SHELL_FUNCTION) and not any(fnmatchcase(name, each) for each in TAKEN_AWAY)
    }
    return {**kept, "PATH": SECURE_PATH}
