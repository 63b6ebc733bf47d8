"""The version of this distribution, `mlops-at-edge`: the one place where it stands; pyproject.toml reads it here."""

from typing import Final

VERSION: Final = "0.1.0"
