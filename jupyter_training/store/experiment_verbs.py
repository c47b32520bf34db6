"""What people wish of searches. Each call is one transaction, with all that it means for the jobs of the search.

    pause      its trials pause (a hold of the experiment), and so does its driver
    activate   the hold goes from both
    cancel     its trials are asked to stop; its driver notes how they end, and ends the search
    kill       all of its jobs are killed, and it has ended
    extend     so many more trials; one that had ended goes on
    retry      trials that failed are tried again; it goes on

A driver that had left (paused by the experiment) or has ended is queued again in
the same transaction: whoever wishes something wakes it. Where there is none that
could note the end, as it never began or has failed, a cancel ends the search here.

A search whose driver has failed has failed, and its trials go on. Pausing,
activating and stopping it is then meant of these; they go on with it once it is
retried or extended.
"""

from __future__ import annotations

from collections.abc import Callable, Collection

from sqlalchemy import Connection, update

from jupyter_training.core.experiment import Experiment, ExperimentState
from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Instant, Job
from jupyter_training.core.lifecycle import TERMINAL, Desired, JobState, Verb
from jupyter_training.errors import InvalidUsage, NoCheckpoint
from jupyter_training.store import experiments
from jupyter_training.store.chunks import chunks
from jupyter_training.store.engine import Store
from jupyter_training.store.experiment_act import STOPPED, Act, Done, Settle, stronger, trials_in_words
from jupyter_training.store.search_tables import trials

__all__ = ["Done", "activate", "archive", "cancel", "delete", "extend", "kill", "pause", "reorder", "retry"]

_MOST = 10_000_000  # trials that a search may be extended by, all times together
_AT_ONCE = 500  # jobs that one transaction of a removal takes

HasBegun = Callable[[JobId, int], bool]


def pause(
    store: Store, experiment: JobId, *, now: Instant, discard: bool = False, has_begun: HasBegun = lambda *_: False
) -> Done:
    """Its trials pause after their next checkpoint, and none is begun. Repeating it changes nothing.

    A trial that runs and has no checkpoint runs on, unless ``discard`` gives up what it has done.

    Raises:
        UnknownExperiment
        IllegalVerb: it has ended, and so have all its trials; or it is being stopped.
    """
    with store.write() as connection:
        act = Act.of(connection, store, experiment, now)
        going = [job for job in act.unfinished() if job.desired not in STOPPED or not act.experiment.state.is_final]
        goes_alone = act.experiment.state.is_final and bool(going)
        if not goes_alone:
            act.must_go_on("paused")
        told = act.wish(going, Verb.PAUSE, discard=discard, has_begun=has_begun)
        act.run_on([job for job, one in zip(going, told, strict=True) if isinstance(one, NoCheckpoint)])
        if goes_alone:
            return act.done()
        act.wish([act.driver], Verb.PAUSE, discard=True)
        if act.experiment.paused_since is None and act.experiment.started is not None:
            act.set(paused_since=now)
        return act.done(desired=Desired.PAUSE.value, state=ExperimentState.PAUSED.value)


def activate(store: Store, experiment: JobId, *, now: Instant) -> Done:
    """What its pause has paused goes on. What a person has paused of it, or its searcher, stays so.

    Raises:
        UnknownExperiment
        IllegalVerb: it is not paused, or being stopped.
    """
    with store.write() as connection:
        act = Act.of(connection, store, experiment, now)
        if act.experiment.state.is_final and act.held():
            act.release()
            return act.done()
        act.must_go_on("activated")
        if act.experiment.state is not ExperimentState.PAUSED and act.experiment.desired is not Desired.PAUSE:
            raise act.refused("activated", f"it is {act.experiment.state.value}, and only a paused one can be")
        act.release()
        act.wake()
        act.no_longer_paused()
        return act.done(desired=Desired.RUN.value, state=ExperimentState.RUNNING.value, detail=None)


def cancel(store: Store, experiment: JobId, *, now: Instant) -> Done:
    """Its trials are asked to stop, and it ends once they have. Repeating it changes nothing.

    Raises:
        UnknownExperiment
        IllegalVerb: it has ended, and so have all its trials.
    """
    with store.write() as connection:
        act = Act.of(connection, store, experiment, now)
        going = act.unfinished()
        if act.experiment.state.is_final and going:  # its driver failed, and they went on without it
            act.wish(going, Verb.CANCEL)
            return act.done()
        act.must_not_have_ended("canceled")
        act.wish(going, Verb.CANCEL)
        if act.driver.attempt == 0 or act.driver.state in TERMINAL:
            return act.ended(Desired.CANCEL)
        act.wake()
        return act.done(desired=stronger(act.experiment.desired, Desired.CANCEL).value)


def kill(store: Store, experiment: JobId, *, now: Instant) -> Done:
    """All of its jobs are killed at once.

    Raises:
        UnknownExperiment
        IllegalVerb: it has ended, and so have all its trials.
    """
    with store.write() as connection:
        act = Act.of(connection, store, experiment, now)
        going = act.unfinished()
        if act.experiment.state.is_final and going:
            act.wish(going, Verb.KILL)
            return act.done()
        act.must_not_have_ended("killed")
        act.wish(going, Verb.KILL)
        return act.ended(Desired.KILL)


