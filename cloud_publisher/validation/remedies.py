"""Remedies that several checks use."""

from shared_schema.documents.reading import did_you_mean


def nearest_or(wrong: str, right: list[str], otherwise: str) -> str:
    """Return ``did you mean 'x'? If not, <otherwise>``; only ``otherwise`` if no name is similar."""
    hint = did_you_mean(wrong, right)
    return f"{hint} If not, {otherwise}" if hint.startswith("did you mean") else otherwise
