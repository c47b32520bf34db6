"""Names and identities: job ids, job names, content hashes."""

from __future__ import annotations

import hashlib
import json
import re
import unicodedata
from typing import TYPE_CHECKING, Any, NewType

if TYPE_CHECKING:
    import random

__all__ = ["ID_LENGTH", "NAME_PATTERN", "JobId", "content_hash", "is_job_id", "name_like", "new_job_id", "no_name"]

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


def no_name(text: str | None) -> str:
    """The sentence for a text that breaks the rule of names."""
    return f"{text!r} is not a name: a to z, 0 to 9, and . _ - after the first character, at most 63."


def name_like(text: str | None) -> str | None:
    """A name that keeps what it can of a text: accents go, and what is no letter becomes a hyphen."""
    plain = unicodedata.normalize("NFKD", text or "").encode("ascii", "ignore").decode()
    name = re.sub(r"[^A-Za-z0-9_.-]+", "-", plain).strip("-._")[:63]
    return name if re.fullmatch(NAME_PATTERN, name) else None


def content_hash(value: Any) -> str:
    """SHA-256 of a JSON value in canonical form (sorted keys, no spaces, no NaN)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()
