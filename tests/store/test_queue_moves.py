"""Moves in a queue: the order is what was asked for, places never run out, and what is refused changes nothing."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from sqlalchemy import event, select

from jupyter_training.core import queue_position
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import Verb
from jupyter_training.core.resources import Pool
from jupyter_training.errors import IllegalMove, InvalidSpec, TrainingError, UnknownJob
from jupyter_training.store import pools, verbs, views
from jupyter_training.store.queue_moves import (
    Ahead,
    At,
    Behind,
    Bottom,
    Move,
    SetPool,
    SetPriority,
    SetWeight,
    Top,
    move_all,
)
from jupyter_training.store.tables import jobs
from jupyter_training.testing.builders import a_submission
from tests.store.conftest import START, Bench

LOCAL = Pool("local", "local", 1, is_default=True)
SHARED = Pool("shared", "local", 8, policy="fair_share")


@pytest.fixture
def queue(bench: Bench) -> Bench:
    pools.write(bench.store, LOCAL, now=START)
    pools.write(bench.store, SHARED, now=START)
    return bench


def takes_any(job: Job, name: str, known: Mapping[str, Pool]) -> None:
    """Every pool takes every job."""


def move(bench: Bench, *wishes: tuple[Job, Move], atomic: bool = False) -> list[Job | TrainingError]:
    return move_all(bench.store, [(job.id, one) for job, one in wishes], now=START, judge=takes_any, atomic=atomic)


def moved(bench: Bench, job: Job, one: Move) -> Job:
    (outcome,) = move(bench, (job, one))
    if isinstance(outcome, TrainingError):
        raise outcome
    assert outcome == views.job(bench.store, job.id)
    return outcome


def order(bench: Bench, pool: str = "local") -> list[str]:
    """The names in the order of the pool, as the planner sorts them."""
    listed = [job for job, _ in views.unfinished(bench.store) if job.pool == pool]
    return [job.name for job in sorted(listed, key=lambda job: (job.priority, job.position, job.seq))]


def three(bench: Bench, **wish: object) -> tuple[Job, Job, Job]:
    return bench.a_job("a", **wish), bench.a_job("b", **wish), bench.a_job("c", **wish)


def test_the_second_of_three_goes_ahead_of_the_first(queue: Bench) -> None:
    a, b, _ = three(queue)
    moved(queue, b, Ahead(a.id))
    assert ["b", "a", "c"] == order(queue)


@pytest.mark.parametrize(
    ("which", "one", "expected"),
    [
        ("a", Behind, ["b", "a", "c"]),
        ("c", Ahead, ["a", "c", "b"]),
        ("a", Ahead, ["a", "b", "c"]),
        ("c", Behind, ["a", "b", "c"]),
    ],
)
def test_a_job_goes_directly_beside_another_one(
    queue: Bench, which: str, one: Callable[[JobId], Move], expected: list[str]
) -> None:
    named = dict(zip("abc", three(queue), strict=True))
    moved(queue, named[which], one(named["b"].id))
    assert expected == order(queue)


def test_next_to_a_job_of_another_priority_it_takes_that_first(queue: Bench) -> None:
    b = queue.a_job("b")
    a = queue.a_job("a")
    c = queue.a_job("c", priority=50)
    assert 42 == moved(queue, c, Ahead(b.id)).priority
    assert ["c", "b", "a"] == order(queue)
    assert a == views.job(queue.store, a.id)


def test_where_the_priority_alone_puts_it_right_it_keeps_its_place(queue: Bench) -> None:
    first = queue.a_job("first", priority=50)
    second = queue.a_job("second")
    assert first.position == moved(queue, first, Ahead(second.id)).position
    assert ["first", "second"] == order(queue)


@pytest.mark.parametrize("one", [Ahead, Behind])
def test_a_move_next_to_itself_is_silently_nothing(queue: Bench, one: Callable[[JobId], Move]) -> None:
    a, _, _ = three(queue)
    head = views.head(queue.store)
    assert a == moved(queue, a, one(a.id))
    assert head == views.head(queue.store)


def test_repeating_a_move_changes_nothing(queue: Bench) -> None:
    a, b, c = three(queue)
    wishes: list[tuple[Job, Move]] = [(c, Ahead(a.id)), (a, Behind(b.id)), (b, Top()), (c, Bottom()), (a, At(2))]
    for wish in wishes:
        move(queue, wish)
        head = views.head(queue.store)
        move(queue, wish)
        assert head == views.head(queue.store), wish


@pytest.mark.parametrize(
    ("one", "expected"), [(Top(), ["0", "b", "a", "c", "9", "z"]), (Bottom(), ["0", "a", "c", "9", "b", "z"])]
)
def test_top_and_bottom_are_of_its_own_priority(queue: Bench, one: Move, expected: list[str]) -> None:
    queue.a_job("0", priority=1)
    _, b, _ = three(queue)
    queue.a_job("9")
    queue.a_job("z", priority=99)
    moved(queue, b, one)
    assert expected == order(queue)


def test_what_comes_later_stands_behind_what_was_moved_to_the_bottom(queue: Bench) -> None:
    a, b, _ = three(queue)
    moved(queue, a, Bottom())
    moved(queue, b, Bottom())
    queue.a_job("d")
    assert ["c", "a", "b", "d"] == order(queue)


def test_the_bottom_is_behind_all_also_once_the_newest_jobs_were_deleted(queue: Bench) -> None:
    a, b, c = three(queue)
    moved(queue, a, Bottom())
    with queue.store.write() as connection:
        connection.execute(jobs.delete().where(jobs.c.id == c.id))
    moved(queue, b, Bottom())
    with queue.store.read() as connection:
        places = dict(connection.execute(select(jobs.c.name, jobs.c.position)).all())
    assert places["a"] < places["b"]


@pytest.mark.parametrize("place", range(1, 7))
@pytest.mark.parametrize("which", range(6))
def test_a_position_is_one_of_the_whole_order(queue: Bench, which: int, place: int) -> None:
    """Running jobs count, and so do those of other priorities."""
    made = [queue.a_job(str(one), priority=priority) for one, priority in enumerate((1, 42, 42, 42, 42, 99))]
    assert 2 == queue.begin([made[1].id, made[4].id])
    moved(queue, made[which], At(place))
    expected = [str(one) for one in range(6) if one != which]
    expected.insert(place - 1, str(which))
    assert expected == order(queue)


def test_jobs_of_other_pools_and_ended_ones_are_not_counted(queue: Bench) -> None:
    a, b, c = three(queue)
    other = queue.a_job("other", pool="shared")
    verbs.wish(queue.store, [a.id], Verb.PAUSE, now=START)
    assert other.pool == "shared"
    moved(queue, c, At(1))
    assert ["c", "b"] == [name for name in order(queue) if name != "a"]
    (refusal,) = move(queue, (b, At(3)))
    assert "There is no position 3 in the pool 'local'; they go from 1 to 2." == str(refusal)


def test_five_hundred_alternating_moves_in_front_of_the_same_job(queue: Bench) -> None:
    a, b, c = three(queue)
    for _ in range(0, 500, 20):
        move(queue, *[(b, Ahead(a.id)), (c, Ahead(a.id))] * 10)
        assert ["b", "c", "a"] == order(queue)
        assert 3 == len({job.position for job, _ in views.unfinished(queue.store)})


def test_ten_thousand_moves_in_front_of_the_same_job(local: Bench) -> None:
    """The order is that of the last moves, and all places differ. Worth its seconds: nobody may run out of places."""
    pools.write(local.store, LOCAL, now=START)
    anchor = local.a_job("anchor")
    others = [local.a_job(str(one)) for one in range(20)]
    rng = random.Random(16)
    wished = [rng.choice(others) for _ in range(10_000)]
    outcomes = move(local, *((one, Ahead(anchor.id)) for one in wished))
    assert not [one for one in outcomes if isinstance(one, TrainingError)]
    last = {job.name: place for place, job in enumerate(wished)}
    assert [*sorted(last, key=lambda name: last[name]), "anchor"] == order(local)
    assert 21 == len({job.position for job, _ in views.unfinished(local.store)})


def test_the_longest_places_are_kept_and_go_on(queue: Bench) -> None:
    """PostgreSQL's index has a limit for what it holds; ten thousand moves to one spot stay below it."""
    anchor, near, last = three(queue)
    place = near.position
    high = queue_position.of_submission(10_000_000)
    for _ in range(10_000):
        place = queue_position.between(place, high)
    assert len(place) > 2000
    with queue.store.write() as connection:
        connection.execute(jobs.update().where(jobs.c.id == near.id).values(position=place))
        connection.execute(jobs.update().where(jobs.c.id == anchor.id).values(position=high))
    moved(queue, last, Ahead(anchor.id))
    assert ["b", "c", "a"] == order(queue)


