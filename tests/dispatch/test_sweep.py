"""What nobody keeps goes, what may be needed stays, and what can't be removed now is removed later."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.core.ids import JobId, new_job_id
from jupyter_training.core.job import CheckpointPolicy, Instant, Keep
from jupyter_training.core.lifecycle import EndReason, JobState, Verb
from jupyter_training.core.metric import Point
from jupyter_training.core.retention import Checkpoint
from jupyter_training.dispatch import remover
from jupyter_training.dispatch.ingest import Ingester
from jupyter_training.runtime.checkpoint import sealing
from jupyter_training.seams.backend import End, LaunchOrder
from jupyter_training.settings import Settings
from jupyter_training.spool import attempt_folder
from jupyter_training.spool import checkpoints as spooled
from jupyter_training.store import checkpoints, points, record, removals, retention, supersede, upkeep, verbs, wishes
from jupyter_training.store.engine import Store
from jupyter_training.testing.builders import a_submission
from jupyter_training.testing.scripted_backend import Script
from tests.dispatch.stage import Stage
from tests.runtime.saving import Job

_DEADLINE = 20.0


SEARCH = JobId("s" * 10)


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "home")


class Saving:
    """A job that has saved at some steps, here or under a URL."""

    def __init__(
        self, stage: Stage, *, runs: float = 10.0, far: Path | None = None, trial: int | None = None, **policy: Any
    ) -> None:
        self.stage, self.far = stage, far
        name = f"job-{len(stage.scripts)}"
        stage.scripts[name] = Script(runs=runs)
        if trial is None:
            self.id: JobId = stage.submit(name, checkpoints=policy)
        else:
            wish = replace(a_submission(name, checkpoints=policy), experiment=SEARCH, trial=trial)
            (stored,) = wishes.submit(stage.store, [wish], new_id=lambda: new_job_id(stage.rng), now=stage.clock.now())
            self.id = stored.job.id
        stage.tick()

    def save(self, *steps: int, metric: Callable[[int], float] | None = None, attempt: int = 1) -> None:
        found = []
        for step in steps:
            name = spooled.name(step, attempt)
            folder = self.folder(step, attempt)
            folder.mkdir(parents=True)
            (folder / "state.json").write_text("{}")
            place = f"file://{folder}" if self.far is not None else None
            value = metric(step) if metric is not None else None
            at = Instant(1_800_000_000.0 + step)
            found.append((Checkpoint(self.id, name, attempt, step, at, 2, 1, "ab" * 32, place, "json", value), {}))
        checkpoints.committed(self.stage.store, self.stage.epoch, found, self.stage.clock.now())

    def folder(self, step: int, attempt: int = 1) -> Path:
        root = self.far or self.stage.settings.checkpoints
        return root / self.id / spooled.name(step, attempt)

    def kept(self) -> set[int]:
        return {one.step for one in checkpoints.candidates(self.stage.store, self.id)}

    def there(self) -> set[int]:
        return {int(name[5:14]) for name in self.names()}

    def names(self) -> set[str]:
        root = (self.far or self.stage.settings.checkpoints) / self.id
        return {path.name for path in root.glob("step-*")} if root.exists() else set()


def until(stage: Stage, condition: Callable[[], bool], what: str, *, step: float = 0.0) -> None:
    deadline = time.monotonic() + _DEADLINE
    while not condition():
        assert time.monotonic() < deadline, what
        stage.tick(step)
        time.sleep(0.005)


def test_at_the_end_the_best_and_the_newest_stay(stage: Stage) -> None:
    job = Saving(stage)
    job.save(1, 2, 3, 4, 5, metric=lambda step: abs(step - 2.0))
    stage.settle()
    until(stage, lambda: {2, 5} == job.there(), "the others have gone")
    assert {2, 5} == job.kept()
    states = {one.step: one.state for one in checkpoints.of_jobs(stage.store, [job.id])[job.id]}
    assert {1: "deleted", 2: "kept", 3: "deleted", 4: "deleted", 5: "kept"} == states
    assert [] == [path for path in (stage.settings.checkpoints / job.id).iterdir() if path.name.startswith(".")]


def test_the_best_of_a_search_stays_among_all_its_trials(stage: Stage) -> None:
    """A later trial that does better takes the place of one that had ended; by none of its own it would go, too."""
    keep = {"experiment_best": 2, "trial_best": 0, "trial_latest": 0}
    first, second = (Saving(stage, trial=number, metric="loss", keep=keep) for number in range(2))
    first.save(1, 2, metric=lambda step: step / 10)  # 0.1 and 0.2
    second.save(1, metric=lambda step: 0.5)
    stage.settle()
    until(stage, lambda: ({1, 2}, set()) == (first.there(), second.there()), "the two best are of the first trial")
    third = Saving(stage, trial=2, metric="loss", keep=keep)
    third.save(1, 2, metric=lambda step: 0.15 * step)
    stage.settle()
    until(stage, lambda: ({1}, {1}) == (first.there(), third.there()), "one of each stays")
    assert ({1}, set(), {1}) == (first.kept(), second.kept(), third.kept())


def test_a_new_dispatcher_finds_who_is_no_longer_among_the_best_of_a_search(stage: Stage) -> None:
    keep = {"experiment_best": 1, "trial_best": 0, "trial_latest": 0}
    first = Saving(stage, trial=0, metric="loss", keep=keep)
    first.save(1, metric=lambda step: 0.2)
    stage.settle()
    until(stage, lambda: {1} == first.there(), "all is done")
    second = Saving(stage, trial=1, metric="loss", keep=keep)
    second.save(1, metric=lambda step: 0.1)
    stage.clock.advance(10 * 86_400)  # the first has long been forgotten
    stage.succeed()
    stage.settle()
    until(stage, lambda: (set(), {1}) == (first.there(), second.there()), "only the better one stays")


def test_a_policy_that_keeps_nothing_is_obeyed_when_the_job_has_ended(stage: Stage) -> None:
    job = Saving(stage, keep={"trial_best": 0, "trial_latest": 0})
    job.save(1, 2, 3)
    stage.settle()
    until(stage, lambda: not job.there(), "all have gone")
    assert (set(), None) == (job.kept(), stage.job(job.id).checkpoint_step)


def test_while_it_runs_two_newest_stay_to_fall_back_to(stage: Stage) -> None:
    job = Saving(stage, runs=1e6, keep={"trial_best": 0, "trial_latest": 0})
    job.save(1, 2, 3)
    stage.succeed()  # who takes over looks at all there is
    until(stage, lambda: {2, 3} == job.there(), "the first has gone")
    assert {2, 3} == job.kept()
    checkpoints.set_state(stage.store, stage.epoch, job.id, [spooled.name(3, 1)], "corrupt", stage.clock.now())
    job.save(4)
    stage.succeed()
    until(stage, lambda: 4 in job.kept(), "the fourth is known")
    stage.tick()
    assert {2, 4} == job.kept(), "a damaged one is none to fall back to"


def test_the_metric_of_a_checkpoint_is_looked_up_at_the_end(stage: Stage) -> None:
    job = Saving(stage, metric="loss", keep={"trial_best": 1, "trial_latest": 0})
    found = [Point("loss", step, 1.0, value) for step, value in ((1, 0.9), (2, 0.1), (3, 0.5))]
    points.ingest(stage.store, job.id, [points.Batch(1, "page", 0, 9, found)], now=stage.clock.now())
    job.save(1, 2, 3, metric=lambda step: 0.5)  # as it stood when they were saved
    stage.settle()
    until(stage, lambda: {2} == job.there(), "the best has stayed alone")


def test_the_best_is_known_though_its_steps_were_done_anew(stage: Stage) -> None:
    """Attempt 1 was best at step 2; attempt 2 went on from 1 and has done 2 worse, and 3 without a word."""
    job = Saving(stage, metric="loss", keep={"trial_best": 1, "trial_latest": 0})
    for attempt, losses in ((1, {1: 0.9, 2: 0.1, 3: 0.05}), (2, {2: 0.8, 4: 0.7})):
        found = [Point("loss", step, 1.0, value) for step, value in losses.items()]
        restart = supersede.Restart(supersede.TOLD, 1) if attempt == 2 else None
        batch = points.Batch(attempt, "page", 0, 9, found, restart=restart)
        points.ingest(stage.store, job.id, [batch], now=stage.clock.now())
    expected = {(1, 1): 0.9, (2, 1): 0.1, (2, 2): 0.8, (3, 2): 0.8, (4, 2): 0.7}
    job.save(1, 2, metric=lambda step: expected[step, 1])
    job.save(2, 3, 4, metric=lambda step: expected[step, 2], attempt=2)
    own = checkpoints.candidates(stage.store, job.id)
    values = retention.reported(stage.store, job.id, "loss", own)
    assert expected == {(one.step, one.attempt): values[one.name] for one in own}
    stage.settle()
    until(stage, lambda: {spooled.name(2, 1)} == job.names(), "the best has stayed alone")


def test_a_metric_that_was_saved_along_is_not_looked_up(stage: Stage) -> None:
    job = Saving(stage, metric="loss", keep={"trial_best": 1, "trial_latest": 0})
    found = [Point("loss", step, 1.0, value) for step, value in ((1, 0.9), (2, 0.1))]
    points.ingest(stage.store, job.id, [points.Batch(1, "page", 0, 9, found)], now=stage.clock.now())
    job.save(1, 2, metric=lambda step: step * 1.0)
    for step in (1, 2):
        (job.folder(step) / spooled.MANIFEST).write_text(json.dumps({"metrics": {"loss": step * 1.0}}))
    stage.settle()
    until(stage, lambda: {1} == job.there(), "the best by its own word has stayed alone")


def test_what_a_dispatcher_left_half_removed_is_removed_by_the_next(stage: Stage) -> None:
    job = Saving(stage, runs=1e6)
    job.save(1, 2, 3)
    checkpoints.set_state(stage.store, stage.epoch, job.id, [spooled.name(1, 1)], "deleted", stage.clock.now())
    hidden = stage.settings.checkpoints / job.id / f"{spooled.TEMPORARY}gone-{spooled.name(9, 1)}"
    hidden.mkdir()
    stage.succeed()
    until(stage, lambda: {2, 3} == job.there() and not hidden.exists(), "both have gone")


def test_under_a_url_the_row_says_so_before_the_files_go(stage: Stage, tmp_path: Path) -> None:
    job = Saving(stage, far=tmp_path / "far")
    job.save(1, 2, 3)
    stage.settle()
    until(stage, lambda: {3} == job.there(), "the others have gone")
    until(stage, lambda: not retention.going(stage.store, job.id), "the rows say so")
    assert {3} == job.kept()


@pytest.mark.parametrize("resumed", [False, True], ids=["retry", "resume"])
def test_what_is_being_removed_is_none_to_go_on_from(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, resumed: bool
) -> None:
    """A retry or a resume that is asked while storage takes its time goes on from what stays, and keeps that."""
    job = Saving(stage, far=tmp_path / "far", metric="loss", keep={"trial_best": 1, "trial_latest": 0})
    job.save(1, 2, 3, metric=lambda step: step * 1.0)
    begun, answers = threading.Event(), threading.Event()
    remove = remover._remove_place

    def slowly(settings: Settings, url: str) -> str | None:
        begun.set()
        assert answers.wait(_DEADLINE)
        return remove(settings, url)

    orders: list[LaunchOrder] = []
    launch = stage.backend.launch
    monkeypatch.setattr(stage.backend, "launch", lambda order: (orders.append(order), launch(order))[1])
    monkeypatch.setattr(remover, "_remove_place", slowly)
    until(stage, begun.is_set, "a removal has begun", step=1.0)
    assert ({1}, 1, {1, 2, 3}) == (job.kept(), stage.job(job.id).checkpoint_step, job.there())
    stage.scripts[stage.job(job.id).name] = Script(runs=1e6)
    if resumed:
        assert 1 == verbs.resume(stage.store, job.id, {}, now=stage.clock.now()).base_step
    else:
        stage.wish(job.id, Verb.RETRY, force=True)
    stage.tick()
    (order,) = orders
    assert [1] == [one.step for one in order.checkpoints]
    assert 3 == len(order.known_checkpoints), "nor is one taken up as if nobody had told of it"
    answers.set()
    until(stage, lambda: {1} == job.there(), "the others have gone")
    until(stage, lambda: not retention.going(stage.store, job.id), "the rows say so")


def test_what_was_claimed_when_a_dispatcher_died_is_removed_by_the_next(stage: Stage, tmp_path: Path) -> None:
    job = Saving(stage, far=tmp_path / "far", keep={"trial_latest": 2})
    job.save(1, 2)
    stage.settle()
    stage.clock.advance(10 * 86_400.0)
    assert retention.let_go(stage.store, stage.epoch, job.id, [spooled.name(1, 1)], stage.clock.now())
    stage.succeed()
    until(stage, lambda: {2} == job.there(), "it has gone")
    until(stage, lambda: not retention.going(stage.store, job.id), "its row says so")


def test_a_place_that_does_not_answer_is_tried_again_and_stops_nothing(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Saving(stage, far=tmp_path / "far")
    job.save(1, 2)
    tries = []

    def refuse(_: Settings, url: str) -> str:
        tries.append(url)
        return f"{url} can't be removed: TimeoutError: it does not answer"

    with monkeypatch.context() as broken:
        broken.setattr(remover, "_remove_place", refuse)
        stage.settle()
        until(stage, lambda: len(tries) == 3, "it is tried again, ever later", step=5.0)
        assert ({2}, {1, 2}) == (job.kept(), job.there()), "a part of it may be gone: nobody goes on from it"
        other = Saving(stage)
        other.save(1, 2)
        until(stage, lambda: {2} == other.there(), "the other job is swept", step=5.0)
    until(stage, lambda: {2} == job.there(), "it has gone", step=60.0)


def test_another_policy_holds_at_once(stage: Stage) -> None:
    job = Saving(stage, keep={"trial_latest": 3})
    job.save(1, 2, 3)
    stage.settle()
    assert {1, 2, 3} == job.kept()
    fewer = CheckpointPolicy(keep=Keep(trial_latest=1))
    checkpoints.retain(stage.store, stage.job(job.id), fewer, metrics={}, now=stage.clock.now())
    until(stage, lambda: {3} == job.there(), "the others have gone")


def test_a_job_that_is_retried_while_it_is_swept_keeps_what_it_falls_back_to(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = Saving(stage, keep={"trial_best": 0, "trial_latest": 0})
    job.save(1, 2, 3)
    let_go = retention.let_go
    retried: list[JobId] = []

    def meanwhile(store: Store, epoch: int, own: JobId, *rest: Any, **more: Any) -> bool:
        if stage.job(own).state is JobState.SUCCEEDED and not retried:
            stage.scripts[stage.job(own).name] = Script(runs=1e6)
            stage.wish(own, Verb.RETRY, force=True)
            retried.append(own)
        return let_go(store, epoch, own, *rest, **more)

    monkeypatch.setattr(retention, "let_go", meanwhile)
    until(stage, lambda: bool(retried) and 1 not in job.there(), "the first has gone", step=5.0)
    assert {2, 3} == job.kept() == job.there()


def test_what_another_job_began_with_stays_for_that(stage: Stage, tmp_path: Path) -> None:
    job = Saving(stage, far=tmp_path / "far")
    job.save(1, 2)
    heir = Saving(stage, runs=1e6)
    (first,) = [one for one in checkpoints.candidates(stage.store, job.id) if one.step == 1]
    with stage.store.write() as connection:
        checkpoints.copied(connection, Checkpoint(**{**vars(first), "job": heir.id, "attempt": 0}))
    until(stage, lambda: {2} == job.kept(), "its row is gone", step=1.0)
    assert ({1, 2}, {1}) == (job.there(), heir.kept())
    stage.wish(job.id, Verb.DELETE)
    until(stage, lambda: not removals.pending(stage.store), "the removal is struck off", step=1.0)
    assert {1} == job.there(), "also when the job is deleted"


def test_all_of_a_deleted_job_goes(stage: Stage, tmp_path: Path) -> None:
    job, other = Saving(stage, far=tmp_path / "far"), Saving(stage)
    job.save(1)
    other.save(1)
    batch = points.Batch(1, "page", 0, 9, [Point("loss", 1, 1.0, 0.5)])
    for one in (job.id, other.id):
        points.ingest(stage.store, one, [batch], now=stage.clock.now())
    stage.settle()
    roots = (stage.settings.spool_root, stage.settings.outputs, stage.settings.checkpoints)
    for root in roots:
        for one in (job.id, other.id):
            (root / one / "deep").mkdir(parents=True, exist_ok=True)
    (half := job.folder(1).parent / ".tmp-1-7-half").mkdir()
    stage.wish(job.id, Verb.DELETE)
    assert stage.tick().busy
    until(stage, lambda: not removals.pending(stage.store), "the removal is struck off")
    assert not half.parent.exists(), "what nobody has told of, too"
    assert [False] * 3 == [(root / job.id).exists() for root in roots]
    assert [True] * 3 == [(root / other.id).exists() for root in roots]
    assert set() == job.there()
    assert [] == points.series(stage.store, job.id, None, budget=10)
    assert 1 == len(points.series(stage.store, other.id, None, budget=10))
    until(stage, lambda: not stage.tick().busy, "there is nothing left to do")


def test_of_a_deleted_jobs_folder_that_is_a_link_the_link_goes(stage: Stage, tmp_path: Path) -> None:
    """A job can put one in its folder's place."""
    job = Saving(stage)
    stage.settle()
    (precious := tmp_path / "precious").mkdir()
    (precious / "data").write_text("x")
    (stage.settings.outputs / job.id).parent.mkdir(exist_ok=True)
    (stage.settings.outputs / job.id).symlink_to(precious)
    stage.wish(job.id, Verb.DELETE)
    until(stage, lambda: not removals.pending(stage.store), "the removal is struck off")
    assert not (stage.settings.outputs / job.id).is_symlink()
    assert (precious / "data").exists()


