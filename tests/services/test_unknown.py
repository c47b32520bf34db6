"""A job of which nobody knows is shown as such, and holds what it was given."""

from __future__ import annotations

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import JobState, Phase, Seen
from jupyter_training.core.policy import plan
from jupyter_training.core.queue_view import queue_view
from jupyter_training.services import jobs, standing
from jupyter_training.store import facts, views
from tests.services.stage import Stage


def test_one_that_does_not_answer_keeps_its_slots_and_says_so(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standing, "_KEPT", 0.0)
    silent = JobId(stage.submit().job.id)
    waiting = JobId(stage.submit(name="next").job.id)
    number = stage.begin(silent)
    facts.seen(stage.site.store, stage.epoch, silent, number, Seen.UNKNOWN, stage.site.now())
    shown = jobs.show(stage.site, silent)
    assert (Phase.UNKNOWN, JobState.RUNNING) == (shown.phase, shown.state)
    assert "No answer from where it runs; its slots are kept until there is one." == shown.sentence
    view = queue_view(views.pools(stage.site.store), views.unfinished(stage.site.store))
    (active,) = view.active
    assert (silent, 1) == (active.job, active.allocation.slots)
    assert [waiting] == [one.id for one in view.queued]
    assert 1 == len(plan(view, stage.site.now()).decisions), "the other slot is free"
    stage.begin(waiting)
    last = JobId(stage.submit(name="last").job.id)
    view = queue_view(views.pools(stage.site.store), views.unfinished(stage.site.store))
    assert () == plan(view, stage.site.now()).decisions, "the silent one's slot is not given away"
    assert "2 of 2 slots are used" in jobs.show(stage.site, last).sentence