def test_random_moves_do_what_moves_in_a_list_do(queue: Bench) -> None:
    rng = random.Random(5)
    made = [queue.a_job(str(one), priority=rng.choice([41, 42, 42, 43])) for one in range(12)]
    listed = order(queue)
    for _ in range(400):
        job, anchor = rng.sample(made, 2)
        ahead = rng.random() < 0.5
        moved(queue, job, Ahead(anchor.id) if ahead else Behind(anchor.id))
        listed.remove(job.name)
        listed.insert(listed.index(anchor.name) + (not ahead), job.name)
        assert listed == order(queue)
        if rng.random() < 0.1:
            changed = rng.choice(made)
            moved(queue, changed, SetPriority(rng.choice([41, 42, 43])))
            listed = order(queue)


def test_a_priority_that_brings_it_to_a_taken_place_makes_room_for_it(queue: Bench) -> None:
    """Two places of different priorities may be the same; of one they may not, or nothing would fit between."""
    low, high = queue.a_job("low", priority=10), queue.a_job("high", priority=20)
    with queue.store.write() as connection:
        connection.execute(jobs.update().values(position="5"))
    both = moved(queue, high, SetPriority(10))
    assert "5" < both.position
    third = queue.a_job("third")
    moved(queue, third, Ahead(high.id))
    assert ["low", "third", "high"] == order(queue)
    assert low.id != high.id


