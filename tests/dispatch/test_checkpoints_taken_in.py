"""Checkpoints and starts from an attempt's files into the store: exactly once, whoever is killed in between."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import CheckpointPolicy, Instant
from jupyter_training.core.lifecycle import EndReason, Verb
from jupyter_training.dispatch.ingest import Ingester
from jupyter_training.errors import StaleEpoch, StoreBusy
from jupyter_training.seams.backend import End
from jupyter_training.spool import attempt_folder
from jupyter_training.spool import checkpoints as spooled
from jupyter_training.spool.lines import PageWriter
from jupyter_training.store import checkpoints, facts, points
from jupyter_training.testing.scripted_backend import Script
from tests.dispatch.stage import Stage

NOW = Instant(1_800_000_000.0)


class Writer:
    """What the runtime writes."""

    def __init__(self, folder: Path, attempt: int = 1) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.attempt = attempt
        self._writer = PageWriter(str(folder))
        self._time = attempt * 1_000_000

    def event(self, kind: str, *rest: Any) -> None:
        self._time += 1
        assert self._writer.write(json.dumps([kind, self._time, *rest]).encode() + b"\n")

    def report(self, step: int | None, **values: float) -> None:
        self.event("p", step, values)

    def save(self, step: int, metrics: dict[str, float] | None = None, **about: Any) -> str:
        name = spooled.name(step, self.attempt)
        told = {"size": 9, "files": 1, "sha256": "ab" * 32, "place": None, "kind": "json", "metrics": metrics}
        self.event("c", step, name, {**told, "seconds": 0.5, **about})
        return name


class Trial:
    """A job whose attempts are the test's own, and dispatchers that know nothing but the store."""

    def __init__(self, stage: Stage, **wish: Any) -> None:
        self.stage = stage
        stage.scripts["digits"] = Script(runs=1e9)
        self.job: JobId = stage.submit("digits", **wish)
        stage.tick()

    def writer(self) -> Writer:
        number = self.stage.job(self.job).attempt
        return Writer(attempt_folder(self.stage.settings.spool_root, self.job, number), number)

    def take_in(self, ingester: Ingester | None = None, *, final: bool = False) -> None:
        attempt = self.stage.attempts(self.job)[-1]
        folder = attempt_folder(self.stage.settings.spool_root, self.job, attempt.number)
        job = self.stage.job(self.job)
        (ingester or Ingester(self.stage.store)).ingest(
            job, attempt, folder, epoch=self.stage.epoch, now=NOW, final=final
        )

    def again(self) -> Writer:
        """The attempt is over, and the next one begins."""
        self.take_in(final=True)
        number = self.stage.job(self.job).attempt
        facts.ended(self.stage.store, self.stage.epoch, self.job, number, End(EndReason.ERROR), NOW)
        self.stage.wish(self.job, Verb.RETRY)
        self.stage.tick()
        assert number + 1 == self.stage.job(self.job).attempt
        return self.writer()

    def curve(self, name: str, superseded: int = 0) -> list[tuple[int, float | None]]:
        return [
            (step, value)
            for one in points.series(self.stage.store, self.job, [name], budget=10_000)
            if one.superseded == superseded
            for step, _, value in one.points
        ]

    def metrics(self) -> dict[int, float | None]:
        return {one.step: one.metric for one in checkpoints.candidates(self.stage.store, self.job)}


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "home")


@pytest.fixture
def trial(stage: Stage) -> Trial:
    return Trial(stage)


def test_a_checkpoint_is_known_once_with_the_marks_of_counted_series(stage: Stage, trial: Trial) -> None:
    writer = trial.writer()
    for value in range(3):
        writer.report(None, noise=float(value))
    name = writer.save(10)
    writer.report(None, noise=9.0)
    for _ in range(2):
        trial.take_in()
    (one,) = checkpoints.candidates(stage.store, trial.job)
    assert (name, 1, 10, 9, "json", 0.5) == (one.name, one.attempt, one.step, one.size, one.kind, one.seconds)
    assert {"noise": 3} == checkpoints.marks(stage.store, trial.job, name)
    assert 10 == stage.job(trial.job).checkpoint_step


