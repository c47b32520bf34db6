"""What is asked of the queue: moves, batches, dependencies. What is refused changes nothing and says why."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import EndReason, Verb
from jupyter_training.core.resources import Pool
from jupyter_training.errors import InvalidSpec, InvalidUsage, TrainingError, UnknownJob, from_problem
from jupyter_training.schema import AfterRequest, BatchRequest, BatchResult, MoveRequest, ProblemDocument
from jupyter_training.services import asking, batch, jobs, moves, queue
from jupyter_training.services.api import operation
from jupyter_training.services.queue import QueueQuery
from jupyter_training.store import pools, queue_moves, verbs, views
from jupyter_training.store.engine import Store
from tests.services.searching import Searching
from tests.services.stage import USER, Stage


@pytest.fixture
def trio(stage: Stage) -> dict[str, str]:
    """Three jobs that wait, and three pools: two by priority, one that shares."""
    add(stage, "local", slots=2, is_default=True)
    add(stage, "a.b")
    add(stage, "shared", policy="fair_share")
    return {name: stage.submit(name=name).job.id for name in ("a", "b", "c")}


def add(stage: Stage, name: str, **how: Any) -> None:
    pools.write(stage.site.store, Pool(name, "local", how.pop("slots", 8), **how), now=stage.site.now())


def order(stage: Stage, pool: str = "local") -> list[str]:
    return [row.name for row in queue.page(stage.site, QueueQuery(pool=pool)).rows]


def test_a_move_of_a_search_is_meant_of_its_trials(stage: Stage) -> None:
    add(stage, "local", slots=2, is_default=True)
    add(stage, "other")
    add(stage, "shared", policy="fair_share")
    search = Searching(stage)
    search.drive()
    for number in range(3):
        search.trial(number, begin=number == 0)
    (told,) = asked(stage, search.id, priority=7)
    assert told.ok and search.id == told.id
    assert [42, 7, 7] == [search.job(number).priority for number in range(3)], "what runs has had its turn"
    assert 7 == search.row.priority
    search.trial(3, begin=False)
    assert 7 == search.job(3).priority
    asked(stage, search.id, resource_pool="other")
    assert ["local", "other", "other"] == [search.job(number).pool for number in range(3)]
    assert ("other", "drivers") == (search.row.pool, search.driver.pool)
    (refused,) = asked(stage, search.id, weight=2)
    assert not refused.ok and "means nothing in the pool 'other'" in str(refused.problem)
    (refused,) = asked(stage, search.id, resource_pool="nowhere")
    assert not refused.ok and "no pool 'nowhere'" in str(refused.problem)


@pytest.mark.parametrize(
    ("texts", "item"),
    [
        (("a.priority=33", "hunt.weight=2"), 2),
        (("hunt.weight=2", "a.priority=33"), 1),
        (("hunt.priority=21", "a.weight=3"), 2),
        (("hunt.resource-pool=shared", "hunt.priority=3"), 2),
        (("hunt.resource-pool=shared", "hunt.weight=3", "hunt.resource-pool=drivers", "a.top"), 3),
    ],
)
@pytest.mark.parametrize("begin", [False, True])
def test_all_or_none_holds_for_searches_too(
    stage: Stage, trio: dict[str, str], texts: tuple[str, ...], item: int, begin: bool
) -> None:
    search = Searching(stage, name="hunt")
    search.drive()
    for number in range(3):
        search.trial(number, begin=begin)
    before, row = state(stage), search.row
    found = items(stage, *texts, atomic=True).results
    said = [str(refusal(one.problem)) for one in found]
    others = f"Not done: all or none was wished, and item {item} was refused."
    assert [one == item - 1 for one in range(len(texts))] == [words != others for words in said]
    assert (before, row) == (state(stage), search.row)


@pytest.mark.parametrize("atomic", [False, True])
def test_a_search_is_judged_by_the_pool_that_an_item_before_gave_it(
    stage: Stage, trio: dict[str, str], atomic: bool
) -> None:
    search = Searching(stage, name="hunt")
    search.drive()
    search.trial(0, begin=False)
    found = items(stage, "hunt.resource-pool=shared", "hunt.weight=3", "a.priority=7", atomic=atomic).results
    assert [True, True, True] == [one.ok for one in found], found
    assert [("shared", 3.0)] * 2 == [(one.pool, one.weight) for one in (search.row, search.job(0))]
    assert 7 == stage.job(trio["a"]).priority


@pytest.mark.parametrize("many", [1, 100])
def test_a_search_goes_to_another_pool_whatever_begins_meanwhile(
    stage: Stage, trio: dict[str, str], many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A trial begins before the first transaction, or between that and the next one."""
    monkeypatch.setattr(queue_moves, "_AT_ONCE", many)
    search = Searching(stage, name="hunt")
    search.drive()
    for number in range(4):
        search.trial(number, begin=False)
    before = [search.job(2).id]
    write = Store.write

    def late(store: Store) -> Any:
        if before and (many > 1 or "a.b" == search.row.pool):
            stage.begin(before.pop())
        return write(store)

    monkeypatch.setattr(Store, "write", late)
    (found,) = asked(stage, search.id, resource_pool="a.b")
    assert found.ok, found.problem
    assert "a.b" == search.row.pool
    assert ["a.b", "a.b", "local", "a.b"] == [search.job(number).pool for number in range(4)]


