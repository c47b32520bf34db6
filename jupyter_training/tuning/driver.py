"""The driver of one search: what trials have reported goes to the searcher, and what that says becomes wishes.

    store: reports, ends, wishes --look--> Search (engine) --decisions--> Record --> store

A driver that dies is succeeded by one that is led through the record and finds
the search where it was.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence

from jupyter_training.core.experiment import Event, EventKind, Experiment, ExperimentState, StopRule
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import TERMINAL, Desired, JobState
from jupyter_training.core.stop_rule import Ending, Ruling, rule
from jupyter_training.errors import TrainingError
from jupyter_training.services.site import Site
from jupyter_training.store import driving, experiments, reports, views
from jupyter_training.store.driving import Standing
from jupyter_training.store.reports import Report
from jupyter_training.tuning import ending
from jupyter_training.tuning.engine import Make, Search
from jupyter_training.tuning.record import Ended, Record
from jupyter_training.tuning.reopened import in_force, softened
from jupyter_training.tuning.replay import replayed

__all__ = ["Driver"]

log = logging.getLogger("jupyter_training.tuning")

_CHANGES = 1000  # of the log in one look at most
_FARTHEST = 2**53  # that a trial can come; a series may say anything, and the store takes no more than 2**63
_DIFFERS = "After a restart the searcher did not propose the same again; it goes on from the results instead."
_TOO_LONG = "After a restart the searcher goes on from the results: to ask it all of that again would take too long."
_STOPPING = (Desired.CANCEL, Desired.KILL)


class Driver:
    """One attempt at driving. ``attempt`` is its number; a later one takes over from it.

    Raises (in all that it does):
        StaleEpoch: another attempt drives by now.
    """

    def __init__(self, site: Site, experiment: JobId, attempt: int, making: Callable[[Experiment], Make]) -> None:
        self._store = site.store
        self._now = site.now
        self._experiment = driving.claim(site.store, experiment, attempt)
        self._spec = self._experiment.spec
        self._make = making(self._experiment)
        self._record = Record(site, self._experiment, attempt)
        self._heard_of: dict[int, tuple[str, ...]] = {}  # what trials report that lack what is judged
        self._head = -1
        self._is_behind = False
        self._search = self._led_through()

    @property
    def id(self) -> JobId:
        return self._experiment.id

    def look(self) -> bool:
        """Take in what is new, and decide what follows from it. True: something was decided.

        Looking when nothing is new costs a query.

        Raises:
            TrainingError: the store can't serve now; the next look begins with what it has.
        """
        try:
            return self._look()
        except TrainingError:
            self._is_behind = True  # what is in memory may be ahead of the record
            raise

    def is_over(self) -> bool:
        """Whether the search has ended; there is nothing more to drive."""
        return driving.standing(self._store, self.id).state.is_final

    def leave(self) -> bool:
        """Ask to be stopped until something happens; False: something has, in this very moment.

        While trials run up costs that are limited, somebody has to look.
        """
        if self._spec.stop.max_cost is not None and self._search.going:
            return False
        return self._record.leave(self._head)

    def _look(self) -> bool:
        if self._is_behind:
            self._search = self._led_through()
        head = views.head(self._store)
        if head == self._head and not self._time_is_up() and not self._money_is_spent():
            return False
        touched = self._touched(head)
        self._head = head
        standing = driving.standing(self._store, self.id)
        if standing.state.is_final:
            return False
        before = self._search.events
        self._take_in(touched, standing)
        ruling = self._ruling(standing)
        if self._closes(standing, ruling):
            self._stop_what_runs()
        elif standing.may_ask and not self._waits_for_metric(standing):
            self._fill_places(ruling)
        if not self._is_behind:
            self._conclude(standing, ruling)
        return self._search.events > before

    # --- what is new ---------------------------------------------------------------------------------------------

    def _touched(self, head: int) -> list[int]:
        """The trials that something has happened to since the last look; at the first one all."""
        if self._head < 0:
            return self._perhaps_touched()
        found: set[int] = set()
        cursor = self._head
        while cursor < head:
            batch = views.changes(self._store, cursor, _CHANGES)
            if batch.resync:
                return self._perhaps_touched()
            found.update(self._record.numbers[one.job] for one in batch.changes if one.job in self._record.numbers)
            if not batch.changes:
                break
            cursor = batch.changes[-1].n
        return sorted(found)

    def _perhaps_touched(self) -> list[int]:
        """The trials that go on, and those that were begun again since they ended."""
        runs = experiments.runs(self._store, self.id)
        found = set(self._search.going)
        for number, trial in self._search.trials.items():
            state, run = runs.get(self._record.jobs[number], (JobState.SUCCEEDED, trial.run))
            if run != trial.run or state not in TERMINAL:
                found.add(number)
        return sorted(found)

    def _take_in(self, touched: Sequence[int], standing: Standing) -> None:
        """Let the searcher hear what these trials have reported and how they ended."""
        # The jobs before their reports: of one that has ended by now all reports are there.
        found = views.jobs(self._store, [self._record.jobs[number] for number in touched])
        jobs = {self._record.numbers[job.id]: job for job in found}
        self._record.revived([self._search.again(one) for one in sorted(jobs) if self._began_again(one, jobs[one])])
        self._record.told(self._search, self._new_reports(touched))
        self._record.verdicts(self._search)
        closes = self._closes(standing, self._ruling(standing))
        self._record.ends(self._search, self._new_ends(touched, jobs, closes=closes))

    def _began_again(self, number: int, job: Job) -> bool:
        """Whether a trial that had ended was begun anew since; it may have ended once more."""
        trial = self._search.trials[number]
        return trial.outcome is not None and (job.generation != trial.run or job.state not in TERMINAL)

    def _new_reports(self, touched: Sequence[int]) -> list[Event]:
        """What these trials have reported and the searcher has not heard, in the order of time."""
        trials = [self._search.trials[number] for number in touched]
        told = {self._record.jobs[trial.number]: trial.told for trial in trials if trial.listens}
        if not told:
            return []
        named = self._spec.resource if self._spec.resource not in ("report", "step") else None
        found: list[tuple[float, int, int, int, Report]] = []
        for job, reported in reports.since(self._store, told, self._spec.objective.metrics, named).items():
            number = self._record.numbers[job]
            trial = self._search.trials[number]
            if reported.names and not reported.reports and not trial.told:
                self._heard_of[number] = reported.names
            resource = trial.resource
            for report in reported.reports:
                resource = min(max(resource + 1, _resource(report, self._spec.resource)), _FARTHEST)
                found.append((report.time, number, report.count, resource, report))
        found.sort(key=lambda one: one[:3])
        return [
            self._search.report(number, count, resource, report.values, time)
            for time, number, count, resource, report in found
        ]

    def _new_ends(self, touched: Sequence[int], jobs: Mapping[int, Job], *, closes: bool) -> list[Ended]:
        found: list[Ended] = []
        for number in touched:
            trial, job = self._search.trials[number], jobs.get(number)
            if trial.outcome is None and (job is None or job.state in TERMINAL):
                missed = ending.missing(self._spec.objective.metrics, self._heard_of.get(number, ()))
                is_closed = closes or number in self._record.closed
                outcome, detail = ending.outcome_of(
                    trial, job, closes=is_closed, missed=missed, whole=self._spec.max_resource
                )
                found.append(Ended(number, outcome, detail, job.generation if job is not None else trial.run))
        return found

    # --- what follows --------------------------------------------------------------------------------------------

    def _fill_places(self, ruling: Ruling) -> None:
        places = self._spec.workers - len(self._search.open)
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
        if events and not self._record.answers(events):
            self._is_behind = True  # a person wished something in this very moment: look again
            self._head = -1

    def _ruling(self, standing: Standing) -> Ruling:
        found = rule(
            self._stop(standing),
            self._search.tally,
            workers=self._spec.workers,
            seconds=standing.seconds(self._now()),
            slot_seconds=self._slot_seconds(),
            price=self._spec.price,
            forgiven=self._search.forgiven,
        )
        nonsense = ending.senseless(self._search) if found.now is None else None
        if nonsense is not None:
            return Ruling(may_start=0, now=nonsense)
        return softened(found, self._search.concluded, standing.more)

    def _stop(self, standing: Standing) -> StopRule:
        search, workers = self._search, self._spec.workers
        return in_force(self._spec.stop, search.concluded, standing.more, workers=workers, forgiven=search.forgiven)

    def _time_is_up(self) -> bool:
        if self._spec.stop.max_time is None:
            return False
        standing = driving.standing(self._store, self.id)
        limit = self._stop(standing).max_time
        return limit is not None and not standing.state.is_final and standing.seconds(self._now()) >= limit

    def _money_is_spent(self) -> bool:
        if self._spec.stop.max_cost is None or self._spec.price is None:
            return False
        standing = driving.standing(self._store, self.id)
        limit = self._stop(standing).max_cost
        cost = self._slot_seconds() / 3600 * self._spec.price
        return limit is not None and not standing.state.is_final and cost >= limit and bool(self._search.going)

    def _slot_seconds(self) -> float:
        return experiments.slot_seconds(self._store, self.id, self._now()) if self._spec.price is not None else 0.0

    def _closes(self, standing: Standing, ruling: Ruling) -> bool:
        """Whether what runs is to be stopped."""
        return ruling.now is not None or standing.desired in _STOPPING

    def _stop_what_runs(self) -> None:
        going = list(self._search.going.values())
        jobs = views.jobs(self._store, [self._record.jobs[trial.number] for trial in going])
        wanted = {job.id for job in jobs if job.state not in TERMINAL and job.desired not in _STOPPING}
        asked = [trial for trial in going if self._record.jobs[trial.number] in wanted]
        if asked:
            self._record.stop(asked)

    def _waits_for_metric(self, standing: Standing) -> bool:
        """Whether trials report, but nothing of what is judged: then no more are spent, and that is said."""
        metrics = self._spec.objective.metrics
        number, names = next(iter(self._heard_of.items()), (0, ()))
        # What is not absent was reported, if not yet as often as the others.
        if not names or not ending.absent(metrics, names) or any(one.told for one in self._search.trials.values()):
            self._record.take_back([note for note in standing.notes if note.endswith(ending.NO_FURTHER)])
            return False
        note = ending.unreported(number, metrics, names)
        if note not in standing.notes:
            self._record.note(note)
        return True

    def _conclude(self, standing: Standing, ruling: Ruling) -> None:
        """Write that the search has ended, once it has. What is held then ends first."""
        if self._search.open:
            return
        found = self._end_of_search(standing, ruling)
        if found is None:
            return
        if self._search.held:
            self._stop_what_runs()
            return
        state = ending.state_after(found)
        if state is ExperimentState.SUCCEEDED:
            self._record.export()
        event = self._search.conclude(found.rule, standing.more)
        if not self._record.conclude(standing, event, state, found.sentence):
            self._is_behind = True
            self._head = -1

    def _end_of_search(self, standing: Standing, ruling: Ruling) -> Ending | None:
        """Nothing runs: why it has ended; None: it goes on, or is paused."""
        if standing.desired in _STOPPING:
            return Ending("canceled", "Stopped by you.")
        found = ruling.now
        if found is None and not standing.may_ask:
            return None
        if found is None and self._waits_for_metric(standing):
            trial = next((one for one in self._heard_of if self._search.trials[one].outcome is not None), None)
            if trial is None:
                return None
            sentence = ending.missing(self._spec.objective.metrics, self._heard_of[trial])
            return Ending("no_metric", sentence.replace("It ended", f"Trial {trial} ended", 1), is_failure=True)
        return found or ruling.when_idle or ending.exhausted(self._search)

    def _led_through(self) -> Search:
        """The search as the record has it."""
        began = time.monotonic()
        events = self._record.read()
        found = replayed(self._spec, self._make, events)
        self._record.heard(found.unnoted)
        if events:
            took = time.monotonic() - began
            log.info("Led through %d events of %d trials in %.1f s.", len(events), len(found.search.trials), took)
        if found.differs is not None:
            self._record.note(_DIFFERS)
        elif found.too_long:
            self._record.note(_TOO_LONG)
        self._head, self._is_behind = -1, False
        return found.search


def _resource(report: Report, by: str) -> int:
    if by == "report":
        return report.count
    if by == "step":
        return report.step
    return int(report.resource) if report.resource is not None else 0
