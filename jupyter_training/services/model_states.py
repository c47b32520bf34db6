"""Where the state of a search's best trial may go.

A training writes its own state, as its own process. That of a search's best trial
is put in its place by the search's driver, which runs on this machine as the
dispatcher does. So it writes where a trial could have written itself, and nowhere
else: for trials that run elsewhere to no folder of this machine, and for nobody
into the home of the store.
"""

from __future__ import annotations

import json
import os

from jupyter_training.core.job import JobSpec
from jupyter_training.core.resources import LOCAL, Pool
from jupyter_training.errors import InvalidSpec, Problem
from jupyter_training.runtime import state
from jupyter_training.services.site import Site
from jupyter_training.store import views

__all__ = ["check", "refusal"]

_KEY = "output_state_url"


def check(site: Site, template: JobSpec, pool: str) -> None:
    """See that the driver of a search whose trials run in that pool may leave the best one's state where it is wished.

    Raises:
        InvalidSpec: it may not, or the wish can't be read.
    """
    text = template.environment.variables.get(state.VARIABLE)
    if not text:
        return
    try:
        wish = json.loads(text)
    except ValueError:
        wish = None
    if not isinstance(wish, dict) or not isinstance(wish.get("output"), str | None):
        raise _refused(f"the variable {state.VARIABLE} is no wish for a state", "run_training_job writes it.")
    why = refusal(site, wish["output"], pool) if wish.get("output") else None
    if why is not None:
        raise _refused(why, "Give a folder that the trials could write to themselves.")


def refusal(site: Site, url: str, pool: str) -> str | None:
    """Why nothing may be put there for trials of that pool, without a full stop; None: it may."""
    try:
        place = state.at(url)
    except ValueError as error:
        return str(error).rstrip(".")
    if "://" in place.place:
        return None  # a bucket lets in whom it lets in
    path, home = place.place, os.path.realpath(site.settings.home)
    known: Pool | None = views.pools(site.store).get(pool)
    if known is not None and known.backend != LOCAL:
        return f"trials in the pool {pool} run at {known.backend}, and can't write to {path} on this machine"
    if os.path.commonpath([path, home]) in (path, home):
        return f"{path} is in, or has in it, the home of the store, where only the store is kept"
    return None


def _refused(words: str, hint: str) -> InvalidSpec:
    return InvalidSpec(f"{_KEY}: {words}.", hint=hint, errors=[Problem(words, key=_KEY, hint=hint)])
