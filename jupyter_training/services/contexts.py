"""Folders that go along with jobs: kept like data, and looked through before a job has one."""

from __future__ import annotations

import os

from jupyter_training.backends import context
from jupyter_training.core.job import ContextRef
from jupyter_training.errors import InvalidSpec, Problem, TooLarge
from jupyter_training.services.site import Site

__all__ = ["check"]

_KEY = "context"
_MIB = 1024 * 1024


def check(site: Site, wished: ContextRef | None) -> None:
    """See that a context was sent before, can be unpacked, and is what the submit says.

    Raises:
        InvalidSpec: it is not there, or not a context; an entry that may not be there is named.
        TooLarge: its files have more than ``context_limit_bytes``.
    """
    if wished is None:
        return
    archive = site.settings.data / wished.sha256
    try:
        members = context.read(archive)
        os.utime(archive)  # `db gc` takes what is old and no job's; this one is about to be
    except OSError:
        hint = f"PUT data/{wished.sha256} comes before the submit."
        raise _refused("its archive has not been sent", hint) from None
    except context.Unusable as error:
        raise _refused(
            f"its archive {str(error).removesuffix('.')}", "A client packs a folder: --context DIR."
        ) from None
    files = sum(member.kind != "folder" for member in members)
    size = sum(member.size for member in members)
    if (files, size) != (wished.files, wished.size):
        raise _refused(f"its archive has {files} files of {size} bytes, not {wished.files} of {wished.size}")
    limit = site.settings.context_limit_bytes
    if size > limit:
        largest = sorted(members, key=lambda member: -member.size)[:3]
        named = ", ".join(f"{member.path!r} ({member.size / _MIB:.1f} MiB)" for member in largest)
        words = f"The context has {size / _MIB:.1f} MiB; the limit here is {limit / _MIB:.0f} MiB. Largest: {named}."
        hint = "Leave data out by lines in a file .trainignore, or raise context_limit_bytes in the server's settings."
        raise TooLarge(words, hint=hint, errors=[Problem(words, key=_KEY)])


def _refused(words: str, hint: str | None = None) -> InvalidSpec:
    return InvalidSpec(f"context: {words}.", hint=hint, errors=[Problem(words, key=_KEY)])
