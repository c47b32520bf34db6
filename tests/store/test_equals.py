"""The same cell again: an active equal job is the same job, and what else differs is told."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from jupyter_training.core.job import Entry, Submission
from jupyter_training.core.lifecycle import EndReason, Verb
from jupyter_training.errors import JobExists, KeyReused
from jupyter_training.seams.backend import End
from jupyter_training.store import facts, verbs, views, wishes
from jupyter_training.testing.builders import a_submission
from tests.store.conftest import Bench

NOTEBOOK = "digits.ipynb"


def a_cell(cell: int = 3, *, if_exists: str = "reuse", once: bool = False, **wish: object) -> Submission:
    """A cell's wish; equal arguments but for ``cell`` give equal work."""
    entry = Entry(kind="cell", path="cell.py", shown_as=f"cell [{cell}] of {NOTEBOOK}")
    made = a_submission("digits", **{"notebook": NOTEBOOK, "entry": entry, **wish})  # type: ignore[arg-type]
    return replace(made, if_exists=if_exists, once=once)  # type: ignore[arg-type]


def end(bench: Bench, submitted: wishes.Submitted, reason: EndReason = EndReason.COMPLETED) -> None:
    bench.begin([submitted.job.id])
    facts.running(bench.store, bench.epoch, submitted.job.id, 1, bench.now, bench.now)
    facts.ended(bench.store, bench.epoch, submitted.job.id, 1, End(reason), bench.now)


def count(bench: Bench) -> int:
    return sum(views.counts(bench.store).values())


def test_a_cell_that_moved_is_still_the_same_work(bench: Bench) -> None:
    (first,) = bench.submit(a_cell(3))
    head = views.head(bench.store)
    (again,) = bench.submit(a_cell(4))
    assert (True, False) == (first.created, first.reused)
    assert (first.job.id, False, True) == (again.job.id, again.created, again.reused)
    assert (1, head) == (count(bench), views.head(bench.store))


@pytest.mark.parametrize(
    "other",
    [
        {"user": "bob"},
        {"notebook": "other.ipynb"},
        {"notebook": None},
        {"params": {"lr": 0.2}},
        {"entry": Entry(kind="cell", path="other.py")},
    ],
    ids=str,
)
def test_what_differs_is_another_job(bench: Bench, other: dict[str, object]) -> None:
    bench.submit(a_cell())
    (second,) = bench.submit(a_cell(**other))
    assert second.created


def test_a_new_job_is_made_where_that_is_wished(bench: Bench) -> None:
    bench.submit(a_cell())
    (second,) = bench.submit(a_cell(if_exists="new"))
    assert (True, False, None) == (second.created, second.reused, second.beside)


def test_an_error_names_the_job_and_stores_nothing(bench: Bench) -> None:
    (first,) = bench.submit(a_cell())
    with pytest.raises(JobExists, match=first.job.id):
        bench.submit(a_cell(if_exists="error"))
    assert 1 == count(bench)


@pytest.mark.parametrize("verb", [Verb.CANCEL, Verb.KILL])
def test_what_is_being_stopped_stands_in_for_nothing(bench: Bench, verb: Verb) -> None:
    (first,) = bench.submit(a_cell())
    verbs.wish(bench.store, [first.job.id], verb, now=bench.now)
    (second,) = bench.submit(a_cell())
    assert second.created


def test_an_ended_job_stands_in_only_for_a_wish_of_once(bench: Bench) -> None:
    (first,) = bench.submit(a_cell())
    end(bench, first)
    (once,) = bench.submit(a_cell(once=True, if_exists="new"))
    assert (first.job.id, True) == (once.job.id, once.reused)
    (strict,) = bench.submit(a_cell(once=True, if_exists="error"))
    assert first.job.id == strict.job.id
    (second,) = bench.submit(a_cell())
    assert second.created


def test_a_failed_job_is_no_success(bench: Bench) -> None:
    (first,) = bench.submit(a_cell())
    end(bench, first, EndReason.ERROR)
    (second,) = bench.submit(a_cell(once=True))
    assert second.created


def test_an_active_job_goes_before_an_older_success(bench: Bench) -> None:
    (first,) = bench.submit(a_cell())
    end(bench, first)
    (active,) = bench.submit(a_cell())
    (found,) = bench.submit(a_cell(once=True))
    assert active.job.id == found.job.id


def test_equal_wishes_in_one_call_make_one_job(bench: Bench) -> None:
    first, second = bench.submit(a_cell(), a_cell())
    assert (first.job.id, True) == (second.job.id, second.reused)


def test_a_repeated_key_gives_the_job_that_stood_in_also_when_it_has_ended(bench: Bench) -> None:
    """The first answer may have been lost on its way; its repeat is no new wish."""
    (first,) = bench.submit(a_cell())
    (again,) = bench.submit(a_cell(key="lost-answer"))
    end(bench, first)
    (repeated,) = bench.submit(a_cell(key="lost-answer"))
    assert (first.job.id, first.job.id, True) == (again.job.id, repeated.job.id, repeated.reused)
    with pytest.raises(KeyReused):
        bench.submit(a_cell(key="lost-answer", params={"lr": 9}))


@pytest.mark.parametrize("notebook", [NOTEBOOK, None])
def test_a_changed_cell_is_a_new_job_and_the_old_one_is_told(bench: Bench, notebook: str | None) -> None:
    (first,) = bench.submit(a_cell(params={"lr": 0.1}, notebook=notebook))
    (second,) = bench.submit(a_cell(params={"lr": 0.2}, notebook=notebook))
    assert second.created
    assert second.beside is not None
    assert first.job.id == second.beside.id
    end(bench, first)
    verbs.wish(bench.store, [second.job.id], Verb.CANCEL, now=bench.now)
    (third,) = bench.submit(a_cell(params={"lr": 0.3}, notebook=notebook))
    assert third.beside is None


def test_eight_at_once_with_their_own_keys_make_one_job(bench: Bench) -> None:
    gate = threading.Barrier(8)

    def send(place: int) -> wishes.Submitted:
        wish = a_cell(place)
        gate.wait()
        return bench.submit(wish)[0]

    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(send, range(8)))
    assert 1 == len({one.job.id for one in answers})
    assert (1, 7) == (sum(one.created for one in answers), sum(one.reused for one in answers))
    assert 1 == count(bench)
