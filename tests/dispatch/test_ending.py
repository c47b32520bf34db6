"""How an end is told."""

from __future__ import annotations

import pytest

from jupyter_training.core.lifecycle import EndReason
from jupyter_training.dispatch.ending import Reached, tells_how_far, told
from jupyter_training.seams.backend import End, StopHow


@pytest.mark.parametrize(
    ("end", "reached", "sentence"),
    [
        (End(EndReason.PAUSED), Reached(10, 10), "Paused by you at step 10; its checkpoint is kept."),
        (End(EndReason.PAUSED), Reached(None, 1200), "Paused by you at step 1,200; its checkpoint is kept."),
        (
            End(EndReason.PAUSED),
            Reached(12, 10),
            "Paused by you at step 12; it goes on from its checkpoint of step 10.",
        ),
        (End(EndReason.PAUSED), Reached(4000, 10, True), "Paused by you at step 10; its checkpoint is kept."),
        (End(EndReason.PAUSED), Reached(3), "Paused by you; it starts from the beginning."),
        (End(EndReason.PREEMPTED), Reached(10, 10), "Made room for another job at step 10; its checkpoint is kept."),
        (End(EndReason.CANCELED), Reached(1210, 1200), "Stopped by you; the checkpoint of step 1,200 is kept."),
        (End(EndReason.KILLED), Reached(7, 5), "Killed by you; the checkpoint of step 5 is kept."),
        (End(EndReason.CANCELED), Reached(7), None),
        (End(EndReason.LOST), Reached(), None),
        (
            End(EndReason.LOST),
            Reached(12, 10),
            (
                "Lost: its process vanished and left no record of its end. Last step reported: 12."
                " Last checkpoint: step 10."
            ),
        ),
        (
            End(EndReason.LOST, "Lost: the machine was restarted while it ran."),
            Reached(3100),
            "Lost: the machine was restarted while it ran. Last step reported: 3,100.",
        ),
        (
            End(EndReason.OUT_OF_MEMORY, "Killed, probably out of memory: 15.9 GB of 16 GB."),
            Reached(None, 3000),
            "Killed, probably out of memory: 15.9 GB of 16 GB. Last checkpoint: step 3,000.",
        ),
        (
            End(EndReason.HUNG),
            Reached(4),
            "Stopped: no report and no line of log for 30 min. Last step reported: 4.",
        ),
        (End(EndReason.ERROR, "Failed: ValueError."), Reached(4, 2), "Failed: ValueError."),
        (End(EndReason.COMPLETED), Reached(20, 20), None),
    ],
)
def test_an_end_is_told_with_what_is_known(end: End, reached: Reached, sentence: str | None) -> None:
    found = told(end, None, reached, quiet=1800.0)
    assert (end.reason, sentence) == (found.reason, found.detail)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ("pause", EndReason.PAUSED),
        ("discard", EndReason.PAUSED),
        ("preempt", EndReason.PREEMPTED),
        ("cancel", EndReason.VOID),
        (None, EndReason.VOID),
    ],
)
def test_a_launch_that_is_given_up_for_a_pause_is_a_pause(asked: StopHow | None, reason: EndReason) -> None:
    assert reason is told(End(EndReason.VOID), asked, Reached()).reason


def test_what_was_paused_before_it_began_says_so() -> None:
    assert "Paused by you before it began." == told(End(EndReason.VOID), "pause", Reached()).detail


@pytest.mark.parametrize("reason", [one for one in EndReason if not tells_how_far(End(one))])
@pytest.mark.parametrize("asked", [None, "pause", "discard", "preempt", "cancel", "kill"])
def test_what_was_reached_is_not_asked_for_where_it_changes_nothing(reason: EndReason, asked: StopHow | None) -> None:
    for detail in (None, "Failed: ValueError."):
        end = End(reason, detail)
        assert told(end, asked, Reached(), quiet=1.0) == told(end, asked, Reached(7, 5, True), quiet=1.0)
