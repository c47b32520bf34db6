"""Names that say that a secret is behind them, and URLs with a password. Such is shown and recorded nowhere. Pure.

One rule for whatever is kept with a job, wherever it runs. A client refuses more
of what it would take along by itself: see ``client.environment``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

__all__ = ["looks_secret", "passwords_in", "secret_arguments", "secrets_in"]

# Not pwd alone, which is a shell's folder, and of tokens only those of a service: those of a text are counted.
_SECRET = re.compile(
    r"(?:^|_)(?:passwords?|passwd|passphrases?|secrets?|(?:api|access|secret|private)_?keys?|credentials?|token"
    r"|(?:api|auth|access|refresh|bearer|hf|github)_?tokens)$|_pwd$",
    re.IGNORECASE,
)
# Tokens of a text, as tokenizers call them; nested settings of a model have all of them.
_OF_A_TEXT = re.compile(r"(?:^|_)(?:pad|bos|eos|unk|sep|cls|mask|start|end)_token$", re.IGNORECASE)
# Of the scheme its last sign is enough. With more of it, each sign of a long text would be looked at as its first.
_URL = re.compile(r"[a-z0-9+.-]://[^/\s:@\"]*:[^/\s@]+@", re.IGNORECASE)
_ARGUMENT = re.compile(r"(?P<dashes>[-+~]{0,2})(?P<name>[A-Za-z_][\w.-]*)(?:=(?P<value>.*))?", re.DOTALL)


def looks_secret(name: str) -> bool:
    """Whether a parameter or a variable of this name holds a secret: ``db.password``, not ``max_tokens``."""
    name = re.sub(r"[.-]", "_", name)
    return _SECRET.search(name) is not None and _OF_A_TEXT.search(name) is None


def secrets_in(values: Mapping[str, object]) -> Iterator[str]:
    """The key paths, like ``db.password``, at which a text stands that looks like a secret, however deep."""
    return _paths(values, lambda name, value: looks_secret(name) and _has_text(value))


def passwords_in(values: Mapping[str, object]) -> Iterator[str]:
    """The key paths at which a text has a URL with a password, like ``postgres://user:password@host``."""
    return _paths(values, lambda _, value: isinstance(value, str) and _URL.search(value) is not None)


def secret_arguments(args: Sequence[str]) -> Iterator[str]:
    """What is a secret among the arguments of a script, without its value: ``--db-password x``, ``api.key=x``."""
    for place, one in enumerate(args):
        said = _ARGUMENT.fullmatch(one)
        if said is not None:
            name, value = said["name"], said["value"]
            if value is None and one.startswith("-"):
                value = next((after for after in args[place + 1 : place + 2] if not after.startswith("-")), None)
            if value and looks_secret(name):
                yield f"{said['dashes']}{name} looks like a secret"
                continue
        if _URL.search(one) is not None:
            yield f"the URL of argument {place + 1} has a password"


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
