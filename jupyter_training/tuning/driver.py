"""The driver of one search: what trials have reported goes to the searcher, and what that says becomes wishes.

    store: reports, ends, wishes --look--> Search (engine) --decisions--> store: record, trials' jobs, wishes

A report or an end is on record before the searcher hears it. What the searcher
then says, and the wish that carries it out, are one transaction; so are an ask
and its trial's job. A driver that dies between any two of these is succeeded by
one that is led through the record and finds the search where it was.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from jupyter_training.core.experiment import Event, EventKind, Experiment, ExperimentState, Outcome, Trial
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import TERMINAL, Desired, Hold, JobState, Verb
from jupyter_training.core.search_jobs import trial_submission
from jupyter_training.core.stop_rule import Ending, Ruling, extended, rule
from jupyter_training.errors import NoCheckpoint, near_miss
from jupyter_training.services import checkpoints
from jupyter_training.services.site import Site
from jupyter_training.store import experiments, reports, views
from jupyter_training.store.experiments import Standing, Writer
from jupyter_training.store.reports import Report
from jupyter_training.tuning.engine import Make, Search, TrialState, replayed

__all__ = ["Driver"]

log = logging.getLogger(__name__)

_NO_CHECKPOINT = "Trials write no checkpoint before they are to pause, so those that fall behind are stopped instead."


@dataclass(frozen=True)
class _Told:
    """A report of a trial that the searcher has not heard."""

    trial: int
    resource: int
    report: Report


class Driver:
    """One attempt at driving. ``attempt`` is its number; a later one takes over from it.

    Raises (in all that it does):
        StaleEpoch: another attempt drives by now.
    """

    def __init__(self, site: Site, experiment: JobId, attempt: int, make: Callable[[Experiment], Make]) -> None:
        self._site = site
        self._attempt = attempt
        self._experiment = experiments.claim(site.store, experiment, attempt)
        self._make = make(self._experiment)
        self._head = -1
        self._jobs: dict[int, JobId] = {}  # of the trials, by their numbers
        self._numbers: dict[JobId, int] = {}
        self._heard_of: dict[int, tuple[str, ...]] = {}  # what trials have reported that the search is not about
        self._best: dict[int, tuple[float, int]] = {}
        self._news: dict[int, Event] = {}  # the last report that each trial's row does not show yet
        self._ignored: list[int] = []  # events that count nowhere, which is not noted yet
        self._search = self._led_through()

    @property
    def id(self) -> JobId:
        return self._experiment.id

    def look(self) -> bool:
        """Take in what is new, and decide what follows from it. True: something was decided.

        Looking when nothing is new costs one query.
        """
        head = views.head(self._site.store)
        if head == self._head and not self._time_is_up():
            return False
        touched = self._touched(head)
        self._head = head
        return self._go_on(touched)

    def is_over(self) -> bool:
        """Whether the search has ended; there is nothing more to drive."""
        return experiments.standing(self._site.store, self.id).state.is_final

    def leave(self) -> bool:
        """Ask to be stopped until something happens; False: something has, in this very moment."""
        with experiments.writing(self._site.store, self.id, self._attempt, self._site.now(), tell=False) as writer:
            if views.head(self._site.store) != self._head:
                return False
            writer.wish([self.id], Verb.PAUSE, hold=Hold.EXPERIMENT, discard=True)
        return True

    # --- what is new ---------------------------------------------------------------------------------------------

    def _touched(self, head: int) -> list[int]:
        """The trials that something has happened to since the last look; at the first look all that go on."""
        everything = [trial.number for trial in self._search.trials.values() if trial.outcome is None]
        if self._head < 0:
            return sorted(self._search.trials)
        found: set[int] = set()
        cursor = self._head
        while cursor < head:
            batch = views.changes(self._site.store, cursor, 1000)
            if batch.resync:
                return everything
            found.update(self._numbers[one.job] for one in batch.changes if one.job in self._numbers)
            if not batch.changes:
                break
            cursor = batch.changes[-1].n
        return sorted(found)

    def _go_on(self, touched: Sequence[int]) -> bool:
        jobs = {
            self._numbers[job.id]: job for job in views.jobs(self._site.store, [self._jobs[one] for one in touched])
        }
        standing = experiments.standing(self._site.store, self.id)
        if standing.state.is_final:
            return False
        before = self._search.events
        revived = [
            self._search.again(number)
            for number, job in jobs.items()
            if self._search.trials[number].outcome is not None and job.state not in TERMINAL
        ]
        if revived:
            self._write_revived(revived)
        self._hear(self._new_reports(touched))
        self._carry_out()
        ruling = self._ruling(standing)
        closes = self._closes(standing, ruling)
        self._end(self._ends(touched, jobs, stopped=closes))
        ruling = self._ruling(standing)
        if self._closes(standing, ruling):
            self._stop_all()
        elif standing.may_ask and not self._waits_for_metric(standing):
            self._ask(ruling)
        self._conclude(standing, ruling)
        return self._search.events > before

    def _new_reports(self, touched: Sequence[int]) -> list[_Told]:
        """What these trials have reported and the searcher has not heard, in the order of time."""
        spec = self._experiment.spec
        open_ = [self._search.trials[one] for one in touched]
        told = {self._jobs[trial.number]: trial.told for trial in open_ if trial.listens}
        if not told:
            return []
        named = spec.resource if spec.resource not in ("report", "step") else None
        found: list[_Told] = []
        for job, reported in reports.since(self._site.store, told, spec.objective.metrics, named).items():
            number = self._numbers[job]
            if reported.names and not reported.reports and not self._search.trials[number].told:
                self._heard_of[number] = reported.names
            resource = self._search.trials[number].resource
            for report in reported.reports:
                resource = max(resource + 1, _resource(report, spec.resource))
                found.append(_Told(number, resource, report))
        return sorted(found, key=lambda one: (one.report.time, one.trial, one.report.count))

    # --- what follows --------------------------------------------------------------------------------------------

    def _hear(self, told: Sequence[_Told]) -> None:
        """Record reports, then let the searcher hear them in the same order."""
        if not told:
            return
        events = [
            self._search.report(one.trial, one.report.count, one.resource, one.report.values, one.report.time)
            for one in told
        ]
        with self._writing() as writer:
            writer.events(events)
        for event in events:
            assert event.trial is not None
            if self._search.hear(event) is None:
                self._ignored.append(event.n)
            else:
                self._heard(event)

    def _heard(self, event: Event) -> None:
        assert event.trial is not None
        self._news[event.trial] = event
        value = event.body["values"][0]
        best = self._best.get(event.trial)
        if value is not None and self._experiment.spec.objective.is_better(value, best[0] if best else None):
            self._best[event.trial] = (value, event.body["resource"])

    def _carry_out(self) -> None:
        """Let the rows show what was heard, and do what the searcher said: stop, pause.

        A trial that can't pause gets the searcher's word on that.
        """
        said = [trial for trial in self._search.trials.values() if trial.waits is not None and trial.outcome is None]
        if not said and not self._news and not self._ignored:
            return
        with self._writing() as writer:
            for number, event in self._news.items():
                writer.trial(number, **self._columns(number, event))
            verdicts: dict[int, str] = dict.fromkeys(self._ignored, "ignored")
            for trial in said:
                assert trial.waits is not None
                verdicts[trial.waits] = trial.verdict
                trial.waits = None
                job = self._jobs[trial.number]
                if trial.verdict == "stop":
                    writer.wish([job], Verb.CANCEL)
                    continue
                (answer,) = writer.wish([job], Verb.PAUSE, hold=Hold.SEARCHER)
                if not isinstance(answer, NoCheckpoint):
                    writer.trial(trial.number, is_held=True)
                    continue
                unpaused = self._search.cannot_pause(trial.number)
                writer.events([unpaused])
                self._note(writer, _NO_CHECKPOINT)
                if unpaused.verdict == "stop":
                    writer.wish([job], Verb.CANCEL)
            writer.verdicts(verdicts)
        self._news.clear()
        self._ignored.clear()
        if said:
            self._wake()

    def _columns(self, number: int, event: Event) -> dict[str, object]:
        values = dict(zip(self._experiment.spec.objective.metrics, event.body["values"], strict=True))
        columns: dict[str, object] = {"resource": event.body["resource"], "told": values}
        if number in self._best:
            columns["best"], columns["best_at"] = self._best[number]
        return columns

    def _ends(
        self, touched: Sequence[int], jobs: Mapping[int, Job], *, stopped: bool
    ) -> list[tuple[int, Outcome, str]]:
        found: list[tuple[int, Outcome, str]] = []
        for number in touched:
            trial = self._search.trials[number]
            job = jobs.get(number)
            if trial.outcome is not None or (job is not None and job.state not in TERMINAL):
                continue
            found.append((number, *self._outcome(trial, job, stopped=stopped)))
        return found

    def _outcome(self, trial: TrialState, job: Job | None, *, stopped: bool) -> tuple[Outcome, str]:
        if job is None:
            return "canceled", "Its job was deleted."
        if job.state is JobState.CANCELED:
            if trial.verdict == "stop":
                return "stopped", f"Stopped early by the searcher at {trial.resource}."
            return ("stopped", "Stopped as the search ended.") if stopped else ("canceled", job.detail or "Canceled.")
        if job.state is JobState.SUCCEEDED:
            if trial.told:
                return "completed", ""
            return "failed", self._missing(trial.number)
        return "failed", job.detail or "Its job failed."

    def _missing(self, number: int) -> str:
        metrics = self._experiment.spec.objective.metrics
        wanted = " and ".join(metrics)
        names = self._heard_of.get(number, ())
        if not names:
            return f"It ended without reporting {wanted}, or anything else."
        absent = [name for name in metrics if name not in names]
        close = near_miss(absent[0], names) if absent else None
        near = f" Is {close} meant?" if close else ""
        return f"It ended without reporting {' and '.join(absent) or wanted}; it reported {', '.join(names)}.{near}"

    def _end(self, ended: Sequence[tuple[int, Outcome, str]]) -> None:
        if not ended:
            return
        events = [self._search.end(number, outcome) for number, outcome, _ in ended]
        with self._writing() as writer:
            writer.events(events)
            for number, outcome, detail in ended:
                writer.trial(number, outcome=outcome, is_held=False, detail=detail or None)
        for event in events:
            self._search.hear(event)

    def _ask(self, ruling: Ruling) -> None:
        """Fill the free places."""
        places = self._experiment.spec.workers - len(self._search.open)
        left = ruling.may_start
        events: list[Event] = []
        while places > 0:
            event = self._search.ask(resume_only=left == 0)
            if event is None:
                break
            events.append(event)
            if event.kind in (EventKind.EXHAUSTED, EventKind.PROPOSED):
                break
            places -= 1
            if event.kind is EventKind.ASK and left is not None:
                left -= 1
        if not events:
            return
        plain = [event for event in events if event.body.get("clone_of") is None]
        done = self._begin(plain, None) if plain else True
        for event in events:
            if event.body.get("clone_of") is not None and done:
                done = self._begin_as_clone(event)
        if not done:  # a person wished otherwise in this very moment
            self._search = self._led_through()
        self._wake()

    def _begin(self, events: Sequence[Event], chosen: checkpoints.Chosen | None, note: str | None = None) -> bool:
        """Store these answers with all that they entail; False: nothing was, since the search is not to go on."""
        start = chosen.start if chosen is not None else None
        begun = []
        for event in events:
            if event.kind is EventKind.ASK:
                assert event.trial is not None
                config = event.body["config"]
                trial = Trial(self.id, event.trial, JobId(""), config, event.body.get("clone_of"))
                begun.append((trial, trial_submission(self._experiment, event.trial, config, start)))
        resumed = [event.trial for event in events if event.kind is EventKind.RESUME and event.trial is not None]
        with self._writing() as writer:
            standing = writer.standing
            if not standing.may_ask:
                return False
            writer.events(events)
            settle = chosen.settle(self._site) if chosen is not None else None
            jobs = writer.start(begun, self._site.new_id, settle)
            writer.wish([self._jobs[number] for number in resumed], Verb.ACTIVATE, hold=Hold.SEARCHER)
            for number in resumed:
                writer.trial(number, is_held=False)
            if begun and standing.started is None:
                writer.change(started=self._site.now())
            if note is not None:
                self._note(writer, note)
        for (trial, _), job in zip(begun, jobs, strict=True):
            self._know(trial.number, job.id)
        return True

    def _begin_as_clone(self, event: Event) -> bool:
        source = self._jobs[event.body["clone_of"]]
        found = views.jobs(self._site.store, [source])
        if found:
            try:
                with checkpoints.chosen(self._site, found[0], None) as chosen:
                    return self._begin([event], chosen)
            except NoCheckpoint as error:
                return self._begin([event], None, f"Trial {event.trial} begins anew: {error.detail}")
        return self._begin(
            [event], None, f"Trial {event.trial} begins anew: trial {event.body['clone_of']} was deleted."
        )

    # --- its end -------------------------------------------------------------------------------------------------

    def _ruling(self, standing: Standing) -> Ruling:
        return rule(
            extended(self._experiment.spec.stop, standing.more),
            self._search.tally,
            workers=self._experiment.spec.workers,
            seconds=standing.seconds(self._site.now()),
        )

    def _time_is_up(self) -> bool:
        limit = self._experiment.spec.stop.max_time
        if limit is None:
            return False
        return experiments.standing(self._site.store, self.id).seconds(self._site.now()) >= limit

    def _closes(self, standing: Standing, ruling: Ruling) -> bool:
        """Whether what runs is to be stopped."""
        return ruling.now is not None or standing.desired in (Desired.CANCEL, Desired.KILL)

    def _stop_all(self) -> None:
        going = [trial for trial in self._search.trials.values() if trial.outcome is None]
        jobs = views.jobs(self._site.store, [self._jobs[trial.number] for trial in going])
        wanted = [job.id for job in jobs if job.state not in TERMINAL and job.desired is not Desired.CANCEL]
        wanted = [job for job in wanted if job not in {one.id for one in jobs if one.desired is Desired.KILL}]
        if wanted:
            with self._writing() as writer:
                writer.wish(wanted, Verb.CANCEL)
            self._wake()

    def _conclude(self, standing: Standing, ruling: Ruling) -> None:
        """Write that the search has ended, once it has."""
        if self._search.open:
            return
        state, detail = self._verdict(standing, ruling)
        if state is None:
            return
        if self._search.held:
            self._stop_all()
            return
        with self._writing() as writer:
            if writer.standing.state.is_final or writer.standing != standing:
                self._head = -1  # a person wished something in this very moment: look again
                return
            writer.change(state=state.value, detail=detail, ended=self._site.now())

    def _verdict(self, standing: Standing, ruling: Ruling) -> tuple[ExperimentState | None, str | None]:
        if standing.desired in (Desired.CANCEL, Desired.KILL):
            return ExperimentState.CANCELED, "Stopped by a person."
        ending = ruling.now
        if ending is None and not standing.may_ask:
            return None, None
        if ending is None and self._waits_for_metric(standing):
            ended = [one for one in self._search.trials.values() if one.outcome is not None and not one.held]
            number = next((one.number for one in ended if one.number in self._heard_of), None)
            if number is None:
                return None, None
            return ExperimentState.FAILED, self._missing(number).replace("It ended", f"Trial {number} ended", 1)
        if ending is None:
            ending = ruling.when_idle or self._exhausted()
        return (ExperimentState.FAILED if ending.is_failure else ExperimentState.SUCCEEDED), ending.sentence

    def _exhausted(self) -> Ending:
        tally = self._search.tally
        failed = bool(tally.count("failed")) and not tally.count("completed") and not tally.count("stopped")
        if failed:
            return Ending("all_failed", f"All {tally.count('failed')} trials failed.", is_failure=True)
        reason = self._search.exhausted or "The searcher has nothing more to propose."
        return Ending("exhausted", reason)

    def _waits_for_metric(self, standing: Standing) -> bool:
        """Whether trials report, but nothing of what is judged: then no more are spent, and that is said."""
        trials = self._search.trials.values()
        if not self._heard_of or any(trial.told for trial in trials):
            return False
        number = next(iter(self._heard_of))
        metrics = self._experiment.spec.objective.metrics
        names = self._heard_of[number]
        absent = [name for name in metrics if name not in names]
        if not absent:
            return False  # each was reported, but not yet as often as the others
        close = near_miss(absent[0], names)
        near = f" Is {close} meant?" if close else ""
        note = (
            f"Trial {number} has reported {', '.join(names)}, and not {' or '.join(absent)}.{near}"
            " No further trial is begun before one reports it."
        )
        if note not in standing.notes and note not in experiments.standing(self._site.store, self.id).notes:
            with self._writing() as writer:
                self._note(writer, note)
        return True

    # --- the record ----------------------------------------------------------------------------------------------

    def _led_through(self) -> Search:
        """The search as the record has it, and what else is remembered of its trials."""
        store = self._site.store
        record = experiments.events(store, self.id)
        found = replayed(self._experiment.spec, self._make, record)
        if found.differs is not None:
            with self._writing() as writer:
                self._note(
                    writer,
                    "After a restart the searcher did not propose the same again; it goes on from the results instead.",
                )
        for event in record:  # what a driver heard and did not live to note
            if event.kind is EventKind.TELL and event.verdict != "ignored":
                self._heard(event)
        for trial in experiments.trials_of(store, self.id):
            self._know(trial.number, trial.job)
            last = self._news.get(trial.number)
            if last is not None and last.body["resource"] == trial.resource:
                del self._news[trial.number]
        self._head = -1
        return found.search

    def _write_revived(self, events: Sequence[Event]) -> None:
        with self._writing() as writer:
            writer.events(events)
            for event in events:
                assert event.trial is not None
                writer.trial(event.trial, outcome=None, detail=None)

    def _know(self, number: int, job: JobId) -> None:
        self._jobs[number] = job
        self._numbers[job] = number

    def _note(self, writer: Writer, sentence: str) -> None:
        notes = writer.standing.notes
        if sentence not in notes:
            writer.change(notes=(*notes, sentence))

    def _writing(self) -> AbstractContextManager[Writer]:
        return experiments.writing(self._site.store, self.id, self._attempt, self._site.now())

    def _wake(self) -> None:
        self._site.wake()


def _resource(report: Report, by: str) -> int:
    if by == "report":
        return report.count
    if by == "step":
        return report.step
    return int(report.resource) if report.resource is not None else 0
