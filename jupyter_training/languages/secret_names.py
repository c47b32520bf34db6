"""Names that say that a secret is behind them, and URLs with a password. Such is shown and recorded nowhere. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

__all__ = ["looks_secret", "passwords_in", "secrets_in"]

_SECRET = re.compile(r"(?:^|_)(?:password|passwd|secret|api_?key|access_?key|credentials?|token)$", re.IGNORECASE)
# Tokens of a text, as tokenizers call them; nested settings of a model have all of them.
_OF_A_TEXT = re.compile(r"(?:^|_)(?:pad|bos|eos|unk|sep|cls|mask|start|end)_token$", re.IGNORECASE)
# Of the scheme its last sign is enough. With more of it, each sign of a long text would be looked at as its first.
_URL = re.compile(r"[a-z0-9+.-]://[^/\s:@\"]*:[^/\s@]+@", re.IGNORECASE)


def looks_secret(name: str) -> bool:
    """Whether a parameter or a variable of this name holds a secret: ``db_password``, not ``max_tokens``."""
    return _SECRET.search(name) is not None and _OF_A_TEXT.search(name) is None


def secrets_in(values: Mapping[str, object]) -> Iterator[str]:
    """The key paths, like ``db.password``, at which a text stands that looks like a secret, however deep."""
    return _paths(values, lambda name, value: looks_secret(name) and _has_text(value))


def passwords_in(values: Mapping[str, object]) -> Iterator[str]:
    """The key paths at which a text has a URL with a password, like ``postgres://user:password@host``."""
    return _paths(values, lambda _, value: isinstance(value, str) and _URL.search(value) is not None)


def _paths(value: object, holds: Callable[[str, object], bool]) -> Iterator[str]:
    if isinstance(value, Mapping):
        named = [(str(name), one) for name, one in value.items()]
    elif isinstance(value, (list, tuple)):
        named = [(str(index), one) for index, one in enumerate(value)]
    else:
        return
    for name, one in named:
        if holds(name, one):
            yield name
        else:
            yield from (f"{name}.{path}" for path in _paths(one, holds))


def _has_text(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_text, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_has_text, value))
    return isinstance(value, str) and bool(value)
