"""S3 and CloudWatch Logs as the container host uses them: moto's own objects, without HTTP.

moto is not safe from several threads at once, so whoever touches it holds `MOTO`; `front.py` does for each request.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any

from moto.logs.models import logs_backends
from moto.s3.models import s3_backends

__all__ = ["MOTO", "Missing", "Shipper", "forget_log", "list_keys", "put", "read", "remove", "split", "write_log"]

MOTO = threading.RLock()

GROUP = "/aws/sagemaker/TrainingJobs"


class Missing(Exception):
    """A bucket or an object that is not there."""


def split(uri: str) -> tuple[str, str]:
    """Bucket and key of an s3:// address."""
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    return bucket, key


def list_keys(account: str, bucket: str, prefix: str) -> list[str]:
    """The keys that begin with this, in order."""
    with MOTO:
        return sorted(key for key in _bucket(account, bucket).keys.keys() if key.startswith(prefix))  # noqa: SIM118


def read(account: str, bucket: str, key: str) -> bytes:
    """What an object holds."""
    with MOTO:
        found = _s3(account).get_object(bucket, key) if _bucket(account, bucket) else None
        if found is None:
            raise Missing(f"The specified key does not exist: s3://{bucket}/{key}")
        return found.value


def put(account: str, bucket: str, key: str, content: bytes) -> None:
    """Make this object, or write it anew."""
    with MOTO:
        _bucket(account, bucket)
        _s3(account).put_object(bucket, key, content)


def remove(account: str, bucket: str, key: str) -> None:
    """Without this object, whether it was there or not."""
    with MOTO:
        _bucket(account, bucket)
        _s3(account).delete_object(bucket, key)


def write_log(account: str, region: str, stream: str, lines: Iterable[tuple[float, str]]) -> None:
    """Add lines, each with its time, to a stream of the training jobs' group; group and stream are made when needed."""
    with MOTO:
        logs = logs_backends[account][region]
        logs.ensure_log_group(GROUP)
        logs.ensure_log_stream(GROUP, stream)
        events = [{"timestamp": int(at * 1000), "message": text} for at, text in lines]
        if events:
            logs.put_log_events(GROUP, stream, events)


def forget_log(account: str) -> None:
    """Without a log, as before the first job."""
    with MOTO:
        for logs in logs_backends[account].values():
            logs.groups.pop(GROUP, None)


class Shipper:
    """Brings lines to the log as late as the service does, in batches. One thread for all jobs."""

    def __init__(self, every: float = 0.1) -> None:
        self._waiting: list[tuple[float, str, str, str, float, str | None]] = []
        self._lock = threading.Lock()
        self._every = every
        self._stop = threading.Event()
        threading.Thread(target=self._run, name="logs", daemon=True).start()

    def ship(self, account: str, region: str, stream: str, line: str | None, *, lag: float) -> None:
        """Bring this line, so many seconds from now; None only makes the stream."""
        at = time.time()
        with self._lock:
            self._waiting.append((at + lag, account, region, stream, at, line))

    def forget(self) -> None:
        """Bring nothing of what is still waiting."""
        with self._lock:
            self._waiting.clear()

    def close(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        while not self._stop.wait(self._every):
            at = time.time()
            with self._lock:
                due = [one for one in self._waiting if one[0] <= at]
                if due:
                    self._waiting = [one for one in self._waiting if one[0] > at]
            batches: dict[tuple[str, str, str], list[tuple[float, str]]] = {}
            for _, account, region, stream, since, line in due:
                batch = batches.setdefault((account, region, stream), [])
                if line is not None:
                    batch.append((since, line))
            for (account, region, stream), lines in batches.items():
                write_log(account, region, stream, lines)


def _s3(account: str) -> Any:
    return s3_backends[account]["aws"]


def _bucket(account: str, name: str) -> Any:
    found = _s3(account).buckets.get(name)
    if found is None:
        raise Missing(f"The specified bucket does not exist: {name}")
    return found
