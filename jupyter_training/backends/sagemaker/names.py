"""What things of ours are called at AWS. Pure.

A training job's name is chosen here, before any call, and follows from the
attempt alone: whoever asks again asks for the same job. Names are used up for
ever, so each attempt has one of its own.
"""

from __future__ import annotations

import hashlib
import re

from jupyter_training.core.ids import JobId

__all__ = ["LOG_GROUP", "OURS", "TAG", "begun", "handle", "host_of", "job_name", "proof", "tags", "token_hash"]

OURS = "jt-"  # what the names of our training jobs begin with
TAG = "jupyter-training:"
LOG_GROUP = "/aws/sagemaker/TrainingJobs"

_LONGEST = 63
_ID_PART = 8  # of the job's id: 40 random bits
_TOKEN = f"{TAG}token-hash"


def job_name(name: str, job: JobId, number: int) -> str:
    """The name of an attempt's training job; ``name`` is its job's, cut where it is too long."""
    tail = f"-{job[:_ID_PART]}-{number}"
    room = _LONGEST - len(OURS) - len(tail)
    slug = re.sub(r"[^A-Za-z0-9]+", "-", name).strip("-")[:room].rstrip("-")
    return f"{OURS}{slug}{tail}" if slug else f"{OURS}{tail[1:]}"


def handle(region: str, name: str) -> str:
    """The backend's own text for an attempt."""
    return f"{region}/{name}"


def token_hash(token: str) -> str:
    """What proves at AWS that a training job is the attempt's; the token itself stays here."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def tags(job: JobId, number: int, *, token: str, store: str, version: str) -> dict[str, str]:
    """The tags that name the attempt."""
    return {
        f"{TAG}job": job,
        f"{TAG}attempt": str(number),
        f"{TAG}store": store,
        _TOKEN: token_hash(token),
        f"{TAG}version": version,
    }


def proof(found: list[dict[str, str]]) -> str | None:
    """The token's hash among a training job's tags, as the service lists them."""
    return next((one["Value"] for one in found if one["Key"] == _TOKEN), None)


def host_of(stream: str) -> str:
    """The host that wrote a log stream: ``algo-2`` of ``jt-a-1/algo-2-1700000000``."""
    last = stream.rpartition("/")[2]
    found = re.match(r"algo-\d+", last)
    return found[0] if found else last


def begun(stream: str) -> tuple[int, str]:
    """By which the log streams of a host are in the order in which its containers were started: 1700000000."""
    number = stream.rpartition("-")[2]
    return (int(number) if number.isdecimal() else 0, stream)
