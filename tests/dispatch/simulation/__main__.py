"""Play many stories, or one again: ``python -m tests.dispatch.simulation [--seeds N] [--first N] [--seed N]``.

A fault is printed with its seed, and the story is made smaller while it still shows it. Exit status 1 if there was one.
"""

from __future__ import annotations

import argparse
import gc
import logging
import sys
import time

from tests.dispatch.simulation.draw import story
from tests.dispatch.simulation.laws import Broken
from tests.dispatch.simulation.play import play
from tests.dispatch.simulation.reduce import reduced
from tests.dispatch.simulation.stores import Stores

_STOP_AFTER = 10  # faults
_SWEPT_AFTER = 50  # stories


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="make simulate")
    parser.add_argument("--seeds", type=int, default=10_000, help="how many stories")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first one")
    parser.add_argument("--seed", type=int, help="this one only, with each event")
    parser.add_argument("--whole", action="store_true", help="do not make a story with a fault smaller")
    parser.add_argument("--minutes", type=float, help="stop after so many")
    given = parser.parse_args(words)
    logging.getLogger("jupyter_training").setLevel(logging.ERROR)  # launches that fail belong to the stories
    gc.disable()  # the cycles of a story are few, and looking for them takes a sixth of the time
    with Stores() as stores:
        if given.seed is not None:
            return _one(stores, given.seed, whole=given.whole)
        return _many(stores, given.first, given.seeds, whole=given.whole, minutes=given.minutes)


def _one(stores: Stores, seed: int, *, whole: bool) -> int:
    shown = story(seed)
    try:
        with stores.fresh() as store:
            outcome = play(shown, store, told=True)
    except Exception as error:
        print(f"seed {seed}: {_fault(error)}")
        if not whole:
            _show_reduced(stores, seed)
        return 1
    print(f"seed {seed}: all is well; schedule {outcome.schedule}")
    return 0


def _many(stores: Stores, first: int, seeds: int, *, whole: bool, minutes: float | None) -> int:
    begin = said = time.monotonic()
    ticks = jobs = preemptions = faults = played = 0
    virtual = 0.0
    for seed in range(first, first + seeds):
        try:
            with stores.fresh() as store:
                outcome = play(story(seed), store)
            ticks, jobs, virtual = ticks + outcome.ticks, jobs + outcome.jobs, virtual + outcome.seconds
            preemptions += outcome.preemptions
        except Exception as error:
            faults += 1
            print(f"seed {seed}: {_fault(error)}", flush=True)
            print(f"  again: make simulate ARGS='--seed {seed}'", flush=True)
            if not whole:
                _show_reduced(stores, seed)
        played += 1
        if played % _SWEPT_AFTER == 0:
            gc.collect()
        now = time.monotonic()
        if faults >= _STOP_AFTER or (minutes is not None and now - begin > 60 * minutes):
            break
        if now - said > 30:
            said = now
            print(f"{played:,} stories, {faults} faults", flush=True)
    took = time.monotonic() - begin
    print(
        f"{played:,} stories from seed {first}: {faults} faults; {jobs:,} jobs, {preemptions:,} preemptions, "
        f"{ticks:,} ticks, {virtual:,.0f} virtual seconds in {took:.0f} s: {ticks / took:,.0f} ticks/s, "
        f"{jobs / took:,.0f} jobs/s, {virtual / took:,.0f} virtual seconds per second, "
        f"{1e3 * took / played:.0f} ms a story"
    )
    return 1 if faults else 0


def _fault(error: Exception) -> str:
    return str(error) if isinstance(error, Broken) else f"{type(error).__name__}: {error}"


def _show_reduced(stores: Stores, seed: int) -> None:
    smaller, words = reduced(story(seed), stores)
    print("  smaller:", words)
    for pool in smaller.pools:
        print("   ", pool)
    for act in smaller.acts:
        print("   ", act)
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
