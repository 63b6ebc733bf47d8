"""Chooses the golden samples anew: held-out scans that every good model reads rightly and is sure of.

Run it when the data or the good models change; it writes ``golden/*.png`` and prints the lines for ``model.yaml``.
Not part of the build: golden samples are data that a person answers for, and are committed.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from convert import MODEL_FILE, TRUSTED
from scans import split, write_picture
from skops.io import load

FOLDER = Path(__file__).parent / "golden"


def choose(models: list[Path], *, each: int, sure: float) -> list[tuple[int, int]]:
    """(number among the held-out scans, digit) of the first ``each`` scans of every digit that all models read
    rightly with at least ``sure`` (0 to 1). Raises ``ValueError`` where a digit has too few."""
    _, held_out = split()
    right = np.ones(len(held_out), dtype=bool)
    for folder in models:
        model = load(folder / MODEL_FILE, trusted=list(TRUSTED))
        right &= model.predict_proba(held_out.pixels)[np.arange(len(held_out)), held_out.labels] >= sure
    chosen: list[tuple[int, int]] = []
    for digit in range(10):
        numbers = np.flatnonzero(right & (held_out.labels == digit))[:each]
        if len(numbers) < each:
            raise ValueError(f"only {len(numbers)} scans of a {digit} are read surely by every model; lower --sure")
        chosen += [(int(number), digit) for number in numbers]
    return chosen


def main(words: list[str] | None = None) -> int:
    """Write the golden samples. Exit code 0, or 1 when too few scans will do."""
    parser = argparse.ArgumentParser(description="Choose golden samples from the held-out scans.")
    parser.add_argument("models", nargs="+", type=Path, help="folders of good models, as train.py wrote them")
    parser.add_argument("--each", type=int, default=2, help="samples of each digit (default: 2)")
    parser.add_argument("--sure", type=float, default=0.65, help="the least score in every model (default: 0.65)")
    arguments = parser.parse_args(words)
    try:
        chosen = choose(arguments.models, each=arguments.each, sure=arguments.sure)
    except (ValueError, OSError) as error:
        print(f"cannot choose golden samples: {error}", file=sys.stderr)
        return 1
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.glob("*.png"):
        old.unlink()
    _, held_out = split()
    for number, digit in chosen:
        name = f"{digit}-{number:04d}.png"
        write_picture(FOLDER / name, held_out.pixels[number])
        print(f'    - {{input: golden/{name}, expect: {{label: "{digit}", min-score: 0.5}}}}')
    return 0


if __name__ == "__main__":
    sys.exit(main())