def test_one_who_runs_may_be_moved_and_takes_its_change(queue: Bench) -> None:
    running = queue.a_running_job("running")
    waiting = queue.a_job("waiting")
    found = moved(queue, waiting, Ahead(running.id))
    assert ["waiting", "running"] == order(queue)
    assert views.head(queue.store) == found.version
    assert 7 == moved(queue, running, SetPriority(7)).priority


def test_a_weight_and_a_pool_are_changed(queue: Bench) -> None:
    job = queue.a_job("job")
    assert "shared" == moved(queue, job, SetPool("shared")).pool
    assert 0.5 == moved(queue, job, SetWeight(0.5)).weight
    assert [] == order(queue)


@pytest.mark.parametrize(
    ("pool", "one", "words"),
    [
        ("shared", SetPriority(1), "A priority means nothing in the pool 'shared': its policy is fair share."),
        ("shared", Top(), "A place in the order means nothing in the pool 'shared'"),
        ("shared", At(1), "A place in the order means nothing in the pool 'shared'"),
        ("shared", Ahead(JobId("aaaaaaaaaa")), "A place in the order means nothing in the pool 'shared'"),
        ("local", SetWeight(2.0), "A weight means nothing in the pool 'local': its policy is priority."),
        ("local", At(0), "There is no position 0 in the pool 'local'; they go from 1 to 1."),
        ("local", At(2), "There is no position 2 in the pool 'local'; they go from 1 to 1."),
        ("gone", SetPriority(1), "is in the pool 'gone', which is gone; there is: local, shared."),
    ],
)
def test_what_the_policy_has_not_is_refused(queue: Bench, pool: str, one: Move, words: str) -> None:
    (stored,) = queue.submit(a_submission("job", pool=pool))
    assert words in str(refused(queue, stored.job, one))


def refused(bench: Bench, job: Job, one: Move) -> IllegalMove:
    """The refusal, after which all is as it was."""
    before, head = views.job(bench.store, job.id), views.head(bench.store)
    (outcome,) = move(bench, (job, one))
    assert isinstance(outcome, IllegalMove)
    assert (before, head) == (views.job(bench.store, job.id), views.head(bench.store))
    return outcome


def test_what_has_ended_is_not_moved_nor_is_anything_beside_it(queue: Bench) -> None:
    a, b, _ = three(queue)
    queue.take()
    verbs.wish(queue.store, [a.id], Verb.CANCEL, now=START)
    end(queue, a)
    assert f"The job {a.id} (a) has ended" in str(refused(queue, a, SetPriority(1)))
    assert f"The job {a.id} (a) has ended; there is no place beside it." == str(refused(queue, b, Behind(a.id)))


def end(bench: Bench, job: Job) -> None:
    with bench.store.write() as connection:
        connection.execute(jobs.update().where(jobs.c.id == job.id).values(state="canceled", reason="canceled"))


