"""Wishes with everything filled in: a test says only what it is about."""

from __future__ import annotations

import uuid
from typing import Any

from pydantic import JsonValue

from jupyter_training.core.ids import JobId
from jupyter_training.core.job import (
    PRIORITY_DEFAULT,
    BundleFile,
    Entry,
    Instant,
    Job,
    JobSpec,
    Origin,
    Submission,
)
from jupyter_training.core.lifecycle import Desired, JobState
from jupyter_training.core.resources import Resources

__all__ = ["a_job", "a_spec", "a_submission"]


def a_spec(name: str = "digits", *, slots: int = 1, params: dict[str, JsonValue] | None = None, **more: Any) -> JobSpec:
    """A script's spec. ``more`` are further fields of JobSpec; equal arguments give an equal spec."""
    given: dict[str, Any] = {
        "entry": Entry(kind="script", path="train.py"),
        "files": (BundleFile(path="train.py", sha256="ab" * 32, size=120),),
        "resources": Resources(slots=slots),
        **more,
    }
    return JobSpec(name=name, params=params or {}, **given)


def a_submission(
    name: str = "digits",
    *,
    key: str | None = None,
    user: str = "ada",
    notebook: str | None = None,
    pool: str = "local",
    priority: int = PRIORITY_DEFAULT,
    **wish: Any,
) -> Submission:
    """A submission with a key of its own. ``wish`` goes to ``a_spec``."""
    return Submission(
        key=key or uuid.uuid4().hex,
        spec=a_spec(name, **wish),
        origin=Origin(user=user, notebook=notebook),
        pool=pool,
        priority=priority,
    )


def a_job(name: str = "digits", **wish: Any) -> Job:
    """A queued job as a store would give it. ``wish`` goes to ``a_spec``; other states by ``dataclasses.replace``."""
    spec = a_spec(name, **wish)
    return Job(
        id=JobId("3f2a91bcde"),
        seq=1,
        key="key-of-the-submit",
        spec=spec,
        spec_hash=spec.hash,
        origin=Origin(user="ada"),
        pool="local",
        priority=PRIORITY_DEFAULT,
        position="5",
        desired=Desired.RUN,
        generation=0,
        holds=frozenset(),
        state=JobState.QUEUED,
        reason=None,
        detail=None,
        submitted=Instant(1_700_000_000.0),
        started=None,
        ended=None,
        attempt=0,
        version=1,
    )
