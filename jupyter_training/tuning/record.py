"""What a driver writes: the record of its search, the trials' rows, and the wishes that carry decisions out.

Every method is one transaction. A report or an end is written before the
searcher hears it; a decision together with all that it entails.

Raises (in all of them):
    StaleEpoch: another attempt drives by now; nothing was written.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager

from jupyter_training.core.experiment import Event, EventKind, Experiment, ExperimentState, Outcome, Trial
from jupyter_training.core.ids import JobId
from jupyter_training.core.lifecycle import Hold, Verb
from jupyter_training.core.search_jobs import trial_submission
from jupyter_training.errors import NoCheckpoint
from jupyter_training.services import checkpoints
from jupyter_training.services.site import Site
from jupyter_training.store import experiments, reports, views
from jupyter_training.store.experiments import Standing, Writer
from jupyter_training.tuning import state_export
from jupyter_training.tuning.engine import Search, TrialState

__all__ = ["Record"]

_NO_CHECKPOINT = "Trials write no checkpoint before they are to pause, so those that fall behind are stopped instead."


class Record:
    """Of one experiment, for the attempt that drives it. ``jobs`` are those of the trials, by their numbers."""

    def __init__(self, site: Site, experiment: Experiment, attempt: int) -> None:
        self._site = site
        self._experiment = experiment
        self._attempt = attempt
        self.jobs: dict[int, JobId] = {}
        self.numbers: dict[JobId, int] = {}
        self._best: dict[int, tuple[float, int]] = {}
        self._news: dict[int, Event] = {}  # the last report that each trial's row does not show yet
        self._ignored: list[int] = []  # events that count nowhere, which is not noted yet

    def read(self) -> list[Event]:
        """All that is on record. What a driver heard and did not live to note is noted with the next decision."""
        events = experiments.events(self._site.store, self._experiment.id)
        for event in events:
            if event.kind is EventKind.TELL and event.verdict != "ignored":
                self._remember(event)
        for trial in experiments.trials_of(self._site.store, self._experiment.id):
            self._know(trial.number, trial.job)
            last = self._news.get(trial.number)
            if last is not None and last.body["resource"] == trial.resource:
                del self._news[trial.number]
        return events

    def told(self, search: Search, events: Sequence[Event]) -> None:
        """Record reports, then let the searcher hear them in the same order."""
        if not events:
            return
        with self._writing() as writer:
            writer.events(events)
        for event in events:
            if search.hear(event) is None:
                self._ignored.append(event.n)
            else:
                self._remember(event)

    def verdicts(self, search: Search) -> None:
        """Let the trials' rows show what was heard, and do what the searcher said: stop, pause.

        A trial that can't pause gets the searcher's word on that.
        """
        said = [trial for trial in search.trials.values() if trial.waits is not None and trial.outcome is None]
        if not said and not self._news and not self._ignored:
            return
        with self._writing() as writer:
            for number, event in self._news.items():
                writer.trial(number, **self._columns(number, event))
            verdicts: dict[int, str] = dict.fromkeys(self._ignored, "ignored")
            for trial in said:
                assert trial.waits is not None
                told, verdict = trial.waits, trial.verdict
                if self._is_carried_out(writer, search, trial):
                    verdicts[told] = verdict
                    trial.waits = None
            writer.verdicts(verdicts)
        self._news.clear()
        self._ignored.clear()
        if said:
            self._site.wake()

    def ends(self, search: Search, ended: Sequence[tuple[int, Outcome, str]]) -> None:
        """Record how trials ended, with a sentence for each, then let the searcher hear it."""
        if not ended:
            return
        events = [search.end(number, outcome) for number, outcome, _ in ended]
        with self._writing() as writer:
            writer.events(events)
            for number, outcome, detail in ended:
                writer.trial(number, outcome=outcome, is_held=False, detail=detail or None)
        for event in events:
            search.hear(event)

    def revived(self, events: Sequence[Event]) -> None:
        """Trials that had ended were begun again."""
        if not events:
            return
        with self._writing() as writer:
            writer.events(events)
            for event in events:
                assert event.trial is not None
                writer.trial(event.trial, outcome=None, detail=None)

    def answers(self, events: Sequence[Event]) -> bool:
        """Store what the searcher wants, with the jobs of new trials; False: not all, since the search is not to go on.

        Then the search in memory is ahead of the record, and has to be read anew.
        """
        plain = [event for event in events if event.body.get("clone_of") is None]
        done = self._begin(plain, None) if plain else True
        for event in events:
            if done and event.body.get("clone_of") is not None:
                done = self._begin_as_clone(event)
        self._site.wake()
        return done

    def stop(self, trials: Sequence[TrialState]) -> None:
        """Stop these trials."""
        with self._writing() as writer:
            writer.wish([self.jobs[trial.number] for trial in trials], Verb.CANCEL)
        self._site.wake()

    def conclude(self, seen: Standing, state: ExperimentState, detail: str | None) -> bool:
        """The search has ended; False: a person has wished something since it was ``seen``, and nothing was written."""
        with self._writing() as writer:
            now = writer.standing
            if (now.state, now.desired, now.more) != (seen.state, seen.desired, seen.more):
                return False
            writer.change(state=state.value, detail=detail, ended=self._site.now())
        return True

    def export(self) -> None:
        """Put the best trial's state where it was wished, and say so. Before the end, so that it is seen then."""
        sentence = state_export.publish(self._site, self._experiment)
        if sentence is not None:
            self.note(sentence)

    def leave(self, head: int) -> bool:
        """Ask for the driver to be stopped until something happens; False: something has, since ``head``."""
        with experiments.writing(
            self._site.store, self._experiment.id, self._attempt, self._site.now(), tell=False
        ) as writer:
            if views.head(self._site.store) != head:
                return False
            writer.wish([self._experiment.id], Verb.PAUSE, hold=Hold.EXPERIMENT, discard=True)
        return True

    def note(self, sentence: str) -> None:
        """Add a sentence to the notes, once."""
        with self._writing() as writer:
            _note(writer, sentence)

    def _is_carried_out(self, writer: Writer, search: Search, trial: TrialState) -> bool:
        """Do what the searcher said of a trial; False: it has nothing to go on from yet, which may still come.

        A trial reports, and then saves. So only one that has reported once more and saved nothing can't pause.
        """
        job = self.jobs[trial.number]
        if trial.verdict == "stop":
            writer.wish([job], Verb.CANCEL)
            return True
        (answer,) = writer.wish([job], Verb.PAUSE, hold=Hold.SEARCHER)
        if not isinstance(answer, NoCheckpoint):
            writer.trial(trial.number, is_held=True)
            return True
        metrics = self._experiment.spec.objective.metrics
        if not reports.since(self._site.store, {job: trial.told}, metrics)[job].reports:
            return False
        unpaused = search.cannot_pause(trial.number)
        writer.events([unpaused])
        _note(writer, _NO_CHECKPOINT)
        if unpaused.verdict == "stop":
            writer.wish([job], Verb.CANCEL)
        return True

    def _begin(self, events: Sequence[Event], chosen: checkpoints.Chosen | None, note: str | None = None) -> bool:
        start = chosen.start if chosen is not None else None
        begun = []
        for event in events:
            if event.kind is EventKind.ASK:
                assert event.trial is not None
                config, source = event.body["config"], event.body.get("clone_of")
                trial = Trial(self._experiment.id, event.trial, JobId(""), config, source)
                begun.append((trial, trial_submission(self._experiment, event.trial, config, start)))
        resumed = [event.trial for event in events if event.kind is EventKind.RESUME and event.trial is not None]
        with self._writing() as writer:
            standing = writer.standing
            if not standing.may_ask:
                return False
            writer.events(events)
            settle = chosen.settle(self._site) if chosen is not None else None
            jobs = writer.start(begun, self._site.new_id, settle)
            writer.wish([self.jobs[number] for number in resumed], Verb.ACTIVATE, hold=Hold.SEARCHER)
            for number in resumed:
                writer.trial(number, is_held=False)
            if begun and standing.started is None:
                writer.change(started=self._site.now())
            if note is not None:
                _note(writer, note)
        for (trial, _), job in zip(begun, jobs, strict=True):
            self._know(trial.number, job.id)
        return True

    def _begin_as_clone(self, event: Event) -> bool:
        source = event.body["clone_of"]
        found = views.jobs(self._site.store, [self.jobs[source]])
        if not found:
            return self._begin([event], None, f"Trial {event.trial} begins anew: trial {source} was deleted.")
        try:
            with checkpoints.chosen(self._site, found[0], None) as chosen:
                return self._begin([event], chosen)
        except NoCheckpoint as error:
            return self._begin([event], None, f"Trial {event.trial} begins anew: {error.detail}")

    def _remember(self, event: Event) -> None:
        assert event.trial is not None
        self._news[event.trial] = event
        value = event.body["values"][0]
        best = self._best.get(event.trial)
        if value is not None and self._experiment.spec.objective.is_better(value, best[0] if best else None):
            self._best[event.trial] = (value, event.body["resource"])

    def _columns(self, number: int, event: Event) -> Mapping[str, object]:
        values = dict(zip(self._experiment.spec.objective.metrics, event.body["values"], strict=True))
        columns: dict[str, object] = {"resource": event.body["resource"], "told": values}
        if number in self._best:
            columns["best"], columns["best_at"] = self._best[number]
        return columns

    def _know(self, number: int, job: JobId) -> None:
        self.jobs[number] = job
        self.numbers[job] = number

    def _writing(self) -> AbstractContextManager[Writer]:
        return experiments.writing(self._site.store, self._experiment.id, self._attempt, self._site.now())


def _note(writer: Writer, sentence: str) -> None:
    notes = writer.standing.notes
    if sentence not in notes:
        writer.change(notes=(*notes, sentence))
