"""Names and identities: job ids, job names, content hashes."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any, NewType

if TYPE_CHECKING:
    import random

__all__ = ["ID_LENGTH", "NAME_PATTERN", "JobId", "content_hash", "is_job_id", "new_job_id"]

JobId = NewType("JobId", str)

ID_LENGTH = 10
# RFC 4648 base32 in lower case: no 0/1/8/9, so an id is never read as a number or mistaken for l, o, b.
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_ID = re.compile(rf"[{_ALPHABET}]{{{ID_LENGTH}}}\Z")

NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}"


def new_job_id(rng: random.Random) -> JobId:
    """A fresh id of 50 random bits; the store's unique key catches the rest."""
    return JobId("".join(rng.choices(_ALPHABET, k=ID_LENGTH)))


def is_job_id(text: str) -> bool:
    return _ID.match(text) is not None


def content_hash(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form (sorted keys, no spaces, no NaN)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