def test_what_the_code_was_given_is_the_start_of_its_attempt(stage: Stage, trial: Trial) -> None:
    writer = trial.writer()
    writer.event("r", None, None)
    writer.save(5)
    writer = trial.again()
    writer.event("r", 5, spooled.name(5, 1))
    trial.take_in()
    first, second = stage.attempts(trial.job)
    assert (None, (5, "step-000000005.1")) == (first.start_step, (second.start_step, second.start_checkpoint))


def test_a_damaged_checkpoint_is_no_candidate_any_more(stage: Stage, trial: Trial) -> None:
    writer = trial.writer()
    writer.save(5)
    name = writer.save(10)
    trial.take_in()
    writer.event("x", name, "its manifest.json is missing")
    trial.take_in()
    assert [5] == [one.step for one in checkpoints.candidates(stage.store, trial.job)]
    assert 5 == stage.job(trial.job).checkpoint_step


def test_code_that_asks_for_no_checkpoint_starts_right_before_its_first_step(trial: Trial) -> None:
    writer = trial.writer()
    for step in range(1, 8):
        writer.report(step, loss=float(step))
        writer.report(None, noise=float(step))
    writer = trial.again()
    writer.report(None, noise=0.5)
    writer.report(5, loss=0.5)
    trial.take_in()
    assert [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0), (5, 0.5)] == trial.curve("loss")
    assert ([(0, 0.5)], 7) == (trial.curve("noise"), len(trial.curve("noise", 2)))


def test_code_that_reports_before_it_asks_is_put_right(trial: Trial) -> None:
    writer = trial.writer()
    for step in range(8):
        writer.report(step, loss=float(step))
    writer.save(5)
    writer = trial.again()
    writer.report(0, config=1.0)
    trial.take_in()
    assert [] == trial.curve("loss")
    writer.event("r", 5, spooled.name(5, 1))
    writer.report(6, loss=0.6)
    trial.take_in()
    assert [0, 1, 2, 3, 4, 5, 6] == [step for step, _ in trial.curve("loss")]
    assert [6, 7] == [step for step, _ in trial.curve("loss", 2)]


@pytest.mark.parametrize("together", [True, False])
def test_a_step_that_was_reported_before_the_code_asked_is_not_there_twice(trial: Trial, together: bool) -> None:
    writer = trial.writer()
    for step in range(1, 8):
        writer.report(step, loss=float(step))
    writer.save(5)
    writer = trial.again()
    writer.report(1, loss=0.1)
    if not together:
        trial.take_in()
    writer.event("r", 5, spooled.name(5, 1))
    writer.report(6, loss=0.6)
    trial.take_in()
    assert [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0), (5, 5.0), (6, 0.6)] == trial.curve("loss")
    assert {(6, 6.0), (7, 7.0), (1, 0.1)} == set(trial.curve("loss", 2))


def test_a_checkpoint_of_its_own_is_no_start(stage: Stage, trial: Trial) -> None:
    writer = trial.writer()
    for step in range(1, 5):
        writer.report(step, loss=float(step))
    writer = trial.again()
    for step in range(1, 4):
        writer.report(step, loss=step / 10)
    writer.event("r", 3, writer.save(3))
    trial.take_in()
    assert [(1, 0.1), (2, 0.2), (3, 0.3)] == trial.curve("loss")
    assert stage.attempts(trial.job)[-1].start_checkpoint is None


def test_a_checkpoint_that_nobody_could_tell_of_is_gone_on_from(stage: Stage, trial: Trial) -> None:
    """Its writer was killed right after the commit, and so was the dispatcher: the next attempt tells of both."""
    writer = trial.writer()
    for value in range(4):
        writer.report(None, noise=float(value))
    writer = trial.again()
    name = spooled.name(8, 1)
    about = {"size": 9, "files": 1, "sha256": "ab" * 32, "place": None, "kind": "json", "metrics": None}
    writer.event("c", 8, name, {**about, "seconds": None})
    writer.event("r", 8, name)
    writer.report(None, noise=4.0)
    trial.take_in()
    assert [(number, float(number)) for number in range(5)] == trial.curve("noise")
    assert [1] == [one.attempt for one in checkpoints.candidates(stage.store, trial.job)]


