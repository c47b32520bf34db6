"""How fast made-up days of a queue are played on the real dispatcher: see ``tests.dispatch.simulation``."""

from __future__ import annotations

import gc
import logging

from jupyter_training.store import views
from tests.benchmarks.row import Row, row, seconds
from tests.dispatch.simulation.draw import story
from tests.dispatch.simulation.play import Outcome, play
from tests.dispatch.simulation.stores import Stores

__all__ = ["measure"]

STORIES = 20
LOOKS = 2_000


def measure() -> list[Row]:
    """The baseline is the least that a tick does: to ask the store for its newest change."""
    outcomes: list[Outcome] = []
    logging.getLogger("jupyter_training").setLevel(logging.ERROR)  # launches that fail belong to the stories
    gc.disable()
    try:
        with Stores() as stores:

            def play_all() -> None:
                for seed in range(1, STORIES + 1):
                    with stores.fresh() as store:
                        outcomes.append(play(story(seed), store))

            took = seconds(play_all)
            with stores.fresh() as store:

                def look_often() -> None:
                    for _ in range(LOOKS):
                        views.head(store)

                looked = LOOKS / seconds(look_often)
    finally:
        gc.enable()
    ticks = sum(one.ticks for one in outcomes) / took
    return [
        row(
            "the simulator: rounds of the dispatcher", ticks, "/s", baseline=looked, baseline_what="looks at the store"
        ),
        row("the simulator: jobs", sum(one.jobs for one in outcomes) / took, "/s"),
        row("the simulator: virtual seconds", sum(one.seconds for one in outcomes) / took, "/s"),
    ]
