"""What attempts left to go on from, told under an epoch, and as often as one likes."""

from __future__ import annotations

from dataclasses import replace

import pytest

from jupyter_training.core.changes import ChangeKind
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import CheckpointPolicy, Instant, Keep
from jupyter_training.core.lifecycle import EndReason, Verb
from jupyter_training.core.metric import Point
from jupyter_training.core.retention import Checkpoint
from jupyter_training.errors import NoCheckpoint, StaleEpoch
from jupyter_training.seams.backend import End
from jupyter_training.store import checkpoints, facts, points, retention, verbs, views
from jupyter_training.store.supersede import TOLD, Restart
from tests.store.conftest import Bench


def a_checkpoint(job: JobId, step: int, *, attempt: int = 1, **more: object) -> Checkpoint:
    values: dict[str, object] = {
        "job": job,
        "name": f"step-{step:09}.{attempt}",
        "attempt": attempt,
        "step": step,
        "created": Instant(1_800_000_000.0 + step),
        "size": 100,
        "files": 2,
        "sha256": "ab" * 32,
        "place": None,
        "kind": "json",
        "metric": None,
        **more,
    }
    return Checkpoint(**values)  # type: ignore[arg-type]


def save(bench: Bench, *found: Checkpoint) -> None:
    checkpoints.committed(bench.store, bench.epoch, [(one, {}) for one in found], bench.now)


def steps(bench: Bench, job: JobId) -> list[int]:
    return [one.step for one in checkpoints.candidates(bench.store, job)]


def test_a_checkpoint_is_read_back_as_it_was_told(bench: Bench) -> None:
    job = bench.a_running_job()
    told = a_checkpoint(job.id, 5, place="s3://bucket/5", metric=0.25, seconds=1.5)
    checkpoints.committed(bench.store, bench.epoch, [(told, {"noise": 7})], bench.now)
    assert {job.id: (told,)} == checkpoints.of_jobs(bench.store, [job.id])
    assert {"noise": 7} == checkpoints.marks(bench.store, job.id, told.name)
    assert {} == checkpoints.marks(bench.store, job.id, "step-000000009.1")
    assert 5 == views.job(bench.store, job.id).checkpoint_step


def test_telling_it_again_changes_nothing_of_it(bench: Bench) -> None:
    job = bench.a_running_job()
    one = a_checkpoint(job.id, 5)
    save(bench, one)
    checkpoints.set_state(bench.store, bench.epoch, job.id, [one.name], "deleted", bench.now)
    save(bench, one)
    assert ([], None) == (steps(bench, job.id), views.job(bench.store, job.id).checkpoint_step)


def test_another_one_under_a_known_name_takes_its_place_if_it_came_later(bench: Bench) -> None:
    job = bench.a_running_job()
    first = a_checkpoint(job.id, 5)
    other = replace(first, sha256="cd" * 32, created=Instant(first.created + 1), size=7)
    save(bench, first)
    checkpoints.set_state(bench.store, bench.epoch, job.id, [first.name], "deleted", bench.now)
    save(bench, other)
    save(bench, first)  # told again, it takes no place
    assert {job.id: (other,)} == checkpoints.of_jobs(bench.store, [job.id])
    assert 5 == views.job(bench.store, job.id).checkpoint_step


def test_another_one_takes_no_place_under_a_url_while_that_is_emptied(bench: Bench) -> None:
    job = bench.a_running_job()
    first = a_checkpoint(job.id, 5, place="s3://bucket/5")
    save(bench, first)
    assert retention.let_go(bench.store, bench.epoch, job.id, [first.name], bench.now)
    save(bench, replace(first, sha256="cd" * 32, created=Instant(first.created + 1)))
    assert {first.name: "s3://bucket/5"} == retention.going(bench.store, job.id)
    assert [] == steps(bench, job.id)


