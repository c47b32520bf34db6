"""Use cases that change the order: priorities, weights, pools, places, and what a job starts after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.resources import Pool
from jupyter_training.errors import InvalidUsage, TrainingError
from jupyter_training.schema import AfterRequest, ItemResult, JobView, MoveRequest, ProblemDocument, VerbResult
from jupyter_training.services import placing, references
from jupyter_training.services.jobs import known
from jupyter_training.services.present import job_views
from jupyter_training.services.site import Site
from jupyter_training.store import dependencies, queue_moves, views
from jupyter_training.store.queue_moves import Ahead, At, Behind, Bottom, Move, SetPool, SetPriority, SetWeight, Top

__all__ = ["carry_out", "move", "set_after", "views_after"]

_THINGS = ("priority", "weight", "resource_pool", "ahead_of", "behind_of", "top", "bottom", "position")


def move(site: Site, user: str, request: MoveRequest) -> VerbResult:
    """Change one thing of several jobs; a result per job, in their order. One refusal stops no other.

    Raises:
        InvalidUsage: none is asked for, several are, or a position of several jobs.
        UnknownJob, AmbiguousJob: the job beside which they are to stand; with the near miss or the candidates.
    """
    one = _asked(site, user, request)
    refs = list(request.jobs)
    # Each goes right behind, or to the very top: the last first, so that they end in the order they were named in.
    backwards = isinstance(one, (Behind, Top))
    outcomes: list[Job | TrainingError] = []
    wished: list[tuple[JobId, Move]] = []
    unknown: dict[int, TrainingError] = {}
    for place, text in enumerate(reversed(refs) if backwards else refs):
        try:
            wished.append((references.job_of(site, text, user=user, notebook=request.notebook).id, one))
        except TrainingError as error:
            unknown[place] = error
    told = iter(carry_out(site, wished))
    outcomes = [unknown[place] if place in unknown else next(told) for place in range(len(refs))]
    if backwards:
        outcomes.reverse()
    shown = views_after(site, outcomes)
    return VerbResult(
        results=tuple(
            ItemResult(id=_id_of(text, outcome), ok=problem is None, job=view, problem=problem)
            for text, outcome, (view, problem) in zip(refs, outcomes, shown, strict=True)
        )
    )


def set_after(site: Site, user: str, job_id: str, request: AfterRequest) -> JobView:
    """Let a waiting job start after these have succeeded, instead of what it started after before.

    Raises:
        UnknownJob: there is no such job.
        InvalidSpec: one of the others is not there, or they would wait for each other.
        IllegalMove: the job has ended, or runs.
    """
    job = known(site, job_id)
    after = references.jobs_before(site, request.after, user=user, notebook=request.notebook)
    changed = dependencies.set_after(site.store, job.id, after, now=site.now())
    site.wake()
    site.ensure_dispatcher()
    (view,) = job_views(site, [changed], full=True)
    return view


def carry_out(site: Site, wished: Sequence[tuple[JobId, Move]], *, atomic: bool = False) -> list[Job | TrainingError]:
    """Carry out moves in their order, see that somebody acts on them, and say what became of each."""
    outcomes = queue_moves.move_all(site.store, wished, now=site.now(), judge=_judge, atomic=atomic)
    if any(isinstance(outcome, Job) for outcome in outcomes):
        site.wake()
        site.ensure_dispatcher()
    return outcomes


def views_after(
    site: Site, outcomes: Sequence[Job | TrainingError]
) -> list[tuple[JobView | None, ProblemDocument | None]]:
    """Each outcome as what it is on the wire: the job as it is now, or what is wrong."""
    ids = dict.fromkeys(outcome.id for outcome in outcomes if isinstance(outcome, Job))
    seen = {view.id: view for view in job_views(site, views.jobs(site.store, list(ids)))} if ids else {}
    return [
        (None, ProblemDocument.model_validate(outcome.to_problem()))
        if isinstance(outcome, TrainingError)
        else (seen.get(outcome.id), None)
        for outcome in outcomes
    ]


def _asked(site: Site, user: str, request: MoveRequest) -> Move:
    given = [name for name in _THINGS if getattr(request, name) not in (None, False)]
    if len(given) != 1:
        listed = ", ".join(given) if given else "none"
        raise InvalidUsage(
            f"A move changes exactly one thing: {listed} {'were' if given else 'was'} given.",
            hint=f"Give one of {', '.join(_THINGS)}.",
        )
    if request.priority is not None:
        return SetPriority(request.priority)
    if request.weight is not None:
        return SetWeight(request.weight)
    if request.resource_pool is not None:
        return SetPool(request.resource_pool)
    if request.top or request.bottom:
        return Top() if request.top else Bottom()
    if request.position is not None:
        if len(request.jobs) > 1:
            raise InvalidUsage("A position is that of one job; several can't stand at the same.")
        return At(request.position)
    beside = request.ahead_of if request.ahead_of is not None else request.behind_of
    assert beside is not None
    anchor = references.job_of(site, beside, user=user, notebook=request.notebook)
    return Ahead(anchor.id) if request.ahead_of is not None else Behind(anchor.id)


def _judge(job: Job, name: str, pools: Mapping[str, Pool]) -> None:
    """See that another pool could ever hold the job, and runs it as its options say."""
    pool = placing.known_pool(pools, name)
    placing.check_same(pools.get(job.pool), pool, job.spec.options)
    placing.check_fit(pool, job.spec.resources)


def _id_of(text: str, outcome: Job | TrainingError) -> str:
    return outcome.id if isinstance(outcome, Job) else text
