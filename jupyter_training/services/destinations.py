"""Whether checkpoints could be kept where a wish says: a known kind of place, no path that depends, no secret in it."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import TYPE_CHECKING

from jupyter_training.errors import InvalidSpec, Problem, near_miss

if TYPE_CHECKING:
    from jupyter_training.core.job import CheckpointPolicy

__all__ = ["KEY", "check", "fault"]

KEY = "checkpoints.to"

_URL = re.compile(r"(?P<scheme>[^:/?#]*)://(?P<rest>.*)", re.DOTALL)
_PORT = re.compile(r"(?:[^/@:]+|\[[0-9a-fA-F:.]+\]):\d+(?:/|\Z)")  # host:21/folder@home names no user
_LOCAL = frozenset({"file", "local"})
_CONTAINERS = frozenset({"abfs", "abfss", "wasb", "wasbs"})  # these write container@account


def check(policy: CheckpointPolicy) -> None:
    """See that a policy's place could be one; whether it can be reached is seen when the first checkpoint goes there.

    Raises:
        InvalidSpec: with the key path. What may be a secret is not repeated.
    """
    found = fault(policy.to) if policy.to is not None else None
    if found is not None:
        raise InvalidSpec(f"{KEY}: {found.detail}.", hint=found.hint, errors=[found])


def fault(to: str) -> Problem | None:
    """What is wrong with a place; None: nothing."""
    for part in to.split("::"):  # fsspec chains: simplecache::s3://bucket/folder
        url = _URL.fullmatch(part)
        if url is not None and _names_a_user(url["scheme"].lower(), url["rest"]):
            return Problem(
                "a user or a password in the URL would be kept and shown with the job",
                key=KEY,
                hint="Leave them out: name the variables that the storage's library reads with pass_env, "
                "or use its own configuration file.",
            )
    for part in to.split("::"):
        url = _URL.fullmatch(part)
        if url is not None or part != to:
            found = _unknown(url["scheme"] if url is not None else part)
            if found is not None:
                return found
    url = _URL.fullmatch(to)
    path = to if url is None else url["rest"] if url["scheme"] in _LOCAL else "/"
    if "::" not in to and not (PurePath(path).is_absolute() or (url is None and to.startswith("~/"))):
        example = "file:///data/checkpoints" if url is not None else "/data/checkpoints"
        return Problem(
            f"{to!r} is neither a URL nor a whole path, and a job has a working folder of its own"
            if url is None
            else f"{to!r} has no whole path",
            key=KEY,
            hint=f"Write it from the root on, e.g. {example}, or a URL, e.g. s3://bucket/folder",
        )
    return None


def _names_a_user(scheme: str, rest: str) -> bool:
    authority = rest.partition("/")[0]
    if scheme in _CONTAINERS and ":" not in authority:
        return False
    # A secret key may hold a slash: KEY:a/b@bucket
    return "@" in authority or (not _PORT.match(rest) and re.match(r"[^/@]*:[^@]*@", rest) is not None)


def _unknown(scheme: str) -> Problem | None:
    import fsspec

    known = fsspec.available_protocols()
    if scheme in known:
        return None
    close = near_miss(scheme, known)
    return Problem(
        f"there is no kind of storage {scheme!r}",
        key=KEY,
        hint=f"Did you mean {close}://?" if close else "Write e.g. s3://bucket/folder, or a folder's whole path.",
    )