def test_the_newest_of_an_attempt_was_committed_last_though_its_steps_began_anew(bench: Bench) -> None:
    job = bench.a_running_job()
    again = a_checkpoint(job.id, 2, name="step-000000002.1.2", created=Instant(1_900_000_000.0))
    save(bench, again, a_checkpoint(job.id, 2), a_checkpoint(job.id, 6))
    assert [2, 6, 2] == steps(bench, job.id)
    assert again.name == checkpoints.candidates(bench.store, job.id)[0].name
    assert {job.id: checkpoints.Newest(2, again.created, 3, 1, None)} == checkpoints.newest(bench.store, [job.id])
    assert (2, again.created) == (
        (now := views.job(bench.store, job.id)).checkpoint_step,
        now.checkpoint_time,
    )


def test_the_latest_attempts_are_the_newest_though_it_went_back(bench: Bench) -> None:
    job = bench.a_running_job()
    save(bench, a_checkpoint(job.id, 5), a_checkpoint(job.id, 30), a_checkpoint(job.id, 15, attempt=2))
    assert [15, 30, 5] == steps(bench, job.id)
    assert 15 == views.job(bench.store, job.id).checkpoint_step
    newest = checkpoints.Newest(15, Instant(1_800_000_015.0), 3, 2, None)
    assert {job.id: newest} == checkpoints.newest(bench.store, [job.id])


def test_a_damaged_one_is_none_to_go_on_from(bench: Bench) -> None:
    job = bench.a_running_job()
    save(bench, a_checkpoint(job.id, 5), a_checkpoint(job.id, 10))
    before = views.head(bench.store)
    for _ in range(2):
        checkpoints.set_state(bench.store, bench.epoch, job.id, ["step-000000010.1"], "corrupt", bench.now)
    assert ([5], 5) == (steps(bench, job.id), views.job(bench.store, job.id).checkpoint_step)
    assert [ChangeKind.CHECKPOINT] == [change.kind for change in views.changes(bench.store, before, 10).changes]
    checkpoints.set_state(bench.store, bench.epoch, job.id, ["step-000000010.1"], "deleted", bench.now)
    states = {one.step: one.state for one in checkpoints.of_jobs(bench.store, [job.id])[job.id]}
    assert {5: "kept", 10: "corrupt"} == states


def test_where_an_attempt_began_is_said_once(bench: Bench) -> None:
    job = bench.a_running_job()
    before = views.head(bench.store)
    for _ in range(2):
        checkpoints.started_from(bench.store, bench.epoch, job.id, 1, 5, "step-000000005.0", bench.now)
    (attempt,) = views.attempts(bench.store, [job.id])[job.id]
    assert (5, "step-000000005.0") == (attempt.start_step, attempt.start_checkpoint)
    assert 1 == views.head(bench.store) - before
    checkpoints.started_from(bench.store, bench.epoch, job.id, 7, 5, "step-000000005.0", bench.now)
    assert 1 == views.head(bench.store) - before


def test_who_was_succeeded_writes_nothing(bench: Bench) -> None:
    job = bench.a_running_job()
    old = bench.epoch
    save(bench, a_checkpoint(job.id, 5))
    bench.take(2)
    with pytest.raises(StaleEpoch):
        checkpoints.committed(bench.store, old, [(a_checkpoint(job.id, 10), {})], bench.now)
    with pytest.raises(StaleEpoch):
        checkpoints.set_state(bench.store, old, job.id, ["step-000000005.1"], "deleted", bench.now)
    with pytest.raises(StaleEpoch):
        checkpoints.started_from(bench.store, old, job.id, 1, 5, "step-000000005.1", bench.now)
    with pytest.raises(StaleEpoch):
        retention.measured(bench.store, old, job.id, {"step-000000005.1": 1.0}, bench.now)
    assert [5] == steps(bench, job.id)


