"""What of this process's environment goes with a job.

The job runs in the submitting interpreter and folder. Of the variables only
those on a list travel, and none whose name looks like a secret's: variables are
kept with the job and shown. Secrets go by ``pass_env``, whose values travel
beside the wish and are never stored with it.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from jupyter_training.errors import InvalidSpec, Problem, near_miss

__all__ = ["captured", "holds_secret", "looks_secret", "own_interpreter", "secret_values"]

_ALLOWED = (
    *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LANGUAGE", "LC_*", "TZ", "TMPDIR", "XDG_CACHE_HOME"),
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "PYTHONPATH", "PYTHONHASHSEED"),
    *("VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV"),
    *("CUDA*", "NVIDIA*", "HIP*", "ROCR_*", "HF_HOME", "TORCH_HOME"),
    *("OMP_*", "MKL*", "NUMEXPR_*"),
)
# How many threads a job starts follows what it asks for, not what this process was given, unless its wish says so.
_THREADS = frozenset({"OMP_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS"})

# Whole words of a name: TOKENIZERS_PARALLELISM and KEYBOARD are no secrets.
_SECRET_WORDS = frozenset(
    {"token", "tokens", "key", "keys", "apikey", "accesskey", "secret", "secrets", "password", "passwd", "passphrase",
     "pwd", "credential", "credentials"}
)  # fmt: skip
# These mean nothing else, unlike the key of a dict, the token of a text, and the credentials that a path leads to.
_SURE = re.compile(
    r"(?:^|_)(?:passwords?|passwd|passphrase|secrets?|(?:api|access|secret|private)_?key)\Z", re.IGNORECASE
)
_RANDOM = re.compile(r"(?=.*\d)(?=.*[A-Za-z])[\x21-\x7e]{16,}\Z")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


def captured(
    *,
    kind: str | None = None,
    python: str | None = None,
    folder: str | os.PathLike[str] | None = None,
    variables: Mapping[str, object] | None = None,
    pass_env: Iterable[str] = (),
) -> dict[str, Any]:
    """The environment of a wish, in the wire's shape.

    What is not given is this process's own interpreter and folder. ``variables``
    are added to those that travel by themselves, and win over them.

    Raises:
        InvalidSpec: a variable that can't be one, or whose name says it holds a secret.
    """
    chosen = {
        name: value
        for name, value in os.environ.items()
        if any(fnmatchcase(name, pattern) for pattern in _ALLOWED)
        and name not in _THREADS
        and not looks_secret(name)
        and _is_text(value)
    }
    for name, value in (variables or {}).items():
        if not _NAME.match(name):
            raise InvalidSpec(f"{name!r} is not a name of an environment variable.", errors=[Problem("name", key=name)])
        if not isinstance(value, str) or not _is_text(value):
            raise InvalidSpec(f"The environment variable {name} must be a text that can be stored, not {value!r}.")
        if looks_secret(name):
            raise InvalidSpec(
                f"The variable {name} looks like a secret, and variables are kept with the job.",
                hint=f"pass_env={name} hands its value over without keeping it.",
            )
        chosen[name] = value
    return {
        "kind": kind or "current",
        "python": python if python is not None else own_interpreter(),
        "folder": str(Path(folder or os.getcwd()).expanduser().absolute()),
        "variables": dict(sorted(chosen.items())),
        "pass_env": sorted(set(pass_env)),
    }


def own_interpreter() -> str:
    """The interpreter that runs this code.

    Raises:
        InvalidSpec: it can't be told, as in a program that embeds Python.
    """
    found: str | None = sys.executable
    if not found:
        raise InvalidSpec("This program can't tell which Python runs it.", hint="Name one with python=/path/to/python.")
    return found


def secret_values(names: Iterable[str]) -> dict[str, str]:
    """The values of the named variables, for ``secrets`` of a wish.

    Raises:
        InvalidSpec: a variable that is not set here, with the near miss.
    """
    values: dict[str, str] = {}
    for name in names:
        if name not in os.environ:
            close = near_miss(name, [known.lower() for known in os.environ])
            hint = f"Did you mean {close.upper()}?" if close and close.upper() in os.environ else None
            raise InvalidSpec(f"pass_env names {name!r}, which is not set here.", hint=hint)
        values[name] = os.environ[name]
    return values


def looks_secret(name: str) -> bool:
    """Whether a variable's name says that it holds a secret."""
    return not _SECRET_WORDS.isdisjoint(name.lower().split("_"))


def holds_secret(name: str, value: object) -> bool:
    """Whether a program's variable holds a secret: by its name and, where that may mean another thing, by its look."""
    if not isinstance(value, str) or not value:
        return False
    return bool(_SURE.search(name) or (looks_secret(name) and _RANDOM.match(value)))


def _is_text(value: str) -> bool:
    """Whether it can travel as JSON: no undecodable bytes, no NUL."""
    return "\0" not in value and not any("\ud800" <= sign <= "\udfff" for sign in value)