def test_a_paused_job_has_no_position(queue: Bench) -> None:
    a, _, _ = three(queue)
    verbs.wish(queue.store, [a.id], Verb.PAUSE, now=START)
    assert "is paused and stands at no place. Activate it first." in str(refused(queue, a, At(1)))
    assert 3 == moved(queue, a, SetPriority(3)).priority


def test_an_anchor_of_another_pool_is_refused_with_what_to_do(queue: Bench) -> None:
    a, _, _ = three(queue)
    pools.write(queue.store, replace(LOCAL, name="other", is_default=False), now=START)
    far = queue.a_job("far", pool="other")
    assert "--resource-pool other" in str(refused(queue, a, Behind(far.id)))


def test_a_running_job_stays_in_its_pool(queue: Bench) -> None:
    running = queue.a_running_job("running")
    assert "Pause it, move it then, and activate it." in str(refused(queue, running, SetPool("shared")))
    assert running.pool == moved(queue, running, SetPool("local")).pool


def test_unknown_things_are_named(queue: Bench) -> None:
    a, _, _ = three(queue)
    none = JobId("aaaaaaaaaa")
    outcomes = move_all(
        queue.store,
        [(none, Top()), (a.id, Ahead(none))],
        now=START,
        judge=takes_any,
    )
    assert [UnknownJob, UnknownJob] == [type(one) for one in outcomes]


def test_a_pool_that_can_not_hold_it_is_refused_by_the_judge(queue: Bench) -> None:
    job = queue.a_job("job")

    def judge(one: Job, name: str, known: Mapping[str, Pool]) -> None:
        raise InvalidSpec(f"{one.name} does not fit {known[name].name}.")

    (outcome,) = move_all(queue.store, [(job.id, SetPool("shared"))], now=START, judge=judge)
    assert "job does not fit shared." == str(outcome)
    assert job == views.job(queue.store, job.id)


@pytest.mark.parametrize("atomic", [False, True])
def test_a_refused_one_stops_no_other_one_unless_it_is_all_or_none(queue: Bench, atomic: bool) -> None:
    a, b, c = three(queue)
    head = views.head(queue.store)
    outcomes = move(queue, (a, SetPriority(9)), (b, SetWeight(2.0)), (c, Top()), atomic=atomic)
    assert isinstance(outcomes[1], IllegalMove)
    assert "A weight means nothing" in str(outcomes[1])
    if not atomic:
        assert ["a", "c", "b"] == order(queue)
        return
    assert ["Not done: all or none was wished, and item 2 was refused."] * 2 == [str(outcomes[0]), str(outcomes[2])]
    assert ["a", "b", "c"] == order(queue)
    assert (head, [a, b, c]) == (views.head(queue.store), [views.job(queue.store, one.id) for one in (a, b, c)])


def test_an_atomic_batch_without_a_fault_is_done(queue: Bench) -> None:
    a, b, c = three(queue)
    outcomes = move(queue, (c, SetPriority(1)), (a, Behind(b.id)), atomic=True)
    assert ["c", "a"] == [one.name for one in outcomes if isinstance(one, Job)]
    assert ["c", "b", "a"] == order(queue)


def test_a_move_in_a_long_queue_reads_no_more_of_it(local: Bench) -> None:
    """Its neighbours are found by an index: SQLite looks at as few rows among 3,000 as among 30."""
    pools.write(local.store, LOCAL, now=START)
    made = [local.a_job(str(one)) for one in range(30)]
    few = steps(local, made)
    assert few
    local.submit(*(a_submission(f"more-{one}", pool="other" if one % 2 else "local") for one in range(3000)))
    assert steps(local, made) <= few * 1.2


def steps(bench: Bench, made: list[Job]) -> int:
    """How many of hundreds of steps SQLite's machine takes for a few moves."""
    counted = 0

    def step() -> int:
        nonlocal counted
        counted += 1
        return 0

    engine = bench.store.jobs.engine

    def watch(connection: object, *_: object) -> None:
        connection.driver_connection.set_progress_handler(step, 10)  # type: ignore[attr-defined]

    event.listen(engine, "engine_connect", lambda connection: watch(connection.connection))
    for job, one in ((made[3], Ahead(made[9].id)), (made[4], Behind(made[8].id)), (made[7], Top()), (made[1], At(5))):
        move(bench, (job, one))
    with engine.connect() as connection:
        connection.execute(select(1))
    return counted
