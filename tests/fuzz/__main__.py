"""``python -m tests.fuzz [SECONDS] [TARGET…]``: random input for what reads bytes and recipes, each target so long.

Not part of ``make test``. A failure prints hypothesis's smallest example and ends with code 1; what is found becomes a
test.
"""

import sys
import time
from collections.abc import Callable

from tests.fuzz.cloud_recipe_reader import any_blob_is_read_or_refused, any_recipe_is_read_or_refused_by_the_cloud
from tests.fuzz.frame_decoder import any_bytes_are_frames_or_refused, spoilt_frames_are_refused
from tests.fuzz.recipe_parser import any_recipe_is_read_or_refused, any_text_is_read_or_refused

_SECONDS = 600.0
_PAIRS: tuple[tuple[str, tuple[Callable[[], None], ...]], ...] = (
    ("frame decoder", (any_bytes_are_frames_or_refused, spoilt_frames_are_refused)),
    ("recipe parser", (any_text_is_read_or_refused, any_recipe_is_read_or_refused)),
    ("cloud recipe reader", (any_blob_is_read_or_refused, any_recipe_is_read_or_refused_by_the_cloud)),
)


def main() -> None:
    """Run each for its time, and say how often."""
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else _SECONDS
    wanted = set(sys.argv[2:]) or {name for name, _ in _PAIRS}
    for name, properties in _PAIRS:
        if name not in wanted:
            continue
        until, rounds = time.monotonic() + seconds, 0
        while time.monotonic() < until:
            for holds in properties:
                holds()
            rounds += 1
        sys.stdout.write(f"{name}: {rounds} rounds of {len(properties)} properties in {seconds:g} s, nothing found\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
