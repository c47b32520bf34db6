"""What must hold after every story, whatever died in it."""

from __future__ import annotations

import contextlib
import itertools
from collections import Counter
from pathlib import Path
from typing import Any

from jupyter_training.core.changes import Change
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Attempt, Job
from jupyter_training.core.lifecycle import FREE_RESTART_LIMIT, EndReason, JobState
from jupyter_training.spool import attempt_folder, identity, tail
from jupyter_training.spool import checkpoints as spooled
from jupyter_training.store import checkpoints, points, record, removals, views
from tests.torture import faults
from tests.torture.plan import Part
from tests.torture.processes import eventually, of_home
from tests.torture.stand import Played

__all__ = ["check"]

_UNBEGUN = (EndReason.NOT_BEGUN, EndReason.VOID)


def check(played: Played) -> None:
    """Everything, with the job's name in the first words of what fails."""
    assert not played.overbooked, played.overbooked
    _check_log(played)
    for part in played.parts:
        if played.is_deleted(part.name):
            _check_deleted(played, part)
            continue
        job = views.job(played.site.store, played.ids[part.name])
        attempts = views.attempts(played.site.store, [job.id]).get(job.id, ())
        try:
            _check_runs(played, part, attempts)
            _check_end(played, part, job, attempts)
            _check_words(played, part, attempts)
            _check_points(played, part, job)
            _check_files(played, job, attempts)
            _check_checkpoints(played, part, job)
            _check_record(played, part, job)
            _check_processes(played, part, job.id)
        except AssertionError as error:
            error.add_note(f"{part}\n{job.state} {job.reason} {job.detail}\n{attempts}\n{played.witness(part.name)}")
            raise
    left = [fault for number, fault in enumerate(played.story.faults) if number not in played.fired]
    assert not (played.story.all_happen and left), f"nobody came to these steps: {left}"


def _check_deleted(played: Played, part: Part) -> None:
    """Nothing of it is left, and what is left to its heirs is; while it was there, all was as it should be."""
    job, store = played.ids[part.name], played.site.store
    try:
        _check_runs(played, part, ())
        _check_processes(played, part, job)
        assert not views.jobs(store, [job]), "it is there still"
        assert not checkpoints.of_jobs(store, [job]), "its checkpoints are known still"
        assert not points.series(store, job, None, budget=1), "its points are there still"
        assert job not in {one.job for one in removals.pending(store)}
        for root in (played.site.settings.spool_root, played.site.settings.outputs, played.site.settings.checkpoints):
            assert not (root / job).exists(), f"{root / job} is there still"
        runs = _runs(played, job)
        assert all(run.info.lifecycle_stage == "deleted" for run in runs), "its run is there still"
        assert len(runs) <= 1, "it has had more than one run"
    except AssertionError as error:
        error.add_note(f"{part}\ndeleted\n{played.witness(part.name)}")
        raise


def _check_log(played: Played) -> None:
    """What was read while it was written is what stands there, without a gap and in one order."""
    numbers = [change.n for change in played.log]
    assert numbers == list(range(1, len(numbers) + 1)), "the change log has a gap, or went back"
    again: list[Change] = []
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
    asked = sum(verb in ("activate", "retry", "resume") for verb in played.accepted.get(part.name, ()))
    again = asked + (_failures(played, part) if part.retries else 0)
    assert len(began) <= 1 + again, f"its code was started anew without having been asked to: {began}"
    _check_starts(lines, played.inherited.get(part.name, 0))


def _failures(played: Played, part: Part) -> int:
    """How many of its attempts did not end by themselves, as it was planned."""
    crashed = any(what == "crashed" for _, what, *_ in played.witness(part.name))
    return len(played.happened(part.name, "runtime")) + crashed


def _check_starts(lines: list[list[str]], inherited: int) -> None:
    """Each attempt went on from the last checkpoint that was there."""
    saved = saving = inherited
    for _, what, *rest in lines:
        if what == "saving":
            saving = int(rest[0])
        elif what == "saved":
            saved = int(rest[0])
        elif what == "from":
            assert int(rest[0]) in (saved, saving), f"it went on from {rest[0]}, the last checkpoint is of step {saved}"
            saved = saving = int(rest[0])