def test_a_deleted_job_with_a_run_waits_for_the_mirror(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    job, other = Saving(stage), Saving(stage)
    stage.settle()
    record.save(stage.store, record.RecordRow(job.id, "1", "run-1", ended_sent=True), stage.clock.now())
    stage.wish(job.id, Verb.DELETE)
    until(stage, lambda: not stage.tick().busy, "what is here has gone")
    assert [removals.Removal(job.id, "run-1", (), is_swept=True)] == removals.pending(stage.store)
    asked: list[JobId] = []
    ask = remover.Remover.ask
    monkeypatch.setattr(remover.Remover, "ask", lambda own, order: (asked.append(order.job), ask(own, order)))
    stage.wish(other.id, Verb.DELETE)
    until(stage, lambda: not stage.tick().busy, "what is here has gone")
    assert {other.id} == set(asked), "what was removed is not removed again"
    removals.run_gone(stage.store, job.id)
    assert [] == removals.pending(stage.store)


def folders(stage: Stage, job: JobId) -> list[Path]:
    """Of each kind one, with something in it."""
    roots = (stage.settings.spool_root, stage.settings.outputs, stage.settings.checkpoints)
    for root in roots:
        (root / job / "deep").mkdir(parents=True, exist_ok=True)
    return [root / job for root in roots]


@pytest.mark.parametrize("mirror_is_first", [True, False])
def test_what_a_deleted_job_has_here_goes_whoever_is_first(stage: Stage, mirror_is_first: bool) -> None:
    job = Saving(stage)
    stage.settle()
    batch = points.Batch(1, "page", 0, 9, [Point("loss", 1, 1.0, 0.5)])
    points.ingest(stage.store, job.id, [batch], now=stage.clock.now())
    record.save(stage.store, record.RecordRow(job.id, "1", "run-1", ended_sent=True), stage.clock.now())
    places = folders(stage, job.id)
    stage.wish(job.id, Verb.DELETE)
    if mirror_is_first:
        removals.run_gone(stage.store, job.id)
    until(stage, lambda: not any(place.exists() for place in places), "its folders have gone")
    until(stage, lambda: not stage.tick().busy, "there is nothing left to do")
    if not mirror_is_first:
        removals.run_gone(stage.store, job.id)
    assert [] == removals.pending(stage.store)
    assert [] == points.series(stage.store, job.id, None, budget=10)


@pytest.mark.parametrize("old", [False, True], ids=["deleted", "tidied away"])
def test_who_takes_over_after_a_delete_removes_the_folders(stage: Stage, old: bool) -> None:
    """Of a job without a run and without a URL; the one before was killed as soon as the rows were gone."""
    job = Saving(stage)
    stage.settle()
    places = folders(stage, job.id)
    if old:
        record.save(stage.store, record.RecordRow(job.id, ended_sent=True), stage.clock.now())
        later = Instant(stage.clock.now() + 10 * 86_400.0)
        assert (job.id,) == upkeep.collect(stage.store, now=later, keep_days=5).jobs
    else:
        stage.wish(job.id, Verb.DELETE)
    stage.succeed()
    until(stage, lambda: not any(place.exists() for place in places), "its folders have gone")
    until(stage, lambda: not removals.pending(stage.store), "the removal is struck off")


def test_a_job_that_failed_and_is_tried_again_has_its_newest_to_go_on_from(stage: Stage) -> None:
    stage.scripts["job-0"] = Script(runs=5, ends=End(EndReason.ERROR, exit_code=1))
    job = stage.submit("job-0")
    stage.tick()
    found = [
        (Checkpoint(job, spooled.name(step, 1), 1, step, Instant(1.0 + step), 2, 1, "a", None, "json", None), {})
        for step in (1, 2)
    ]
    checkpoints.committed(stage.store, stage.epoch, found, stage.clock.now())
    stage.settle()
    stage.wish(job, Verb.RETRY)
    assert [2] == [one.step for one in checkpoints.candidates(stage.store, job)]


PHASES = """
from jupyter_training import checkpoint
found = checkpoint.latest()
print(found and found.load(), flush=True)
for phase, last in ((1, 6), (2, 4)) if found is None else ():
    for step in range(1, last + 1):
        print(checkpoint.save([phase, step], step=step).name, flush=True)
        input()
"""


def test_an_attempt_that_begins_its_steps_anew_is_gone_on_from_where_it_was_last(stage: Stage) -> None:
    """While the sweep goes over it after each of its checkpoints."""
    job = Saving(stage, runs=1e6)
    folder = stage.settings.checkpoints / job.id
    code = Job(stage.settings.home, PHASES, order={"job": job.id}, checkpoints={"folder": str(folder)})
    with code.attempt().begin() as process:
        assert process.stdin is not None and process.stdout is not None
        assert "None\n" == process.stdout.readline()
        for _ in range(10):
            name = process.stdout.readline().strip()
            taken_in(stage, job.id)
            until(stage, lambda: not hidden(folder), "what was let go of is gone")
            assert name in job.names()
            process.stdin.write("\n")
            process.stdin.flush()
    assert 0 == process.returncode
    taken_in(stage, job.id, final=True)
    first, second = checkpoints.candidates(stage.store, job.id)
    assert [(4, "step-000000004.1.2"), (3, "step-000000003.1.2")] == [(one.step, one.name) for one in (first, second)]
    assert {first.name, second.name} == job.names()
    assert spooled.fault(folder / first.name, first.sha256) is None
    code.checkpoints["candidates"] = [
        {"name": one.name, "step": one.step, "sha256": one.sha256, "place": None} for one in (first, second)
    ]
    assert "[2, 4]\n" == code.attempt().run().stdout


def taken_in(stage: Stage, job: JobId, *, final: bool = False) -> None:
    """What the attempt has told, by a dispatcher that has just begun, which sweeps next."""
    attempt = stage.attempts(job)[-1]
    folder = attempt_folder(stage.settings.spool_root, job, attempt.number)
    now = stage.clock.now()
    Ingester(stage.store).ingest(stage.job(job), attempt, folder, epoch=stage.epoch, now=now, final=final)
    stage.succeed()
    stage.tick()


def hidden(folder: Path) -> list[Path]:
    return list(folder.glob(f"{spooled.TEMPORARY}gone-*"))


@pytest.mark.parametrize("is_told", [True, False], ids=["told of", "found at the end"])
def test_another_checkpoint_under_the_name_of_one_that_is_gone_stays_and_is_taken_in(
    stage: Stage, is_told: bool
) -> None:
    job = Saving(stage, runs=1e6)
    job.save(1, 2, 3)
    stage.succeed()
    until(stage, lambda: {2, 3} == job.there(), "the first has gone")
    until(stage, lambda: not hidden(job.folder(1).parent), "and its files")
    job.folder(1).mkdir()
    (job.folder(1) / "state").write_text("another")
    at = 1_800_000_009.0
    sha256 = sealing.seal(str(job.folder(1)), 1, None, {"kind": "json"}, at)["sha256"]
    stage.succeed()
    stage.tick()
    assert ({2, 3}, {1, 2, 3}) == (job.kept(), job.there()), "it is not known, and not removed"
    if is_told:
        told = Checkpoint(job.id, spooled.name(1, 1), 1, 1, Instant(at), 7, 1, sha256, None, "json", None)
        checkpoints.committed(stage.store, stage.epoch, [(told, {})], stage.clock.now())
    taken_in(stage, job.id, final=True)
    until(stage, lambda: {1, 3} == job.there(), "it is the newest of two")
    assert [(1, sha256), (3, "ab" * 32)] == [
        (one.step, one.sha256) for one in checkpoints.candidates(stage.store, job.id)
    ]
