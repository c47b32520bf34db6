"""What must hold after every story, whatever died in it."""

from __future__ import annotations

from collections import Counter

from jupyter_training.core.job import Attempt, Job
from jupyter_training.core.lifecycle import EndReason, JobState
from jupyter_training.spool import identity
from jupyter_training.store import points, record, views
from tests.torture import faults
from tests.torture.plan import Part
from tests.torture.processes import eventually, of_home
from tests.torture.stand import Played

__all__ = ["check"]

_UNBEGUN = (EndReason.NOT_BEGUN, EndReason.VOID)


def check(played: Played) -> None:
    """Everything, with the job's name in the first words of what fails."""
    assert not played.overbooked, played.overbooked
    left = [fault for number, fault in enumerate(played.story.faults) if number not in played.fired]
    assert not (played.story.all_happen and left), f"nobody came to these steps: {left}"
    _check_log(played)
    for part in played.story.parts:
        job = views.job(played.site.store, played.ids[part.name])
        attempts = views.attempts(played.site.store, [job.id]).get(job.id, ())
        try:
            _check_runs(played, part, attempts)
            _check_end(played, part, job, attempts)
            _check_points(played, part, job)
            _check_record(played, part, job)
            _check_processes(played, part, job)
        except AssertionError as error:
            error.add_note(f"{part}\n{job.state} {job.reason} {job.detail}\n{attempts}\n{played.witness(part.name)}")
            raise


def _check_log(played: Played) -> None:
    """What was read while it was written is what stands there, without a gap and in one order."""
    numbers = [change.n for change in played.log]
    assert numbers == list(range(1, len(numbers) + 1)), "the change log has a gap, or went back"
    again = []
    while batch := views.changes(played.site.store, len(again), 1000).changes:
        again += batch
    assert played.log == again[: len(played.log)], "the change log says something else than before"


def _check_runs(played: Played, part: Part, attempts: tuple[Attempt, ...]) -> None:
    """No attempt ran twice, no two at once, none that says that it never began; no slot was held by two."""
    lines = played.witness(part.name)
    said = {what for _, what, *_ in lines}
    assert "TWICE" not in said, "it ran while its own earlier attempt, or a part of it, still did"
    assert "OVERFULL" not in said, "it got a slot that another job held"
    began = Counter(int(attempt) for attempt, what, *_ in lines if what == "began")
    assert all(count == 1 for count in began.values()), f"an attempt ran more than once: {began}"
    unbegun = {attempt.number for attempt in attempts if attempt.reason in _UNBEGUN}
    assert not unbegun & set(began), f"an attempt that is said not to have begun ran: {began}"
    assert len(began) <= 1, f"its code was started anew without having been asked to: {began}"


def _check_end(played: Played, part: Part, job: Job, attempts: tuple[Attempt, ...]) -> None:
    said = {what for _, what, *_ in played.witness(part.name)}
    was_killed = bool(played.happened(part.name, "runtime"))
    is_wished = part.name in played.accepted
    ends: set[JobState] = set()
    if "done" in said:
        ends.add(JobState.SUCCEEDED if part.exit_code == 0 else JobState.FAILED)
    if was_killed:
        ends.add(JobState.FAILED)
    if is_wished:
        ends.add(JobState.CANCELED)
    if part.timeout is not None and part.steps * part.pause > part.timeout:
        assert job.reason is EndReason.TIMEOUT, f"its time was over, and its end is {job.reason}"
        ends.add(JobState.FAILED)
    if sum(attempt.reason in _UNBEGUN for attempt in attempts) > 3:
        ends.add(JobState.FAILED)
    assert job.state in ends, f"its end is {job.state}, true would be {sorted(ends)}"
    if "done" in said and not was_killed and not is_wished and part.timeout is None:
        assert attempts[-1].exit_code == part.exit_code
    if is_wished and "done" not in said and not was_killed:
        assert job.state is JobState.CANCELED, "a wish was lost"


def _check_points(played: Played, part: Part, job: Job) -> None:
    lines = played.witness(part.name)
    told = [(int(rest[0]), float(rest[1])) for _, what, *rest in lines if what == "point"]
    kept = [
        (step, value)
        for series in points.series(played.site.store, job.id, None, budget=100_000, sources=frozenset({"report"}))
        for step, _, value in series.points
    ]
    assert len(kept) == len(set(kept)), "a point is there twice"
    assert set(kept) <= set(told), "a point is there that nobody reported"
    missing = [point for point in told if point not in set(kept)]
    done = [int(rest[0]) for _, what, *rest in lines if what == "unkept"]
    if done:
        assert len(missing) == done[0], f"points are lost: {missing}"
    else:  # it was ended in the middle; what it was about to report it may not have reported
        assert missing in ([], told[-1:]), f"points are lost: {missing}"


def _check_record(played: Played, part: Part, job: Job) -> None:
    import mlflow

    row = record.load(played.site.store, job.id)
    if row is None and job.attempt == 0:
        return  # it was stopped before it ever ran
    assert row is not None and row.run_id is not None, "it has no run"
    client = mlflow.MlflowClient(played.site.settings.mlflow_uri)
    status = {JobState.SUCCEEDED: "FINISHED", JobState.FAILED: "FAILED", JobState.CANCELED: "KILLED"}[job.state]
    info = client.get_run(row.run_id).info
    assert info.status == status, f"its run is {info.status}, the job {job.state}"
    runs = client.search_runs([info.experiment_id], f"tags.`jupyter_training.job` = '{job.id}'")
    assert len(runs) == 1, "it has more than one run"
    kept = [
        (step, value)
        for series in points.series(played.site.store, job.id, None, budget=100_000, sources=frozenset({"report"}))
        for step, _, value in series.points
    ]
    history = [(metric.step, metric.value) for metric in client.get_metric_history(row.run_id, "loss")]
    assert sorted(history) == sorted(kept), "the record's points are others"


def _check_processes(played: Played, part: Part, job: Job) -> None:
    """Nothing of it lives, also not what hid."""
    for _, what, *rest in played.witness(part.name):
        if what == "hidden":
            pid, start = map(int, rest)
            assert identity.start_time(pid) != start, f"its hidden process {pid} lives"
    spool = played.site.settings.spool_root / job.id
    stopped = {played.fired.get(number) for number, one in enumerate(played.story.faults) if one.act == faults.STOP}
    eventually(lambda: not set(of_home(spool)) - stopped, within=10, what=f"nothing of it lives: {of_home(spool)}")
