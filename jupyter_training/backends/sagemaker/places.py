"""Where in S3 the things of a job are. Pure; what decides a place is its content's hash, or the job's id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["CHECKPOINTS", "Places", "are_packed", "checkpoints_of", "root"]

CHECKPOINTS = "/opt/ml/checkpoints"  # in the container; the service keeps it and ``Places.checkpoints`` the same


def root(bucket: str, prefix: str) -> str:
    """What all URLs of ours begin with, without a slash at its end."""
    prefix = prefix.strip("/")
    return f"s3://{bucket}/{prefix}" if prefix else f"s3://{bucket}"


def checkpoints_of(base: str, job: str, to: str | None = None) -> str:
    """Where a job's checkpoints are kept. ``to``: the place that its policy names, as settled."""
    url = (to or f"{base}/checkpoints").rstrip("/")
    return url if url.rpartition("/")[2] == job else f"{url}/{job}"


def are_packed(request: Mapping[str, Any]) -> bool:
    """Whether results come as archives. A person's own part of the request may have them left as they are."""
    output = request.get("OutputDataConfig")
    return not isinstance(output, Mapping) or output.get("CompressionType") != "NONE"


@dataclass(frozen=True)
class Places:
    """The URLs of one training job. All but ``code`` and ``order`` are folders, without a slash at the end."""

    boot: str  # boot.py and job.zip
    code: str  # .../code.tar.gz
    order: str  # .../order.json
    checkpoints: str
    output: str
    data: str | None = None  # values taken along
    start: str | None = None  # the checkpoint of another job, to begin with
    inputs: Mapping[str, str] = field(default_factory=dict)  # of channels that were paths here

    @classmethod
    def of(
        cls,
        base: str,
        *,
        job: str,
        attempt: int,
        boot: str,
        code: str,
        data: str | None = None,
        start: str | None = None,
        inputs: Mapping[str, str] | None = None,
        kept_at: str | None = None,
    ) -> Places:
        """The places below ``base`` (``root``): ``boot``, ``code``, ``data`` and ``inputs`` are hashes of contents.

        ``start`` is a whole URL: that checkpoint is of another job, or was uploaded for this one. ``kept_at``: where
        the spec's policy has checkpoints.
        """
        return cls(
            boot=f"{base}/boot/{boot}",
            code=f"{base}/code/{code}/code.tar.gz",
            order=f"{base}/jobs/{job}/{attempt}/order.json",
            checkpoints=checkpoints_of(base, job, kept_at),
            output=f"{base}/out",
            data=f"{base}/data/{data}" if data else None,
            start=start,
            inputs={channel: f"{base}/inputs/{found}" for channel, found in (inputs or {}).items()},
        )