def test_a_trial_that_is_elsewhere_keeps_its_search_from_nothing(stage: Stage, trio: dict[str, str]) -> None:
    search = Searching(stage, name="hunt", pool="shared")
    search.drive()
    elsewhere, other = search.trial(0, begin=False), search.trial(1, begin=False)
    assert asked(stage, elsewhere, resource_pool="local")[0].ok
    assert asked(stage, search.id, weight=3)[0].ok
    assert (3.0, 3.0, 1.0) == (search.row.weight, stage.job(other).weight, stage.job(elsewhere).weight)


def test_a_search_that_has_ended_is_not_moved(stage: Stage, trio: dict[str, str]) -> None:
    search = Searching(stage, name="hunt")
    search.drive()
    search.finish()
    before, row = state(stage), search.row
    for one in ({"priority": 3}, {"weight": 2}, {"resource_pool": "shared"}):
        (found,) = asked(stage, search.id, **one)
        assert f"The job {search.id} (hunt) has ended; only what waits or runs can be moved." in str(
            refusal(found.problem)
        )
    assert (before, row) == (state(stage), search.row)


def test_nobody_is_told_to_move_a_search_among_trainings(stage: Stage, trio: dict[str, str]) -> None:
    search = Searching(stage, name="hunt")
    for job, other in (("a", search.id), (search.id, "a")):
        error = refusal(asked(stage, job, ahead_of=other)[0].problem)
        assert "is in the pool" in error.detail
        assert error.hint is None


def test_repeating_a_move_of_a_search_changes_nothing(stage: Stage, trio: dict[str, str]) -> None:
    search = Searching(stage, name="hunt")
    search.drive()
    search.trial(0, begin=False)
    asked(stage, search.id, priority=7)
    before = state(stage)
    assert asked(stage, search.id, priority=7)[0].ok
    assert before == state(stage)


def asked(stage: Stage, jobs: str | list[str], **one: Any) -> list[Any]:
    """The results of a move as it arrives."""
    body = {"jobs": [jobs] if isinstance(jobs, str) else jobs, **one}
    request = asking.read_body(operation("move"), body)
    assert isinstance(request, MoveRequest)
    return list(moves.move(stage.site, USER, request).results)


def refusal(problem: ProblemDocument | None) -> TrainingError:
    assert problem is not None
    return from_problem(problem.model_dump(mode="json"))


def state(stage: Stage) -> object:
    """All that a move could change, to see that it did not."""
    listed = sorted(views.unfinished(stage.site.store), key=lambda entry: entry[0].seq)
    return views.head(stage.site.store), listed


def test_jobs_are_named_by_id_prefix_or_name(stage: Stage, trio: dict[str, str]) -> None:
    for text in (trio["c"], trio["c"][:6], "c"):
        asked(stage, "c", bottom=True)
        (found,) = asked(stage, text, top=True)
        assert (True, trio["c"], "c") == (found.ok, found.id, found.job.name)
        assert ["c", "a", "b"] == order(stage)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        ({"ahead_of": "b"}, ["a", "c", "b"]),
        ({"behind_of": "a"}, ["a", "c", "b"]),
        ({"top": True}, ["c", "a", "b"]),
        ({"position": 2}, ["a", "c", "b"]),
        ({"priority": 1}, ["c", "a", "b"]),
        ({"priority": "7"}, ["c", "a", "b"]),
        ({"bottom": True}, ["a", "b", "c"]),
        ({"resource_pool": "a.b"}, ["a", "b"]),
    ],
)
def test_each_thing_that_can_be_changed(
    stage: Stage, trio: dict[str, str], one: dict[str, Any], expected: list[str]
) -> None:
    (found,) = asked(stage, "c", **one)
    assert found.ok, found.problem
    assert expected == order(stage)


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        ({"ahead_of": "a"}, ["c", "d", "a", "b"]),
        ({"behind_of": "a"}, ["a", "c", "d", "b"]),
        ({"top": True}, ["c", "d", "a", "b"]),
        ({"bottom": True}, ["a", "b", "c", "d"]),
    ],
)
def test_several_jobs_keep_the_order_in_which_they_are_named(
    stage: Stage, trio: dict[str, str], one: dict[str, Any], expected: list[str]
) -> None:
    stage.submit(name="d")
    results = asked(stage, ["c", "nobody", "d"], **one)
    assert [(True, "c"), (False, "nobody"), (True, "d")] == [
        (result.ok, result.job.name if result.job else result.id) for result in results
    ]
    assert expected == order(stage)


