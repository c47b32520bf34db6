"""The values of ``pass_env``: beside the store, readable by their owner only, for as long as a job has not ended."""

from __future__ import annotations

import contextlib
import json
import os
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import Job
from jupyter_training.core.lifecycle import TERMINAL
from jupyter_training.errors import InvalidSpec, Problem
from jupyter_training.services.site import Site
from jupyter_training.settings import Settings
from jupyter_training.store import ends, views

__all__ = ["KEY", "again", "coming", "drop", "handing_on", "missing", "put"]

KEY = "environment.pass_env"


@contextlib.contextmanager
def coming(site: Site, values: Mapping[str, str]) -> Iterator[Callable[[Job], None]]:
    """Values that are ready; what it gives keeps them for a job.

    They are for the one job that is new: a key that came before has a job with values of its own.
    """
    if not values:
        yield lambda job: None
        return
    site.settings.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
    # A name of its own, 0600: a submit may be repeated while the first one is still under way.
    handle, temporary = tempfile.mkstemp(dir=site.settings.secrets, prefix=".coming-")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as out:
            json.dump(dict(values), out)
            out.flush()
            os.fsync(out.fileno())
        yield lambda job: os.rename(temporary, site.settings.secrets_file(job.key))
    finally:
        with contextlib.suppress(FileNotFoundError):  # it is kept
            os.unlink(temporary)


@contextlib.contextmanager
def again(site: Site, job: Job, values: Mapping[str, str]) -> Iterator[Callable[[], None]]:
    """Values for a job that starts again; what it gives keeps them, in the transaction that lets it start.

    An ended one needs each: its end has removed them, or is about to. A paused
    one has its own still, and what is sent replaces them.

    Raises:
        InvalidSpec: one has not been sent; with a problem that names each.
    """
    names = job.spec.environment.pass_env
    given = {name: values[name] for name in names if name in values}
    lacking = [name for name in names if name not in given]
    if lacking and job.state in TERMINAL:
        raise missing(job, lacking)
    if lacking and given:
        given = {**_kept(site, job), **given}
    with coming(site, given) as keep:
        yield lambda: keep(job)


def handing_on(site: Site, driver: JobId, names: Collection[str]) -> Callable[[Job], None]:
    """What gives a search's values to each trial as its job is stored. They wait with the job that drives it."""
    if not names:
        return lambda job: None
    kept = _kept(site, views.job(site.store, driver))
    given = {name: kept[name] for name in names if name in kept}  # what lacks is said when the trial is launched
    return lambda job: put(site.settings, job.key, given)


def drop(site: Site, job: Job) -> None:
    """Remove the values of a job that has ended or was deleted, unless it has been started again meanwhile."""
    kept = site.settings.secrets_file(job.key)
    if kept.exists():
        with ends.stands(site.store, job) as stands:
            if stands:
                kept.unlink(missing_ok=True)


def _kept(site: Site, job: Job) -> dict[str, str]:
    try:
        found = json.loads(site.settings.secrets_file(job.key).read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {str(name): str(value) for name, value in found.items()} if isinstance(found, dict) else {}


def put(settings: Settings, key: str, values: Mapping[str, str]) -> None:
    """Keep values under a key, readable by their owner only."""
    settings.secrets.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = os.open(settings.secrets_file(key), os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as out:
        json.dump(dict(values), out)


def missing(job: Job, names: list[str]) -> InvalidSpec:
    return InvalidSpec(
        f"The job {job.id} ({job.name}) needs the values of {', '.join(names)} once more: "
        "they were removed when it ended.",
        hint="Set them where you ask from; a client sends them along.",
        errors=[Problem(name, key=KEY) for name in names],
    )
