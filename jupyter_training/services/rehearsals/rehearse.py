"""Try a job's code: two short runs, and what they showed."""

from __future__ import annotations

from collections.abc import Callable

from jupyter_training.errors import Refused
from jupyter_training.schema import RehearsalView, SubmitRequest
from jupyter_training.services import bundle, contexts, data, search_reading, searches, submit
from jupyter_training.services.config_text import with_config
from jupyter_training.services.rehearsals import place, telling
from jupyter_training.services.site import Site

__all__ = ["LIMIT", "rehearse"]

LIMIT = 60.0  # seconds that each of the two runs may take; a job's shorter timeout counts


def rehearse(
    site: Site, user: str, request: SubmitRequest, *, is_unwanted: Callable[[], bool] = lambda: False
) -> RehearsalView:
    """Run the request's code for one step, then once more from its checkpoint. Blocks until both have ended.

    Nothing is stored. The request is checked as a submit's is; of a search one configuration is tried.

    Raises:
        InvalidSpec, UnknownPool, UnknownPlugin, TooLarge: as a submit does.
        Refused: another test of the same user is under way, or whoever asked is gone.
    """
    request = _one(with_config(request))
    contents = submit.code_of(site, request)
    files = bundle.listed(contents)
    spec = submit.submission_of(site, request, files, user=user).spec
    # It is tried here, wherever it will run.
    spec = spec.model_copy(update={"environment": submit.spec_of(request, files).environment, "options": {}})
    data.check(site, request.data)
    contexts.check(site, request.context)
    limit = min(LIMIT, spec.timeout or LIMIT)
    place.sweep(site)
    with place.opened(site, user, spec, contents, request.secrets, is_unwanted=is_unwanted) as here:
        first = here.run(1, limit)
        second = here.run(2, limit) if telling.can_restore(first) and not is_unwanted() else None
    if is_unwanted():
        raise Refused("The test was given up: nobody waits for it any more.")
    return telling.told(first, second, limit, to=spec.checkpoints.to)


def _one(request: SubmitRequest) -> SubmitRequest:
    """The training itself; of a search that of some configuration, always the same."""
    found = search_reading.parted(request)
    if found.space is not None:
        return searches.one_of(request, found)
    return search_reading.as_plain(request, found)[0]