@pytest.mark.parametrize(
    ("one", "words"),
    [
        ({"priority": 0}, "priority: 0 is not allowed; it goes from 1 (first) to 99."),
        ({"priority": 100}, "priority: 100 is not allowed; it goes from 1 (first) to 99."),
        ({"priority": 1.5}, "priority: it must be a whole number from 1 (first) to 99, not 1.5."),
        ({"priority": "high"}, "priority: it must be a whole number from 1 (first) to 99, not 'high'."),
        ({"priority": True}, "priority: it must be a whole number from 1 (first) to 99, not True."),
        ({"weight": 0}, "weight: 0 is not allowed; it must be above 0"),
        ({"weight": -2}, "weight: -2 is not allowed; it must be above 0"),
        ({"weight": 1e-310}, "weight: 1e-310 is not allowed; it must be above 0, from 0.000001 to 1000000000."),
        ({"weight": float("nan")}, "weight: it must be a number above 0, not nan."),
        ({"weight": float("inf")}, "weight: it must be a number above 0, not inf."),
        ({"weight": "heavy"}, "weight: it must be a number above 0, not 'heavy'."),
        ({"position": 0}, "position: it must be a whole number from 1 (the front), not 0."),
        ({"position": 1.5}, "position: it must be a whole number from 1 (the front), not 1.5."),
        ({}, "A move changes exactly one thing: none was given."),
        ({"priority": 1, "top": True}, "A move changes exactly one thing: priority, top were given."),
        ({"top": True, "bottom": True}, "A move changes exactly one thing: top, bottom were given."),
        ({"priorty": 1}, "Did you mean 'priority'?"),
        ({"ahead_of": "nobody"}, "There is no job 'nobody'."),
        ({"behind_of": ""}, "behind_of"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_as_a_whole(
    stage: Stage, trio: dict[str, str], one: dict[str, Any], words: str
) -> None:
    before = state(stage)
    with pytest.raises(TrainingError) as caught:
        asked(stage, ["a", "b"], **one)
    assert words in str(caught.value)
    assert before == state(stage)


def test_a_position_is_that_of_one_job(stage: Stage, trio: dict[str, str]) -> None:
    with pytest.raises(InvalidUsage, match="A position is that of one job"):
        asked(stage, ["a", "b"], position=1)


@pytest.mark.parametrize(
    ("job", "one", "code", "words"),
    [
        ("nobody", {"top": True}, "unknown_job", "There is no job 'nobody'."),
        ("done", {"priority": 1}, "illegal_move", "has ended; only what waits or runs can be moved."),
        ("done", {"resource_pool": "a.b"}, "illegal_move", "has ended"),
        ("a", {"behind_of": "done"}, "illegal_move", "has ended; there is no place beside it."),
        ("a", {"ahead_of": "share"}, "illegal_move", "Move it there first: --resource-pool shared."),
        ("share", {"priority": 1}, "illegal_move", "A priority means nothing in the pool 'shared'"),
        ("share", {"ahead_of": "share"}, "illegal_move", "A place in the order means nothing in the pool 'shared'"),
        ("a", {"weight": 2}, "illegal_move", "A weight means nothing in the pool 'local'"),
        ("a", {"resource_pool": "gone"}, "unknown_pool", "There is no pool 'gone'; there is: a.b, local, shared."),
        ("a", {"position": 9}, "illegal_move", "There is no position 9 in the pool 'local'; they go from 1 to 4."),
        ("runs", {"resource_pool": "a.b"}, "illegal_move", "Pause it, move it then, and activate it."),
        ("lost", {"top": True}, "illegal_move", "which is gone; there is: a.b, local, shared."),
        ("wide", {"resource_pool": "local"}, "invalid_spec", "slots: it asks for 4; the pool 'local' has 2"),
    ],
)
def test_what_is_refused_says_why_and_changes_nothing(
    stage: Stage, trio: dict[str, str], job: str, one: dict[str, Any], code: str, words: str
) -> None:
    stage.begin(stage.submit(name="runs").job.id)
    done = stage.submit(name="done").job.id
    stage.begin(done)
    stage.end(done, EndReason.COMPLETED)
    stage.submit(name="share", pool="shared")
    stage.submit(name="wide", pool="a.b", resources={"slots": 4})
    add(stage, "gone")
    stage.submit(name="lost", pool="gone")
    with stage.site.store.write() as connection:
        connection.exec_driver_sql("DELETE FROM pools WHERE name = 'gone'")
    before = state(stage)
    (found,) = asked(stage, job, **one)
    error = refusal(found.problem)
    assert (False, code) == (found.ok, error.code)
    assert words in str(error)
    assert before == state(stage)


def test_no_training_is_moved_among_the_drivers(stage: Stage, trio: dict[str, str]) -> None:
    search = Searching(stage, name="search")  # its pool is there now
    for job in ("a", search.id):
        (found,) = asked(stage, job, resource_pool="drivers")
        assert "drivers is for what drives a search" in str(refusal(found.problem))
    assert ("local", "local") == (stage.job(trio["a"]).pool, search.row.pool)


def test_a_job_of_a_pool_that_is_gone_is_moved_to_another_one(stage: Stage, trio: dict[str, str]) -> None:
    add(stage, "gone")
    stage.submit(name="lost", pool="gone")
    with stage.site.store.write() as connection:
        connection.exec_driver_sql("DELETE FROM pools WHERE name = 'gone'")
    (found,) = asked(stage, "lost", resource_pool="a.b")
    assert found.ok
    assert ["lost"] == order(stage, "a.b")


def items(stage: Stage, *texts: str, atomic: bool = False) -> BatchResult:
    return batch.batch(stage.site, USER, BatchRequest(items=texts, atomic=atomic))


@pytest.mark.parametrize("atomic", [False, True])
def test_a_batch_has_a_result_for_each_item(stage: Stage, trio: dict[str, str], atomic: bool) -> None:
    found = items(stage, "a.priority=1", 'b.resource-pool="a.b"', "c.ahead-of=a", atomic=atomic).results
    assert [True, True, True] == [one.ok for one in found]
    assert [("a", 1), ("b", 42), ("c", 1)] == [(one.job.name, one.job.priority) for one in found if one.job]
    assert (["c", "a"], ["b"]) == (order(stage), order(stage, "a.b"))


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("a.b.c.priority=1", "priority", 1),
        ("'x'.priority=1", None, "There is no job \"'x'\"."),
        ("a.b.c.weight=0.5", None, "A weight means nothing in the pool 'local'"),
        (" a.b.c . priority = '7' ", "priority", 7),
        ("a.b.c.resource_pool=a.b", "pool", "a.b"),
        ("a.b.c.behind_of=b", "priority", 42),
        ("a.b.c.position=1", "priority", 42),
        ("a.b.c.top", "priority", 42),
        ("a.b.c.bottom", "priority", 42),
    ],
)
def test_the_last_dot_before_an_operation_divides(
    stage: Stage, trio: dict[str, str], text: str, name: str | None, value: object
) -> None:
    stage.submit(name="a.b.c")
    (found,) = items(stage, text).results
    if name is None:
        assert str(value) in str(refusal(found.problem))
        return
    assert found.job is not None, found.problem
    assert ("a.b.c", value) == (found.job.name, getattr(found.job, name))


def test_a_weight_below_one_is_accepted(stage: Stage, trio: dict[str, str]) -> None:
    stage.submit(name="share", pool="shared")
    (found,) = items(stage, "share.weight=0.5").results
    assert found.job is not None
    assert 0.5 == found.job.weight


BAD = [
    ("x.color=3", "there is no operation 'color'; there is: priority, weight, resource-pool, ahead-of, behind-of"),
    ("a.prioritty=3", "Did you mean 'priority'?"),
    ("a.priority", "'a.priority' gives no value. Write a.priority=VALUE."),
    ("a.priority=", "gives no value"),
    ("a.priority=''", "gives no value"),
    ("priority=1", "names no job and operation. Write JOB.OPERATION=VALUE"),
    (".priority=1", "names no job and operation"),
    ("", "names no job and operation"),
    ("a", "names no job and operation"),
    ("a.top=1", "top takes no value. Write a.top."),
    ("a.priority=0", "priority: 0 is not allowed; it goes from 1 (first) to 99."),
    ("a.priority=100", "priority: 100 is not allowed; it goes from 1 (first) to 99."),
    ("a.priority=1.5", "priority: it must be a whole number from 1 (first) to 99, not 1.5."),
    ("a.priority=high", "priority: it must be a whole number from 1 (first) to 99, not 'high'."),
    ("a.weight=0", "weight: 0 is not allowed; it must be above 0"),
    ("a.weight=1e-310", "weight: 1e-310 is not allowed; it must be above 0, from 0.000001 to 1000000000."),
    ("a.weight=nan", "weight: it must be a number above 0, not 'nan'."),
    ("a.position=0", "position: it must be a whole number from 1 (the front), not 0."),
    ("a.resource-pool=nowhere", "There is no pool 'nowhere'"),
    ("a.ahead-of=nobody", "There is no job 'nobody'."),
    ("nobody.priority=1", "There is no job 'nobody'."),
    ("a.weight=2", "A weight means nothing in the pool 'local'"),
]


@pytest.mark.parametrize(("text", "words"), BAD)
def test_a_bad_item_leaves_what_was_before_and_what_comes_after(
    stage: Stage, trio: dict[str, str], text: str, words: str
) -> None:
    found = items(stage, "b.priority=2", text, "c.priority=1").results
    assert [True, False, True] == [one.ok for one in found]
    assert words in str(refusal(found[1].problem))
    assert ["c", "b", "a"] == order(stage)


@pytest.mark.parametrize(("text", "words"), BAD)
def test_of_all_or_none_none_is_done_and_the_fault_is_told_at_its_item(
    stage: Stage, trio: dict[str, str], text: str, words: str
) -> None:
    before = state(stage)
    found = items(stage, "b.priority=2", text, "c.priority=1", atomic=True).results
    assert [False, False, False] == [one.ok for one in found]
    said = [str(refusal(one.problem)) for one in found]
    assert ["Not done: all or none was wished, and item 2 was refused."] * 2 == [said[0], said[2]]
    assert not said[1].startswith("Not done")
    assert words.split(maxsplit=1)[0] in said[1]
    assert before == state(stage)


def after(stage: Stage, job: str, *names: str) -> Any:
    return moves.set_after(stage.site, USER, job, AfterRequest(after=names))


def test_a_job_is_made_to_wait_for_others_and_freed(stage: Stage, trio: dict[str, str]) -> None:
    found = after(stage, trio["c"], "a", trio["b"][:5], "a")
    assert [("a", False), ("b", False)] == [(one.name, one.met) for one in found.after]
    assert 2 == stage.job(trio["c"]).unmet
    assert () == after(stage, trio["c"]).after
    assert 0 == stage.job(trio["c"]).unmet


@pytest.mark.parametrize("reason", [EndReason.ERROR, EndReason.CANCELED])
def test_after_one_that_did_not_succeed_it_goes_on_waiting_until_it_is_freed(
    stage: Stage, trio: dict[str, str], reason: EndReason
) -> None:
    after(stage, trio["c"], "a")
    stage.begin(trio["a"])
    ended = stage.end(trio["a"], reason)
    (told,) = after_of(stage, trio["c"])
    assert ("a", ended.state, False) == (told.name, told.state, told.met)
    assert 1 == stage.job(trio["c"]).unmet
    verbs.wish(stage.site.store, [JobId(trio["a"])], Verb.DELETE, now=stage.site.now())
    (told,) = after_of(stage, trio["c"])
    assert (None, None, False) == (told.name, told.state, told.met)
    after(stage, trio["c"])
    assert 0 == stage.job(trio["c"]).unmet


def after_of(stage: Stage, job: str) -> Any:
    return jobs.show(stage.site, job).after


def test_what_can_not_be_waited_for_is_refused(stage: Stage, trio: dict[str, str]) -> None:
    after(stage, trio["b"], "a")
    stage.begin(stage.submit(name="runs").job.id)
    before = state(stage)
    cases: list[tuple[str, str, type[TrainingError], str]] = [
        (trio["c"], "nobody", InvalidSpec, "after: There is no job 'nobody'."),
        (trio["c"], "c", InvalidSpec, "wait for each other for ever: c -> c."),
        (trio["a"], "b", InvalidSpec, "wait for each other for ever: a -> b -> a."),
        ("aaaaaaaaaa", "a", UnknownJob, "There is no job"),
        ("c", "a", UnknownJob, "There is no job 'c'."),
    ]
    for job, name, kind, words in cases:
        with pytest.raises(kind) as caught:
            after(stage, job, name)
        assert words in str(caught.value)
    with pytest.raises(TrainingError, match="has started before the others already"):
        after(stage, stage.submit(name="runs", if_exists="reuse").job.id, "a")
    assert before == state(stage)
