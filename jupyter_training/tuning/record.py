"""What a driver writes: the record of its search, the trials' rows, and the wishes that carry decisions out.

Every method is one transaction. A report or an end is written before the
searcher hears it; a decision together with all that it entails.

Raises (in all of them):
    StaleEpoch: another attempt drives by now; nothing was written.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass

from sqlalchemy import Connection

from jupyter_training.core.experiment import Event, EventKind, Experiment, ExperimentState, Outcome, Trial
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job, StartFrom
from jupyter_training.core.lifecycle import Hold, Verb
from jupyter_training.core.search_jobs import trial_submission
from jupyter_training.core.space import SearchSpace
from jupyter_training.errors import NoCheckpoint
from jupyter_training.services import checkpoints, passed
from jupyter_training.services.site import Site
from jupyter_training.store import driving, experiments, reports, views
from jupyter_training.store.driving import Standing, Writer
from jupyter_training.tuning import state_export
from jupyter_training.tuning.ending import CLOSED
from jupyter_training.tuning.engine import Search, TrialState

__all__ = ["Ended", "Record"]

log = logging.getLogger("jupyter_training.tuning")

_ANEW = " begins anew: "
_AS_OTHERS = "So does each that is to go on from a trial without a checkpoint: checkpoint.save(...) writes one."
_NO_CHECKPOINT = "Trials write no checkpoint before they are to pause, so those that fall behind are stopped instead."


@dataclass(frozen=True)
class Ended:
    """How a trial ended: with a sentence for people, and as which generation of its job."""

    trial: int
    outcome: Outcome
    detail: str
    run: int


@dataclass(frozen=True)
class _Clone:
    """The checkpoint that a trial begins with; ``settle`` gives it to the trial's job as that is stored."""

    start: StartFrom | None = None
    settle: Callable[[Connection, Job], None] | None = None
    note: str | None = None