def test_a_checkpoint_that_lies_there_untold_is_found_at_the_end(stage: Stage, trial: Trial) -> None:
    folder = stage.settings.checkpoints / trial.job / spooled.name(12, 1)
    folder.mkdir(parents=True)
    manifest = {"step": 12, "time": 1.0, "kind": "json", "files": [{"path": "a", "size": 4, "sha256": "x"}]}
    (folder / spooled.MANIFEST).write_text(json.dumps(manifest))
    (folder.parent / spooled.name(13, 1)).mkdir()  # what a removal that was cut short left
    trial.take_in()
    assert () == checkpoints.candidates(stage.store, trial.job)
    trial.take_in(final=True)
    (one,) = checkpoints.candidates(stage.store, trial.job)
    assert (12, 4, spooled.digest(folder / spooled.MANIFEST)) == (one.step, one.size, one.sha256)


@pytest.mark.parametrize(
    "event",
    [
        ["p", 10**23, {"loss": 0.5}],
        ["r", 10**23, "step-000000005.1"],
        ["r", 5, "\ud800"],
        ["r", 5, ["step-000000005.1"]],
        ["x", "../../somewhere", "it is gone"],
        ["x", "\ud800", "it is gone"],
        ["c", 10**23, "step-000000006.2", {"size": 10**23, "files": 1, "sha256": "\ud800", "kind": "\ud800"}],
        ["c", 6, "../../somewhere", {"size": 9, "files": 1, "sha256": "ab" * 32, "kind": "json"}],
    ],
)
def test_what_no_column_holds_stops_nothing(stage: Stage, trial: Trial, event: list[Any]) -> None:
    writer = trial.writer()
    writer.report(1, loss=1.0)
    writer.save(5)
    writer = trial.again()
    writer.event(event[0], *event[1:])
    writer.save(7)
    trial.take_in()
    names = {one.name for one in checkpoints.candidates(stage.store, trial.job)}
    assert {"step-000000005.1", "step-000000007.2"} <= names
    assert all(spooled.is_name(name) for name in names)


def test_a_printed_step_that_no_column_holds_stops_nothing(stage: Stage, trial: Trial) -> None:
    trial.writer().save(1)
    trial.again()
    log = attempt_folder(stage.settings.spool_root, trial.job, 2) / "log"
    log.write_text("step 99999999999999999999999 loss=0.5\nstep 2 loss=0.25\n")
    trial.take_in()
    assert [(2, 0.25)] == trial.curve("loss")


def test_a_checkpoint_has_its_own_metric_or_what_was_reported_at_its_step(stage: Stage) -> None:
    trial = Trial(stage, checkpoints={"metric": "val_loss"})
    writer = trial.writer()
    writer.save(1)
    writer.report(4, val_loss=0.4)
    writer.save(5, {"val_loss": 0.05})
    writer.save(6)
    writer.report(8, val_loss=0.8)
    writer.save(8)
    trial.take_in()
    writer.save(9)
    writer.report(9, val_loss=0.9)  # reported after it was saved
    trial.take_in()
    assert {1: None, 5: 0.05, 6: 0.4, 8: 0.8, 9: 0.9} == trial.metrics()
    ingester = Ingester(stage.store)
    writer.save(10)
    trial.take_in(ingester)
    writer.report(10, val_loss=0.1)
    trial.take_in(ingester)
    assert 0.1 == trial.metrics()[10]


