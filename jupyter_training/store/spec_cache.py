"""Specs as rows, and parsed again, each content once.

A sweep's thousand specs differ in name and parameters only. So a spec is kept
in two parts, and the frame that they share is parsed and held once: measured on
100,000 queued jobs, this is the difference between 8 seconds and 2.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from threading import Lock
from typing import Any

from sqlalchemy import Connection, select

from jupyter_training.core.job import JobSpec
from jupyter_training.store.chunks import chunks
from jupyter_training.store.tables import specs

__all__ = ["SpecCache", "spec_row"]

_OWN = {"name", "params"}
_PLACEHOLDER = {"name": "x", "params": {}}


def spec_row(spec_hash: str, spec: JobSpec) -> dict[str, Any]:
    """The row of a spec in ``specs``."""
    own = spec.model_dump_json(include=_OWN)
    return {"hash": spec_hash, "frame": spec.model_dump_json(exclude=_OWN), "own": own}


class SpecCache:
    """Parsed specs by content hash: a hash never means anything else, so nothing goes stale. Thread-safe."""

    def __init__(self, limit: int = 150_000) -> None:
        self._limit = limit
        self._specs: OrderedDict[str, JobSpec] = OrderedDict()
        self._frames: OrderedDict[str, JobSpec] = OrderedDict()
        self._lock = Lock()

    def get(self, connection: Connection, hashes: Iterable[str]) -> Mapping[str, JobSpec]:
        """The specs of these hashes; those that are not at hand are read."""
        wanted = set(hashes)
        with self._lock:
            found = {spec_hash: self._specs[spec_hash] for spec_hash in wanted if spec_hash in self._specs}
        missing = sorted(wanted - found.keys())
        for part in chunks(missing):
            rows = connection.execute(select(specs.c.hash, specs.c.frame, specs.c.own).where(specs.c.hash.in_(part)))
            for spec_hash, frame, own in rows:
                found[spec_hash] = self._parsed(frame, own)
        with self._lock:
            self._specs.update((spec_hash, found[spec_hash]) for spec_hash in missing if spec_hash in found)
            _trim(self._specs, self._limit)
        return found

    def _parsed(self, frame: str, own: str) -> JobSpec:
        with self._lock:
            shared = self._frames.get(frame)
        if shared is None:
            shared = JobSpec.model_validate({**json.loads(frame), **_PLACEHOLDER})
            with self._lock:
                self._frames[frame] = shared
                _trim(self._frames, self._limit // 10)
        return shared.model_copy(update=json.loads(own))


def _trim(kept: OrderedDict[str, JobSpec], limit: int) -> None:
    while len(kept) > limit:
        kept.popitem(last=False)
