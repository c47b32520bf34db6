"""What a submit says of its turn: pool, priority, weight, predecessors, and how much it may ever have."""

from __future__ import annotations

from typing import Any

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import EndReason, Verb
from jupyter_training.core.resources import Pool
from jupyter_training.errors import InvalidSpec, TrainingError, UnknownPool
from jupyter_training.schema import ConfigText, SubmitRequest
from jupyter_training.services import asking, configs, descend, plans, submitting
from jupyter_training.services.api import operation
from jupyter_training.store import pools, verbs, views
from tests.services.stage import USER, Stage, edited, request


@pytest.fixture
def house(stage: Stage) -> Stage:
    add(stage, "local", slots=2, is_default=True)
    add(stage, "shared", policy="fair_share")
    add(stage, "shut", slots=0)
    add(stage, "lab", slots=4, devices=("0", "1"), cpus=8.0, memory=64_000_000_000)
    return stage


def add(stage: Stage, name: str, **how: Any) -> None:
    pools.write(stage.site.store, Pool(name, "local", how.pop("slots", 8), **how), now=stage.site.now())


def refused(stage: Stage, **changes: Any) -> TrainingError:
    """The refusal of a wish as it arrives, after which nothing is stored and a dry run says the same."""
    head = views.head(stage.site.store)
    body = request(config=changes.pop("config", None)).model_dump(mode="json", exclude_unset=True) | changes
    said = []
    for ask in (submitting.submit, plans.plan):
        with pytest.raises(TrainingError) as caught:
            wish = asking.read_body(operation("submit"), body)
            assert isinstance(wish, SubmitRequest)
            ask(stage.site, USER, wish)
        said.append(str(caught.value))
    assert said[0] == said[1]
    assert head == views.head(stage.site.store)
    return caught.value


def test_jobs_that_name_no_pool_go_to_the_default_one(house: Stage) -> None:
    assert "local" == house.submit().job.pool
    add(house, "lab", slots=4, is_default=True)
    assert ("lab", "local") == (house.submit().job.pool, house.submit(pool="local").job.pool)


def test_what_is_said_of_its_turn_is_kept(house: Stage) -> None:
    before = house.submit(name="before").job
    job = house.submit(
        name="mine", pool="shared", weight=0.5, preemptible="restart", after=["before"], resources={"max_slots": 4}
    ).job
    assert (0.5, 4, "restart", None, None) == (job.weight, job.max_slots, job.preemptible, job.start, job.start_note)
    assert [(before.id, "before", False)] == [(one.job, one.name, one.met) for one in job.after]
    assert job.waiting_since == job.submitted
    assert 1 == house.job(job.id).unmet


def test_a_config_says_the_same(house: Stage) -> None:
    house.submit(name="a")
    house.submit(name="b")
    text = "pool: shared\nweight: 2\nafter: a, b\npreemptible: never\nslots: 2\nmax_slots: 4\n"
    job = house.submit(name="mine", config={"text": text}).job
    assert (2.0, 4, "never", ["a", "b"]) == (
        job.weight,
        job.max_slots,
        job.preemptible,
        [one.name for one in job.after],
    )
    assert 2 == house.job(job.id).unmet


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"pool": "shared", "priority": 3}, "priority: it means nothing in the pool 'shared', whose policy is fair"),
        ({"pool": "lab", "weight": 2}, "weight: it means nothing in the pool 'lab', whose policy is priority."),
        ({"weight": 1}, "weight: it means nothing in the pool 'local'"),
        ({"resources": {"slots": 3}}, "slots: it asks for 3; the pool 'local' has 2 and never more."),
        ({"resources": {"gpus": 1}}, "gpus: it asks for 1; the pool 'local' has none."),
        ({"pool": "shut"}, "slots: it asks for 1; the pool 'shut' has none now."),
        ({"pool": "lab", "resources": {"memory": 10**14}}, "memory: it asks for 100 TB; the pool 'lab' has 64 GB"),
        ({"pool": "lab", "resources": {"gpus": 3}}, "gpus: it asks for 3; the pool 'lab' has 2 and never more."),
        ({"pool": "lab", "resources": {"cpus": 8.5}}, "cpus: it asks for 8.5; the pool 'lab' has 8 and never more."),
        (
            {"pool": "lab", "resources": {"memory": 65_000_000_000}},
            "memory: it asks for 65 GB; the pool 'lab' has 64 GB and never more.",
        ),
        (
            {"resources": {"slots": 2, "max_slots": 1}},
            "max_slots: all jobs of its experiment together may have 1, and it alone asks for 2.",
        ),
        ({"after": ["nobody"]}, "after: There is no job 'nobody'."),
        ({"after": ["befor"]}, "Did you mean 'before'?"),
        ({"after": [""]}, "after"),
        ({"preemptible": "sometimes"}, "preemptible"),
        ({"priority": "1__2"}, "priority: it must be a whole number from 1 (first) to 99, not '1__2'"),
        ({"resources": {"cpus": 1e308}}, "cpus"),  # which no plan can add up
        ({"resources": {"memory": 10**30}}, "memory"),
        ({"resources": {"max_slots": 0}}, "max_slots"),
    ],
)
def test_what_can_not_be_is_refused_with_the_reason(house: Stage, wish: dict[str, Any], words: str) -> None:
    house.submit(name="before")
    error = refused(house, **wish)
    assert isinstance(error, InvalidSpec)
    assert words in str(error)