class Record:
    """Of one experiment, for the attempt that drives it. ``jobs`` are those of the trials, by their numbers."""

    def __init__(self, site: Site, experiment: Experiment, attempt: int) -> None:
        self._site = site
        self._experiment = experiment
        self._attempt = attempt
        self._kept = state_export.Kept(site, experiment)
        self._varies = SearchSpace.from_json(experiment.spec.space).axes.keys()
        self.jobs: dict[int, JobId] = {}
        self.numbers: dict[JobId, int] = {}
        self.closed: set[int] = set()  # trials that were asked to stop since the search was over
        self._best: dict[int, tuple[float, int]] = {}
        self._news: dict[int, Event] = {}  # the last report that each trial's row does not show yet
        self._heard: dict[int, str] = {}  # what was made of reports that nothing is to be done about, not noted yet

    def read(self) -> list[Event]:
        """All that is on record. What a driver heard and did not live to note is noted with the next decision."""
        self._best, self._news, self._heard = {}, {}, {}
        events = experiments.events(self._site.store, self._experiment.id)
        for event in events:
            if event.kind is EventKind.TELL and event.verdict != "ignored":
                self._remember(event)
        for trial in experiments.trials_of(self._site.store, self._experiment.id):
            self._know(trial.number, trial.job)
            if trial.outcome is None and trial.detail == CLOSED:
                self.closed.add(trial.number)
            last = self._news.get(trial.number)
            if last is not None and last.body["resource"] == trial.resource:
                del self._news[trial.number]
        return events

    def heard(self, unnoted: Mapping[int, str]) -> None:
        """These reports were heard, now or by a driver before, and nothing is to be done about them."""
        self._heard.update((n, verdict) for n, verdict in unnoted.items() if verdict in ("continue", "ignored"))

    def told(self, search: Search, events: Sequence[Event]) -> None:
        """Record reports, then let the searcher hear them in the same order."""
        if not events:
            return
        with self._writing() as writer:
            writer.events(events)
        for event in events:
            verdict = search.hear(event)
            if verdict is not None:
                self._remember(event)
            self.heard({event.n: verdict or "ignored"})

    def verdicts(self, search: Search) -> None:
        """Note what was heard, let the trials' rows show it, and do what the searcher said: stop, pause.

        A trial that can't pause gets the searcher's word on that. A report without a verdict on record is one that
        nobody has acted on.
        """
        said = [trial for trial in search.going.values() if trial.waits is not None]
        if not said and not self._news and not self._heard:
            return
        with self._writing() as writer:
            for number, event in self._news.items():
                writer.trial(number, **self._columns(number, event))
            verdicts = dict(self._heard)
            done = [trial for trial in said if self._is_carried_out(writer, search, trial, verdicts)]
            writer.verdicts(verdicts)
        self._news.clear()
        self._heard.clear()
        for trial in done:
            trial.waits = None
            log.info("Trial %d at %d: the searcher says %s.", trial.number, trial.resource, trial.verdict)
        if done:
            self._site.wake()

    def ends(self, search: Search, ended: Sequence[Ended]) -> None:
        """Record how trials ended, then let the searcher hear it."""
        if not ended:
            return
        events = [search.end(one.trial, one.outcome, one.run) for one in ended]
        with self._writing() as writer:
            writer.events(events)
            for one in ended:
                writer.trial(one.trial, outcome=one.outcome, is_held=False, detail=one.detail or None)
        for event, one in zip(events, ended, strict=True):
            search.hear(event)
            log.info("Trial %d %s. %s", one.trial, one.outcome, one.detail)
            best = self._best.get(one.trial)
            self._kept.ended(self.jobs[one.trial], one.outcome, None if best is None else best[0])

    def revived(self, events: Sequence[Event]) -> None:
        """Trials that had ended were begun again."""
        if not events:
            return
        with self._writing() as writer:
            writer.events(events)
            for event in events:
                assert event.trial is not None
                writer.trial(event.trial, outcome=None, detail=None)
                self.closed.discard(event.trial)
                log.info("Trial %d was begun again.", event.trial)

    def answers(self, events: Sequence[Event]) -> bool:
        """Store what the searcher wants, with the jobs of new trials; False: nothing, since the search is not to go on.

        Then the search in memory is ahead of the record, and has to be read anew.
        """
        with ExitStack() as stack:
            clones = {event.n: self._clone(stack, event) for event in events if event.body.get("clone_of") is not None}
            done = self._begin(events, clones)
        self._site.wake()
        return done

    def stop(self, trials: Sequence[TrialState]) -> None:
        """Stop these trials, as the search is over. They show it at once, so that a later driver knows it too."""
        with self._writing() as writer:
            writer.wish([self.jobs[trial.number] for trial in trials], Verb.CANCEL)
            for trial in trials:
                writer.trial(trial.number, detail=CLOSED)
        self.closed.update(trial.number for trial in trials)
        self._site.wake()

    def export(self) -> None:
        """Put the best trial's state where it was wished, and say so: before the end, so that it is seen with it."""
        sentence = state_export.publish(self._site, self._experiment)
        if sentence is not None:
            self.note(sentence)

    def conclude(self, seen: Standing, event: Event, state: ExperimentState, detail: str) -> bool:
        """The search has ended; False: a person has wished something since it was ``seen``, and nothing was written."""
        with self._writing() as writer:
            now = writer.standing
            if (now.state, now.desired, now.more) != (seen.state, seen.desired, seen.more) or writer.has_trials():
                return False  # a failed trial that is tried again changes nothing of the search itself
            writer.events([event])
            writer.change(state=state.value, detail=detail, ended=self._site.now())
        log.info("The search has ended, %s: %s", state.value, detail)
        return True

    def leave(self, head: int) -> bool:
        """Ask for the driver to be stopped until something happens; False: something has, since ``head``."""
        with driving.writing(
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

    def take_back(self, sentences: Sequence[str]) -> None:
        """Remove notes that are no longer true."""
        if sentences:
            with self._writing() as writer:
                writer.change(notes=[note for note in writer.standing.notes if note not in sentences])

    def _is_carried_out(self, writer: Writer, search: Search, trial: TrialState, verdicts: dict[int, str]) -> bool:
        """Do what the searcher said of a trial; False: it has nothing to go on from yet, which may still come.

        A trial reports, and then saves. So only one that has reported once more and saved nothing can't pause.
        """
        job, told = self.jobs[trial.number], trial.waits
        assert told is not None
        if trial.verdict == "stop":
            writer.wish([job], Verb.CANCEL)
            verdicts[told] = "stop"
            return True
        (answer,) = writer.wish([job], Verb.PAUSE, hold=Hold.SEARCHER)
        if not isinstance(answer, NoCheckpoint):
            writer.trial(trial.number, is_held=True)
            verdicts[told] = "pause"
            return True
        metrics = self._experiment.spec.objective.metrics
        if not reports.since(self._site.store, {job: trial.told}, metrics)[job].reports:
            return False
        verdicts[told] = "pause"
        unpaused = search.cannot_pause(trial.number)
        writer.events([unpaused])
        _note(writer, _NO_CHECKPOINT)
        if unpaused.verdict == "stop":
            writer.wish([job], Verb.CANCEL)
        return True

    def _begin(self, events: Sequence[Event], clones: Mapping[int, _Clone]) -> bool:
        """All of it in one transaction: there is no event without its job, and no job without its event."""
        begun, settles = [], {}
        for event in events:
            if event.kind is EventKind.ASK:
                assert event.trial is not None
                config, clone = event.body["config"], clones.get(event.n, _Clone())
                trial = Trial(self._experiment.id, event.trial, JobId(""), config, event.body.get("clone_of"))
                submission = trial_submission(self._experiment, event.trial, config, clone.start)
                begun.append((trial, submission))
                settles[submission.key] = clone.settle
        resumed = [event.trial for event in events if event.kind is EventKind.RESUME and event.trial is not None]

        hand_on = passed.handing_on(
            self._site, self._experiment.id, self._experiment.spec.template.environment.pass_env
        )

        def settle(connection: Connection, job: Job) -> None:
            hand_on(job)
            give = settles.get(job.key)
            if give is not None:
                give(connection, job)

        with self._writing() as writer:
            standing = writer.standing
            if not standing.may_ask:
                return False
            writer.events(events)
            jobs = writer.start(begun, self._site.new_id, settle)
            writer.wish([self.jobs[number] for number in resumed], Verb.ACTIVATE, hold=Hold.SEARCHER)
            for number in resumed:
                writer.trial(number, is_held=False)
            if begun:
                writer.got_on()
                if standing.started is None:
                    writer.change(started=self._site.now())
            for clone in clones.values():
                if clone.note is not None and not any(_ANEW in note for note in writer.standing.notes):  # once
                    _note(writer, f"{clone.note} {_AS_OTHERS}")
        for (trial, _), job in zip(begun, jobs, strict=True):
            self._know(trial.number, job.id)
            log.info("Trial %d begins as job %s: %s", trial.number, job.id, self._words(trial.config))
        for number in resumed:
            log.info("Trial %d goes on.", number)
        return True

    def _clone(self, stack: ExitStack, event: Event) -> _Clone:
        """The newest whole checkpoint of the trial that this one is a clone of, kept at hand until the stack ends."""
        source = event.body["clone_of"]
        found = views.jobs(self._site.store, [self.jobs[source]])
        if not found:
            return _Clone(note=f"Trial {event.trial}{_ANEW}trial {source} was deleted.")
        try:
            chosen = stack.enter_context(checkpoints.chosen(self._site, found[0], None))
        except NoCheckpoint as error:
            return _Clone(note=f"Trial {event.trial}{_ANEW}{error.detail}")
        return _Clone(chosen.start, chosen.settle(self._site))

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

    def _words(self, config: Mapping[str, object]) -> str:
        """What is a trial's own of its configuration."""
        return ", ".join(f"{name} = {value}" for name, value in config.items() if name in self._varies)

    def _know(self, number: int, job: JobId) -> None:
        self.jobs[number] = job
        self.numbers[job] = number

    def _writing(self) -> AbstractContextManager[Writer]:
        return driving.writing(self._site.store, self._experiment.id, self._attempt, self._site.now())


def _note(writer: Writer, sentence: str) -> None:
    notes = writer.standing.notes
    if sentence not in notes:
        log.warning("%s", sentence)
        writer.change(notes=(*notes, sentence))
