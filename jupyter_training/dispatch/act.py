"""Make decisions so: intent into the store, the effect, the fact into the store.

Every step may have been done by a predecessor that died after it; doing it
again changes nothing.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Iterable, Sequence

from jupyter_training.core.job import Attempt, Instant, Job
from jupyter_training.core.lifecycle import AttemptState, Desired, EndReason, StopHow
from jupyter_training.core.policy import Decision, Finish, Start, Stop
from jupyter_training.dispatch.ending import Reached, told
from jupyter_training.dispatch.holdings import Holdings
from jupyter_training.dispatch.spending import spent_before
from jupyter_training.errors import TrainingError
from jupyter_training.seams.backend import AttemptRef, Backend, End, LaunchOrder
from jupyter_training.store import checkpoints, facts
from jupyter_training.store.engine import Store

__all__ = ["Actor", "ref_of"]

log = logging.getLogger(__name__)


def ref_of(attempt: Attempt) -> AttemptRef:
    return AttemptRef(attempt.job, attempt.number, attempt.token, attempt.handle)


class Actor:
    """Carries decisions out under one lease.

    ``trusted`` says whether the lease still holds, before each effect; ``launched`` is told of each attempt that
    began and was launched here; ``concluded`` of each job of which an attempt ended here, or that ended without one,
    as it is then.
    """

    def __init__(
        self,
        store: Store,
        backends: Callable[[str], Backend],
        holdings: Holdings,
        trusted: Callable[[], None],
        *,
        launched: Callable[[Attempt], None],
        concluded: Callable[[Job], None],
    ) -> None:
        self._store = store
        self._backends = backends
        self._holdings = holdings
        self._trusted = trusted
        self._launched = launched
        self._concluded = concluded

    def act(self, decisions: Sequence[Decision], epoch: int, now: Instant) -> None:
        """Carry out a plan's decisions: what ends first, so that what it frees is told before what starts.

        Raises:
            StaleEpoch: another dispatcher has taken over; nothing more was done.
        """
        for decision in decisions:
            if isinstance(decision, Finish):
                reason = EndReason.KILLED if decision.how == "kill" else EndReason.CANCELED
                self._concluded(facts.finished(self._store, epoch, decision.job, reason, now))
            elif isinstance(decision, Stop):
                self._stop(decision, epoch, now)
        starts = [decision for decision in decisions if isinstance(decision, Start)]
        if starts:
            self._start(starts, epoch, now)

    def resume(self, active: Iterable[tuple[Job, Attempt]], epoch: int, now: Instant) -> None:
        """Drive what a predecessor had begun to its fact: launches without a handle, stops that may be lost."""
        for job, attempt in active:
            if attempt.stop_asked is not None:
                self._ask_to_end(job, attempt, attempt.stop_asked, epoch, now)
            elif attempt.state is AttemptState.LAUNCHING and attempt.handle is None and job.desired is Desired.RUN:
                self._launch(job, attempt, epoch, now)

    def _start(self, starts: list[Start], epoch: int, now: Instant) -> None:
        wanted = [(start.job, start.allocation, secrets.token_hex(16)) for start in starts]
        begun = facts.begin(self._store, epoch, wanted, now)
        for attempt in begun:
            if self._launch(self._holdings.job(attempt.job), attempt, epoch, now):
                self._launched(attempt)

    def _launch(self, job: Job, attempt: Attempt, epoch: int, now: Instant) -> bool:
        self._trusted()
        known = checkpoints.of_jobs(self._store, [job.id]).get(job.id, ())
        order = LaunchOrder(
            ref_of(attempt),
            job.spec.model_copy(update={"checkpoints": job.checkpoints}),
            attempt.allocation,
            self._store.store_id,
            job.key,
            params=job.params,
            checkpoints=tuple(one for one in known if one.state == "kept"),
            known_checkpoints=tuple(one.name for one in known),
            base_step=job.base_step,
            pool_options=self._holdings.pool_options(attempt.allocation.pool),
            hides_devices=self._holdings.has_devices(attempt.allocation.pool),
            spent=spent_before(self._store, attempt) if job.spec.cost_within is not None else 0.0,
        )
        try:
            handle = self._backend(attempt).launch(order)
        except TrainingError as error:
            log.warning("attempt %s/%d could not be launched: %s", job.id, attempt.number, error)
            end = End(EndReason.LAUNCH_FAILED, f"Could not start: {error}")
            self._concluded(facts.ended(self._store, epoch, job.id, attempt.number, end, now))
            return False
        facts.launched(self._store, epoch, job.id, attempt.number, handle, now)
        return True

    def _stop(self, decision: Stop, epoch: int, now: Instant) -> None:
        job = self._holdings.job(decision.job)
        attempt = self._holdings.attempt(decision.job)
        if attempt is None or attempt.number != decision.number:
            return
        facts.stopping(self._store, epoch, decision.job, decision.number, decision.how, now)
        self._trusted()
        self._ask_to_end(job, attempt, decision.how, epoch, now)

    def _ask_to_end(self, job: Job, attempt: Attempt, how: StopHow, epoch: int, now: Instant) -> None:
        """Have an attempt stopped; one that never began never will, and has ended with that."""
        backend = self._backend(attempt)
        if attempt.started is None and backend.void(ref_of(attempt)):
            end = told(End(EndReason.VOID), how, Reached(checkpoint=job.checkpoint_step))
            self._concluded(facts.ended(self._store, epoch, job.id, attempt.number, end, now))
            return
        backend.stop(ref_of(attempt), how, job.spec.grace)

    def _backend(self, attempt: Attempt) -> Backend:
        return self._backends(self._holdings.backend_of(attempt.allocation.pool))
