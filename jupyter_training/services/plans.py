"""What a submit would store, and what a config text says; nothing is stored."""

from __future__ import annotations

from jupyter_training.core.job import Origin, Submission
from jupyter_training.schema import ConfigText, ConfigView, DataView, PlannedFile, PlanView, SubmitRequest
from jupyter_training.services import bundle, submit
from jupyter_training.services.site import Site

__all__ = ["config", "plan"]

# A config text alone has no code; with this it can be judged as a request can.
_STAND_IN = {
    "key": "config-check",
    "entry": {"kind": "cell", "path": "cell.py"},
    "files": [{"path": "cell.py", "text": "pass"}],
}


def plan(site: Site, user: str, request: SubmitRequest) -> PlanView:
    """What a submit of the request would store, checked as a submit is. Data need not have been sent yet.

    Raises:
        InvalidSpec, UnknownPool, UnknownPlugin, TooLarge: as a submit would.
    """
    request = submit.with_config(request)
    contents = bundle.read(request.files, request.entry, limit=site.settings.bundle_limit_bytes)
    files = bundle.listed(contents)
    spec = submit.spec_of(request, files)
    pool = request.pool if request.pool is not None else "local"
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


def config(site: Site, text: ConfigText) -> ConfigView:
    """The keys of a config text, resolved: sizes in bytes, spans in seconds, resources in one place.

    Raises:
        InvalidSpec: with line and column in the text.
    """
    request = SubmitRequest.model_validate({**_STAND_IN, "config": text})
    merged = submit.with_config(request)
    submit.spec_of(merged, bundle.listed({"cell.py": b"pass"}))
    submit.priority_of(merged.priority)
    given = merged.model_dump(mode="json", exclude_unset=True, exclude={*_STAND_IN, "config", "origin", "secrets"})
    return ConfigView(values={key: value for key, value in given.items() if value is not None})
