"""What a submit would store; nothing is."""

from __future__ import annotations

from jupyter_training.core.job import Origin, Submission
from jupyter_training.schema import DataView, PlannedFile, PlanView, SubmitRequest
from jupyter_training.services import bundle, placing, submit
from jupyter_training.services.site import Site

__all__ = ["plan"]


def plan(site: Site, user: str, request: SubmitRequest) -> PlanView:
    """What a submit of the request would store, checked as a submit is. Data need not have been sent yet.

    Raises:
        InvalidSpec, UnknownPool, UnknownPlugin, TooLarge: as a submit would.
    """
    request = submit.with_config(request)
    contents = bundle.read(request.files, request.entry, limit=site.settings.bundle_limit_bytes)
    files = bundle.listed(contents)
    spec = submit.spec_of(request, files)
    pool = placing.pool_of(site, request.pool, request.backend)
    priority = submit.priority_of(request.priority)
    submit.check_house(site, Submission(request.key, spec, Origin(user), pool, priority))
    return PlanView(
        spec=spec.model_dump(mode="json"),
        pool=pool,
        priority=priority,
        files=tuple(PlannedFile(path=file.path, size=file.size) for file in files),
        data=tuple(DataView(name=one.name, kind=one.kind, words=one.words, size=one.size) for one in spec.data),
        sizes={"code": sum(file.size for file in files), "data": sum(one.size for one in spec.data)},
        notes=(),
    )
