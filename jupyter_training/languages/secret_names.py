"""Names that say that a secret is behind them. What has such a name is shown and recorded nowhere. Pure."""

from __future__ import annotations

import re

__all__ = ["looks_secret"]

_SECRET = re.compile(r"(?:^|_)(?:password|passwd|secret|api_?key|access_?key|credentials?|token)$", re.IGNORECASE)


def looks_secret(name: str) -> bool:
    """Whether a parameter or a variable of this name holds a secret: ``db_password``, not ``max_tokens``."""
    return _SECRET.search(name) is not None