def test_a_copied_one_is_what_a_new_job_begins_with(bench: Bench) -> None:
    job = bench.a_job()
    with bench.store.write() as connection:
        checkpoints.copied(connection, a_checkpoint(job.id, 40, attempt=0))
    assert ([40], 40) == (steps(bench, job.id), views.job(bench.store, job.id).checkpoint_step)


def test_another_policy_stands_beside_the_spec(bench: Bench) -> None:
    job = bench.a_running_job()
    save(bench, a_checkpoint(job.id, 5), a_checkpoint(job.id, 10))
    policy = CheckpointPolicy(keep=Keep(trial_latest=7), metric="loss")
    names = ["step-000000005.1", "step-000000010.1"]
    metrics = dict(zip(names, (0.5, None), strict=True))
    read = views.job(bench.store, job.id)
    assert not checkpoints.retain(bench.store, read, policy, metrics=metrics, go=names, now=bench.now), "it runs"
    assert [5, 10] == sorted(steps(bench, job.id))
    facts.ended(bench.store, bench.epoch, job.id, 1, End(EndReason.ERROR), bench.now)
    assert checkpoints.retain(bench.store, read, policy, metrics=metrics, go=names[:1], now=bench.now)
    after = views.job(bench.store, job.id)
    assert (policy, CheckpointPolicy()) == (after.checkpoints, after.spec.checkpoints)
    found = {one.step: (one.state, one.metric) for one in checkpoints.of_jobs(bench.store, [job.id])[job.id]}
    assert {5: ("deleted", 0.5), 10: ("kept", None)} == found


def test_what_may_go_at_an_end_stays_when_the_job_was_started_again(bench: Bench) -> None:
    job = bench.a_running_job()
    save(bench, a_checkpoint(job.id, 5), a_checkpoint(job.id, 10))
    read = facts.ended(bench.store, bench.epoch, job.id, 1, End(EndReason.ERROR), bench.now)
    verbs.wish(bench.store, [job.id], Verb.RETRY, now=bench.now)
    go, policy = ["step-000000005.1"], CheckpointPolicy(keep=Keep(trial_latest=0))
    assert not checkpoints.retain(bench.store, read, policy, metrics={}, go=go, now=bench.now)
    assert not retention.let_go(bench.store, bench.epoch, job.id, go, bench.now, ended_in=read.generation)
    assert ([10, 5], policy) == (steps(bench, job.id), views.job(bench.store, job.id).checkpoints)
    bench.begin([job.id])
    facts.ended(bench.store, bench.epoch, job.id, 2, End(EndReason.ERROR), bench.now)
    assert not checkpoints.retain(bench.store, read, policy, metrics={}, go=go, now=bench.now), "another end"
    assert [10, 5] == steps(bench, job.id)


def test_what_is_let_go_under_a_url_is_claimed_before_its_files_go(bench: Bench) -> None:
    job, heir = bench.a_running_job(), bench.a_running_job()
    found = [a_checkpoint(job.id, step, place=f"s3://b/{step}") for step in (5, 10, 15)]
    save(bench, a_checkpoint(job.id, 1), *found)
    with bench.store.write() as connection:
        checkpoints.copied(connection, a_checkpoint(heir.id, 5, attempt=0, place="s3://b/5"))
    names = ["step-000000001.1", *(one.name for one in found[:2])]
    assert retention.let_go(bench.store, bench.epoch, job.id, names, bench.now)
    assert [15] == steps(bench, job.id)
    assert {found[1].name: "s3://b/10"} == retention.going(bench.store, job.id), "the heir needs the other one"
    assert ["deleted"] * 3 == [one.state for one in checkpoints.of_jobs(bench.store, [job.id])[job.id][1:]]
    later = Instant(bench.now + 1e6)
    assert job.id in retention.owners(bench.store, ended_since=later)
    facts.ended(bench.store, bench.epoch, job.id, 1, End(EndReason.ERROR), bench.now)
    assert job.id in retention.owners(bench.store, ended_since=later), "it is not forgotten"
    for _ in range(2):
        retention.gone(bench.store, job.id, found[1].name)
    assert {} == retention.going(bench.store, job.id)
    assert job.id not in retention.owners(bench.store, ended_since=later)


