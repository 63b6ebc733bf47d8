"""The scans of handwritten digits: which are trained on, which are held out, and what they look like as pictures.

The data are the 1,797 scans of 8 by 8 pixels that scikit-learn carries (UCI's "Optical Recognition of Handwritten
Digits"); nothing is downloaded. As a script it writes the held-out ones as PNG files for a feeder.
"""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

BRIGHTEST = 16
"""A pixel's highest value in the data; a PNG's is 255."""
_SEED = 20_261_124
_HELD_OUT = 0.25


@dataclass(frozen=True, slots=True)
class Scans:
    """``pixels`` is float32 [N, 64] with whole values from 0 to 16; ``labels`` is int64 [N], the digits."""

    pixels: Any
    labels: Any

    def __len__(self) -> int:
        return len(self.labels)


def split() -> tuple[Scans, Scans]:
    """The scans to train on and those held out: the same at every call, and as many of each digit in both."""
    data = load_digits()
    pixels = data.data.astype(np.float32)
    seen, unseen, seen_labels, unseen_labels = train_test_split(
        pixels, data.target, test_size=_HELD_OUT, random_state=_SEED, stratify=data.target
    )
    return Scans(seen, seen_labels), Scans(unseen, unseen_labels)


def as_picture(pixels: Any) -> Any:
    """One scan as an 8-bit gray picture, uint8 [8, 8]; ``round(picture * 16 / 255)`` gives its pixels back."""
    return np.round(pixels.reshape(8, 8) * (255 / BRIGHTEST)).astype(np.uint8)


def write_picture(path: Path, pixels: Any) -> None:
    """One scan as a lossless PNG. Raises ``OSError`` when it cannot be written."""
    import cv2  # noqa: PLC0415 - training and conversion do without it

    written, encoded = cv2.imencode(".png", as_picture(pixels))
    if not written:
        raise OSError(f"{path}: OpenCV could not encode the scan")
    path.write_bytes(encoded.tobytes())


def write_pictures(folder: Path, scans: Scans) -> dict[str, str]:
    """Every scan as ``NNNN-<label>.png``, and ``truth.json``, which names each one's digit; returns the latter."""
    folder.mkdir(parents=True, exist_ok=True)
    truth: dict[str, str] = {}
    for number, (pixels, label) in enumerate(zip(scans.pixels, scans.labels, strict=True)):
        name = f"{number:04d}-{label}.png"
        write_picture(folder / name, pixels)
        truth[name] = str(label)
    (folder / "truth.json").write_text(json.dumps(truth, indent=2) + "\n", encoding="utf-8")
    return truth


def main(words: list[str] | None = None) -> int:
    """Write the held-out scans. Exit code 0, or 1 when the folder cannot be written."""
    parser = argparse.ArgumentParser(description="Write the held-out scans as PNG files, and truth.json beside them.")
    parser.add_argument("--out", type=Path, required=True, help="the folder to write to; made when it is missing")
    parser.add_argument("--limit", type=int, default=None, help="at most so many scans")
    arguments = parser.parse_args(words)
    _, held_out = split()
    chosen = Scans(held_out.pixels[: arguments.limit], held_out.labels[: arguments.limit])
    try:
        truth = write_pictures(arguments.out, chosen)
    except OSError as error:
        print(f"cannot write the scans to {arguments.out}: {error}", file=sys.stderr)
        return 1
    print(f"{len(truth)} scans in {arguments.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