def _said_last(played: Played, part: Part) -> set[str]:
    """What the last attempt whose code ran has written."""
    lines = played.witness(part.name)
    return {what for number, what, *_ in lines if number == lines[-1][0]}


def _check_words(played: Played, part: Part, attempts: tuple[Attempt, ...]) -> None:
    """Of an attempt that was broken off it is said how far it had come, as far as anybody knows."""
    for attempt in attempts:
        lines = [line for line in played.witness(part.name) if line[0] == str(attempt.number)]
        steps = [int(rest[0]) for _, what, *rest in lines if what == "point"]
        saved = [int(rest[0]) for _, what, *rest in lines if what in ("from", "saved")]
        if attempt.reason not in (EndReason.LOST, EndReason.SIGNALED) or len(steps) < 2:
            continue
        # The last step it may have written down without having reported it.
        assert any(f"Last step reported: {step:,}." in str(attempt.detail) for step in steps[-2:]), attempt.detail
        if max(saved, default=0):
            assert f"Last checkpoint: step {max(saved):,}." in str(attempt.detail) or "saving" == lines[-1][1], (
                attempt.detail
            )


def _check_end(played: Played, part: Part, job: Job, attempts: tuple[Attempt, ...]) -> None:
    said = _said_last(played, part) if attempts else set()
    wishes = played.accepted.get(part.name, [])
    is_stopped = wishes[-1:] in (["cancel"], ["kill"])
    has_failed = _failures(played, part) > 0
    ends: set[JobState] = set()
    if "done" in said:
        ends.add(JobState.SUCCEEDED if part.exit_code == 0 else JobState.FAILED)
    if has_failed and (is_stopped or _failures(played, part) > part.retries):
        ends.add(JobState.FAILED)  # nobody wanted it to be tried again, or it was tried often enough
    if is_stopped:
        ends.add(JobState.CANCELED)
    if part.timeout is not None and part.steps * part.pause > part.timeout:
        assert job.reason is EndReason.TIMEOUT, f"its time was over, and its end is {job.reason}"
        ends.add(JobState.FAILED)
    if sum(attempt.reason in _UNBEGUN for attempt in attempts) > FREE_RESTART_LIMIT:
        ends.add(JobState.FAILED)
    if played.story.fills and not said and job.reason is EndReason.LAUNCH_FAILED:
        ends.add(JobState.FAILED)  # there was no room to begin, and it says so
    assert job.state in ends, f"its end is {job.state}, true would be {sorted(ends)}"
    if "done" in said and not has_failed and not is_stopped and part.timeout is None:
        assert attempts[-1].exit_code == part.exit_code
    if is_stopped and "done" not in said and not has_failed:
        assert job.state is JobState.CANCELED, "a wish was lost"