def test_what_was_let_go_since_it_was_chosen_is_not_begun_with(bench: Bench) -> None:
    job, heir = bench.a_running_job(), bench.a_job()
    save(bench, a_checkpoint(job.id, 5, place="s3://b/5"))
    assert retention.let_go(bench.store, bench.epoch, job.id, ["step-000000005.1"], bench.now)
    with pytest.raises(NoCheckpoint, match="step 5 in s3://b/5 has just been removed"), bench.store.write() as writing:
        checkpoints.copied(writing, a_checkpoint(heir.id, 5, attempt=0, place="s3://b/5"))
    assert {job.id: None, heir.id: None} == {
        one.id: one.checkpoint_step for one in views.jobs(bench.store, [job.id, heir.id])
    }


def test_a_place_that_another_job_began_with_is_in_use(bench: Bench) -> None:
    job, heir = bench.a_running_job(), bench.a_running_job()
    save(bench, a_checkpoint(job.id, 5, place="s3://b/5"), a_checkpoint(job.id, 10, place="s3://b/10"))
    with bench.store.write() as connection:
        checkpoints.copied(connection, a_checkpoint(heir.id, 5, attempt=0, place="s3://b/5"))
    assert {"s3://b/5"} == checkpoints.in_use(bench.store, ["s3://b/5", "s3://b/10"], but=job.id)
    assert {"s3://b/5", "s3://b/10"} == checkpoints.in_use(bench.store, ["s3://b/5", "s3://b/10"], but=heir.id)


def test_a_metric_that_came_later_is_kept_and_logged_once(bench: Bench) -> None:
    job = bench.a_running_job()
    save(bench, a_checkpoint(job.id, 5))
    before = views.head(bench.store)
    for _ in range(2):
        retention.measured(bench.store, bench.epoch, job.id, {"step-000000005.1": 0.5}, bench.now)
    assert 1 == views.head(bench.store) - before
    assert [0.5] == [one.metric for one in checkpoints.candidates(bench.store, job.id)]


def test_what_was_reported_at_a_step_is_the_last_value_up_to_it_in_the_curve(bench: Bench) -> None:
    job = bench.a_running_job()
    found = [Point("loss", step, 1.0, value) for step, value in ((2, 0.9), (4, None), (6, 0.1))]
    again = [Point("loss", 5, 2.0, 0.4)]
    batches = [
        points.Batch(1, "a", 0, 1, found),
        points.Batch(2, "a", 0, 1, again, restart=Restart(TOLD, 4)),
    ]
    points.ingest(bench.store, job.id, batches, now=bench.now)
    own = [a_checkpoint(job.id, step, attempt=attempt) for step, attempt in ((1, 2), (3, 2), (4, 2), (6, 2), (6, 1))]
    values = retention.reported(bench.store, job.id, "loss", own)
    assert [None, 0.9, 0.9, 0.4, 0.1] == [values.get(one.name) for one in own]


def test_whose_checkpoints_may_have_to_go(bench: Bench) -> None:
    running, fresh, old, much = (bench.a_running_job(name) for name in ("running", "fresh", "old", "much"))
    bench.a_running_job("none")
    for job, count in ((running, 1), (fresh, 1), (old, 2), (much, 3)):
        save(bench, *(a_checkpoint(job.id, step) for step in range(count)))
    for job in (old, much, fresh):
        bench.now = Instant(bench.now + 100)
        facts.ended(bench.store, bench.epoch, job.id, 1, End(EndReason.COMPLETED), bench.now)
    assert {running.id, fresh.id, much.id} == set(retention.owners(bench.store, ended_since=bench.now - 50))
