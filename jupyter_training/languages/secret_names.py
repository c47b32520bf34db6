"""Names that say that a secret is behind them. What has such a name is shown and recorded nowhere. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

__all__ = ["looks_secret", "secrets_in"]

_SECRET = re.compile(r"(?:^|_)(?:password|passwd|secret|api_?key|access_?key|credentials?|token)$", re.IGNORECASE)
# Tokens of a text, as tokenizers call them; nested settings of a model have all of them.
_OF_A_TEXT = re.compile(r"(?:^|_)(?:pad|bos|eos|unk|sep|cls|mask|start|end)_token$", re.IGNORECASE)


def looks_secret(name: str) -> bool:
    """Whether a parameter or a variable of this name holds a secret: ``db_password``, not ``max_tokens``."""
    return _SECRET.search(name) is not None and _OF_A_TEXT.search(name) is None


def secrets_in(values: Mapping[str, object]) -> Iterator[str]:
    """The key paths, like ``db.password``, at which a text stands that looks like a secret, however deep."""
    for name, value in values.items():
        if looks_secret(str(name)) and _has_text(value):
            yield str(name)
        else:
            yield from (f"{name}.{path}" for path in _within(value))


def _within(value: object) -> Iterator[str]:
    if isinstance(value, Mapping):
        yield from secrets_in(value)
    elif isinstance(value, (list, tuple)):
        for index, one in enumerate(value):
            yield from (f"{index}.{path}" for path in _within(one))


def _has_text(value: object) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_text, value.values()))
    if isinstance(value, (list, tuple)):
        return any(map(_has_text, value))
    return isinstance(value, str) and bool(value)