def extend(store: Store, experiment: JobId, more: int | None, *, now: Instant, settle: Settle | None = None) -> Done:
    """It begins so many more trials, also where it had ended. ``settle``: as in ``verbs.wish``, for its driver.

    Raises:
        UnknownExperiment
        InvalidUsage: nobody said by how many, or it would be too many.
        IllegalVerb: it is being stopped, or archived; or its driver has still to end.
    """
    if more is None:
        raise InvalidUsage("By how many trials is the search to be extended?", hint="Say trials, e.g. 20.")
    with store.write() as connection:
        act = Act.of(connection, store, experiment, now)
        act.must_be_open("extended")
        if act.experiment.more + more > _MOST:
            raise InvalidUsage(
                f"A search can be extended by {_MOST:,} trials, all times together; this one was by "
                f"{act.experiment.more:,}.",
                hint=f"Say at most {_MOST - act.experiment.more:,}, or begin another search.",
            )
        if act.experiment.state is ExperimentState.PAUSED:
            act.notes.append("It is paused; activate it to begin them.")
        else:
            act.go_on(settle)
        reason = experiments.exhausted(connection, experiment)
        if reason is not None:
            act.notes.append(f"{reason} So no trial is begun: {act.experiment.spec.searcher} proposes no other.")
        return act.done(more=act.experiment.more + more)


def retry(
    store: Store,
    experiment: JobId,
    *,
    now: Instant,
    numbers: Collection[int] | None = None,
    settle: Settle | None = None,
) -> Done:
    """Its trials that failed are tried again, or those of ``numbers`` that failed or were canceled.

    A driver that has failed is tried again, too. ``settle`` is called for each job that is.

    Raises:
        UnknownExperiment
        IllegalVerb: there is none, or the search is being stopped, paused or archived; or its driver has still to end.
    """
    with store.write() as connection:
        act = Act.of(connection, store, experiment, now)
        act.must_be_open("retried")
        if act.experiment.state is ExperimentState.PAUSED:
            raise act.refused("retried", "it is paused", hint="Activate it first.")
        states = (JobState.FAILED,) if numbers is None else (JobState.FAILED, JobState.CANCELED)
        failed = [job for job in act.trial_jobs(states) if numbers is None or job.trial in numbers]
        if not failed and act.driver.state is not JobState.FAILED:
            raise act.refused("retried", "none of its trials has failed", hint="To begin more of them: extend.")
        told = act.wish(failed, Verb.RETRY, settle=settle)
        again = [job.trial for job, one in zip(failed, told, strict=True) if isinstance(one, Job)]
        for part in chunks(again):
            mine = (trials.c.experiment == experiment) & trials.c.number.in_(part)
            connection.execute(update(trials).where(mine).values(outcome=None, detail=None))
        if again:
            act.notes.append(f"{trials_in_words(again)} {'is' if len(again) == 1 else 'are'} tried again.")
        act.go_on(settle)
        return act.done()


def archive(store: Store, experiment: JobId, *, now: Instant, archived: bool) -> Done:
    """Put one that has ended away, or bring it back.

    Raises:
        UnknownExperiment
        IllegalVerb: it has not ended, or a trial of it goes on without it; or it is so already.
    """
    with store.write() as connection:
        act = Act.of(connection, store, experiment, now)
        word = "archived" if archived else "taken out of the archive"
        act.must_have_ended(word)
        if act.experiment.archived is archived:
            raise act.refused(word, "it is archived" if archived else "it is not in it")
        if archived:
            act.must_have_left(word, [job for job in act.unfinished() if job.desired not in STOPPED])
        act.wish([act.driver], Verb.ARCHIVE if archived else Verb.UNARCHIVE)
        return act.done(archived=archived)


def delete(store: Store, experiment: JobId, *, now: Instant) -> Done:
    """Remove one that has ended, with its trials and all that is theirs.

    A large one goes in several transactions, from the archive, where nothing begins it again: between two of them
    others may write. Where that is cut short, what is left of it can be deleted like any other.

    Raises:
        UnknownExperiment
        IllegalVerb: it has not ended, or a trial of it is still being stopped.
    """
    gone: list[Job] = []
    while True:
        with store.write() as connection:
            act = Act.of(connection, store, experiment, now)
            act.must_have_ended("deleted")
            act.must_have_left("deleted", act.unfinished_of_all())
            part = act.trial_jobs(tuple(JobState), limit=_AT_ONCE)
            is_last = len(part) < _AT_ONCE
            gone += [*part, act.driver] if is_last else part
            act.wish([*part, act.driver] if is_last else part, Verb.DELETE)
            if is_last:
                return Done(act.experiment, (), tuple(gone))
            if not act.experiment.archived:
                act.done(archived=True)


def reorder(
    connection: Connection, store: Store, experiment: JobId, *, now: Instant, **columns: str | float
) -> Experiment:
    """Let the trials that are still to come have another pool, priority or weight, as part of a write transaction.

    Raises:
        UnknownExperiment
    """
    return Act.of(connection, store, experiment, now).done(**columns).experiment
