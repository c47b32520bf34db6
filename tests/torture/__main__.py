"""``python -m tests.torture [--seeds 50] [--first 0]``: stories by seed; a failure prints the seed that replays it."""

from __future__ import annotations

import argparse
import tempfile
import time
import traceback
from pathlib import Path

from tests.torture.story import Stand, Story, check, play


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.torture")
    parser.add_argument("--seeds", type=int, default=50)
    parser.add_argument("--first", type=int, default=0)
    options = parser.parse_args()
    failed = []
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        stand = Stand(Path(folder) / "home")
        try:
            for seed in range(options.first, options.first + options.seeds):
                story, began = Story.of(seed), time.monotonic()
                try:
                    check(stand, story, *play(stand, story))
                    outcome = "held"
                except AssertionError:
                    traceback.print_exc()
                    failed.append(seed)
                    outcome = f"FAILED (replay: --first {seed} --seeds 1)"
                print(
                    f"seed {seed:4d}  killed {'+'.join(story.victims):48s} {time.monotonic() - began:5.1f} s  {outcome}"
                )
        finally:
            stand.close()
    print(f"{options.seeds - len(failed)} passed, {len(failed)} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