def test_another_metric_is_that_of_the_next_checkpoint(stage: Stage) -> None:
    trial = Trial(stage, checkpoints={"metric": "loss"})
    writer, ingester = trial.writer(), Ingester(stage.store)
    writer.report(1, loss=0.1, accuracy=0.9)
    writer.save(1)
    trial.take_in(ingester)
    policy = CheckpointPolicy(metric="accuracy", mode="max")
    checkpoints.retain(stage.store, stage.job(trial.job), policy, metrics={}, now=NOW)
    writer.save(2)
    writer.report(3, loss=0.3, accuracy=0.7)
    writer.save(3, {"loss": 0.35, "accuracy": 0.75})
    writer.save(4)
    writer.report(4, loss=0.4, accuracy=0.6)
    trial.take_in(ingester)
    assert {1: 0.1, 2: 0.9, 3: 0.75, 4: 0.6} == trial.metrics()


@pytest.mark.parametrize("to", ["file:///far", "file:///far/", None])
def test_a_checkpoint_lies_below_what_its_policy_names_and_nowhere_else(stage: Stage, to: str | None) -> None:
    trial = Trial(stage, checkpoints={"to": to})
    writer = trial.writer()
    name = spooled.name(1, 1)
    places = [
        f"file:///far/{trial.job}/{name}",
        f"file:///far/{trial.job}/../other/{name}",
        f"file:///far/{trial.job}/{spooled.name(9, 1)}",
        f"file:///far/{name}",
        f"file:///home/{trial.job}/{name}",
        "file:///",
        ["file:///far"],
    ]
    for place in reversed(places):
        writer.save(1, place=place)
    writer.save(2)
    ingester = Ingester(stage.store)
    trial.take_in(ingester)
    own = {2: None} if to is None else {1: places[0], 2: None}
    assert own == {one.step: one.place for one in checkpoints.candidates(stage.store, trial.job)}
    assert len(places) + 1 - len(own) == ingester.faults(trial.job, 1)


def test_a_dispatcher_that_was_succeeded_writes_nothing(stage: Stage, trial: Trial) -> None:
    trial.writer().save(5)
    attempt = stage.attempts(trial.job)[-1]
    folder = attempt_folder(stage.settings.spool_root, trial.job, 1)
    with pytest.raises(StaleEpoch):
        Ingester(stage.store).ingest(stage.job(trial.job), attempt, folder, epoch=stage.epoch - 1, now=NOW)
    assert {} == points.offsets(stage.store, trial.job)


@pytest.mark.parametrize("seed", range(8))
def test_however_often_a_dispatcher_dies_the_curve_is_the_undisturbed_one(
    tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between any two events, and between the two databases, somebody else may have to go on."""
    calm, wild = Trial(Stage(tmp_path / "calm")), Trial(Stage(tmp_path / "wild"))
    rng = random.Random(seed)
    whole = points.ingest_all

    def dies(*args: Any, **more: Any) -> int:
        if rng.random() < 0.4:
            raise StoreBusy("The store is busy.")
        return whole(*args, **more)

    pairs = [(calm, calm.writer()), (wild, wild.writer())]
    step, saved = 0, 0
    for _ in range(4):
        for _ in range(rng.randint(2, 15)):
            step += 1
            for _, writer in pairs:
                writer.report(step, loss=float(step))
                writer.report(None, noise=float(step))
            if rng.random() < 0.3:
                saved = step
                for _, writer in pairs:
                    writer.save(step)
            with monkeypatch.context() as deadly:
                deadly.setattr(points, "ingest_all", dies)
                try:
                    wild.take_in()
                except StoreBusy:
                    continue
        pairs = [(trial, trial.again()) for trial, _ in pairs]
        newest = checkpoints.candidates(calm.stage.store, calm.job)
        step = newest[0].step if newest else 0
        for _, writer in pairs:
            writer.event("r", *((step, newest[0].name) if newest else (None, None)))
    for trial, _ in pairs:
        trial.take_in()
    for name in ("loss", "noise"):
        assert [calm.curve(name, number) for number in range(6)] == [wild.curve(name, number) for number in range(6)]
    assert list(range(1, step + 1)) == [at for at, _ in wild.curve("loss")]
    assert [float(at) for at in range(1, step + 1)] == [value for _, value in wild.curve("noise")]
    assert saved in (0, *wild.metrics())
    after = points.after(wild.stage.store, wild.job, 0, 10_000)
    assert list(range(1, len(after) + 1)) == [n for n, _, _ in after]