def test_a_pool_without_told_cpus_and_memory_takes_any(house: Stage) -> None:
    assert house.submit(resources={"cpus": 500, "memory": 10**15}).created


def test_an_unknown_pool_has_its_near_miss(house: Stage) -> None:
    error = refused(house, pool="share")
    assert isinstance(error, UnknownPool)
    assert "There is no pool 'share'; there is: lab, local, shared, shut. Did you mean 'shared'?" == str(error)


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("slots: 1\nweight: -1\n", "weight: -1 is not allowed", (2, 1)),
        ("priority: high\n", "priority: it must be a whole number from 1 (first) to 99, not 'high'", (1, 1)),
        ("\npriority: 1.5\n", "not 1.5", (2, 1)),
        ("preemptible: maybe\n", "preemptible: input should be 'auto', 'restart' or 'never'", (1, 1)),
        ("resources:\n  max_slots: 0\n", "max_slots", (2, 3)),
        ("max_slots: x\n", "it must be a whole number", (1, 1)),
        ("after: {a: b}\n", "after", (1, 1)),
        ("weigth: 1\n", "Did you mean 'weight'?", (1, 1)),
    ],
)
def test_a_config_s_fault_is_told_at_its_line_and_column(
    house: Stage, text: str, words: str, place: tuple[int, int]
) -> None:
    error = refused(house, config={"text": text})
    assert words in str(error)
    assert place == (error.errors[0].line, error.errors[0].column)


@pytest.mark.parametrize(
    ("text", "words", "place"),
    [
        ("pool: lab\nweight: 2\n", "it means nothing in the pool 'lab'", (2, 1)),
        ("pool: shared\n\npriority: 2\n", "it means nothing in the pool 'shared'", (3, 1)),
        ("pool: lab\nmax_slots: 1\nslots: 2\n", "all jobs of its experiment together may have 1", (2, 1)),
        ("pool: lab\ngpus: 3\n", "it asks for 3; the pool 'lab' has 2", (2, 1)),
    ],
)
def test_the_editor_of_a_config_hears_it_there_too(house: Stage, text: str, words: str, place: tuple[int, int]) -> None:
    with pytest.raises(InvalidSpec, match=words) as caught:
        configs.config(house.site, ConfigText(text=text))
    assert place == (caught.value.errors[0].line, caught.value.errors[0].column)


def test_a_config_without_a_pool_may_say_either(house: Stage) -> None:
    """Which pool it goes to is said elsewhere."""
    configs.config(house.site, ConfigText(text="weight: 2\n"))
    configs.config(house.site, ConfigText(text="priority: 2\n"))


def test_a_repeated_submit_is_the_first_job_whatever_became_of_those_before_it(house: Stage) -> None:
    before = house.ended(name="before", reason=EndReason.COMPLETED)
    key = "the-same-key"
    first = house.submit(key=key, after=["before"])
    assert [True] == [one.met for one in first.job.after]
    verbs.wish(house.site.store, [JobId(before)], Verb.DELETE, now=house.site.now())
    again = house.submit(key=key, after=["before"])
    assert (first.job.id, False) == (again.job.id, again.created)


def test_what_comes_after_a_failure_says_so_at_once(house: Stage) -> None:
    before = house.ended(name="before", reason=EndReason.ERROR)
    found = house.submit(name="later", after=[before])
    assert (
        f"It starts after before {before[:6]}, which has failed: it waits until that has succeeded.",
    ) == found.notes
    assert 1 == house.job(found.job.id).unmet


def test_a_fork_takes_its_turn_along_where_the_pool_has_such(house: Stage) -> None:
    old = house.submit(priority=7, preemptible="never").job.id
    same = descend.fork(house.site, USER, old, edited()).job
    assert (7, "never", "local") == (same.priority, same.preemptible, same.pool)
    shared = descend.fork(house.site, USER, old, edited(pool="shared", weight=3)).job
    assert (3.0, "shared") == (shared.weight, shared.pool)
    with pytest.raises(InvalidSpec, match="priority: it means nothing"):
        descend.fork(house.site, USER, old, edited(pool="shared", priority=7))
