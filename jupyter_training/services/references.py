"""The jobs that a request names: by id, by a unique prefix of one, by name, or as `last`."""

from __future__ import annotations

from collections.abc import Iterable

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.errors import AmbiguousJob, InvalidSpec, Problem, UnknownJob
from jupyter_training.services.site import Site
from jupyter_training.store import views

__all__ = ["job_of", "jobs_before"]


def job_of(site: Site, text: str, *, user: str, notebook: str | None) -> Job:
    """The job that somebody means.

    Raises:
        UnknownJob, AmbiguousJob: with the near miss or the candidates.
    """
    return views.find(site.store, text, user=user, notebook=notebook)


def jobs_before(site: Site, names: Iterable[str], *, user: str, notebook: str | None) -> tuple[JobId, ...]:
    """The jobs that another one is to start after, each once.

    Raises:
        InvalidSpec: one is not there, or which is meant can't be told.
    """
    found: dict[JobId, None] = {}
    for name in names:
        try:
            found[job_of(site, name, user=user, notebook=notebook).id] = None
        except (UnknownJob, AmbiguousJob) as error:
            problem = Problem(error.detail.removesuffix("."), key="after", hint=error.hint)
            raise InvalidSpec(f"after: {error.detail}", hint=error.hint, errors=[problem]) from None
    return tuple(found)
