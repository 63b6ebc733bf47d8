"""Remedies that several checks give."""

from shared_schema.documents.reading import did_you_mean


def nearest_or(wrong: str, right: list[str], otherwise: str) -> str:
    """``did you mean 'x'? If not, <otherwise>``; only the latter when nothing is near."""
    hint = did_you_mean(wrong, right)
    return f"{hint} If not, {otherwise}" if hint.startswith("did you mean") else otherwise