def _check_points(played: Played, part: Part, job: Job) -> None:
    told: dict[str, list[tuple[int, float | None]]] = {}
    unkept: dict[str, int] = {}
    for number, what, *rest in played.witness(part.name):
        if what == "point":
            told.setdefault(number, []).append((int(rest[0]), float(rest[1])))
        elif what == "unkept":
            unkept[number] = int(rest[0])
    for step, value in itertools.chain(*told.values()):
        assert value == 1.0 / (1 + step * (step + 1) // 2), f"step {step} was not reached from all the steps before"
    kept = _kept(played, job)
    missing = Counter(itertools.chain(*told.values())) - Counter(kept)
    assert not Counter(kept) - Counter(itertools.chain(*told.values())), "a point is there twice, or nobody reported it"
    # What was ended in the middle may not have reported what it was about to report.
    allowed = sum(unkept.get(number, 1) for number in told)
    assert missing.total() <= allowed, f"points are lost: {missing}"
    if set(told) == set(unkept):
        assert missing.total() == allowed, f"{allowed} points are said to be lost, and {missing} are"
    curve = [step for step, _ in _kept(played, job, live=True)]
    base = played.bases.get(part.name, 0)
    inherited = played.inherited.get(part.name, 0)
    if not any(unkept.values()):
        expected = list(range(inherited + 1, inherited + len(curve) + 1))
        assert curve == expected, f"the curve has a gap, or a step twice: {curve}"
    if "done" in _said_last(played, part):
        ends = inherited + len(curve)
        assert unkept[max(unkept, key=int)] or ends == base + part.steps, f"the curve ends at {ends}"


def _check_files(played: Played, job: Job, attempts: tuple[Attempt, ...]) -> None:
    """What attempts have left behind, samples of the machine too, was read to the last byte."""
    offsets = points.offsets(played.site.store, job.id)
    for attempt in attempts:
        folder = attempt_folder(played.site.settings.spool_root, job.id, attempt.number)
        for page in tail.pages(folder):
            read = offsets.get((attempt.number, page.name), 0)
            assert read == tail.read(page, read, final=True)[1], f"{attempt.number}/{page.name} was read to {read} only"
        with contextlib.suppress(FileNotFoundError):
            size = (folder / "log").stat().st_size
            assert size == offsets.get((attempt.number, "log"), 0), f"{attempt.number}/log was not read to {size}"


def _kept(played: Played, job: Job, *, live: bool = False) -> list[tuple[int, float | None]]:
    """The reported points that are in the store, of all attempts; ``live``: without those that were done anew."""
    found = points.series(played.site.store, job.id, None, budget=100_000, sources=frozenset({"report"}))
    return [(step, value) for series in found for step, _, value in series.points if not (live and series.superseded)]


def _check_checkpoints(played: Played, part: Part, job: Job) -> None:
    """What the code was told is kept is known, once, and whole; what is known to be kept is there."""
    rows = checkpoints.of_jobs(played.site.store, [job.id]).get(job.id, ())
    names = [row.name for row in rows]
    assert len(names) == len(set(names)), f"a checkpoint is there twice: {names}"
    told = {(int(number), int(rest[0])) for number, what, *rest in played.witness(part.name) if what == "saved"}
    missing = told - {(row.attempt, row.step) for row in rows}
    assert not missing, f"nobody knows of these checkpoints (attempt, step): {missing}"
    folder = played.site.settings.checkpoints / job.id
    at = {row.name: folder / row.name if row.place is None else Path(row.place.removeprefix("file://")) for row in rows}
    faults_found = {row.name: spooled.fault(at[row.name], row.sha256) for row in rows if row.state == "kept"}
    assert not any(faults_found.values()), f"checkpoints that are kept are damaged: {faults_found}"
    assert not rows or any(row.state == "kept" for row in rows), "no checkpoint is left"


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
    assert len(_runs(played, job.id)) == 1, "it has more than one run"
    history = [(metric.step, metric.value) for metric in client.get_metric_history(row.run_id, "loss")]
    assert sorted(history) == sorted(_kept(played, job)), "the record's points are others"


def _runs(played: Played, job: JobId) -> list[Any]:
    """All runs of a job, those in the trash too."""
    import mlflow

    client = mlflow.MlflowClient(played.site.settings.mlflow_uri)
    every = [one.experiment_id for one in client.search_experiments()]
    return list(client.search_runs(every, f"tags.`jupyter_training.job` = '{job}'", mlflow.entities.ViewType.ALL))


def _check_processes(played: Played, part: Part, job: JobId) -> None:
    """Nothing of it lives, also not what hid."""
    for _, what, *rest in played.witness(part.name):
        if what == "hidden":
            pid, start = map(int, rest)
            assert identity.start_time(pid) != start, f"its hidden process {pid} lives"
    spool = played.site.settings.spool_root / job
    stopped = {played.fired.get(number) for number, one in enumerate(played.story.faults) if one.act == faults.STOP}
    eventually(lambda: not set(of_home(spool)) - stopped, within=10, what=f"nothing of it lives: {of_home(spool)}")
